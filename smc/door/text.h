// SPDX-License-Identifier: MIT
// The door: the only code that writes to code.
//
// Executable pages are never writable. text_write maps the frames behind a
// site a second time, writable and not executable, for the length of one
// copy; then it serialises, reads back and journals. See docs/door.md.
// Same-processor rules: [SDM3 8.1.3], [SDM3 11.6].
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The longest patch: longer than any instruction (15), so that a site is
// always a few instructions at most. Generated blocks go by arena_write.
#define TEXT_MAX 16

enum text_reason {
    TEXT_OK,
    TEXT_BAD_LENGTH, // 0 or more than TEXT_MAX
    TEXT_OUTSIDE,    // not inside kernel text or one arena
    TEXT_UNMAPPED,   // a page of the site is not mapped, or is data
    TEXT_DOOR,       // the door and the trap entry do not rewrite themselves
    TEXT_MISMATCH,   // the old bytes are not those expected
    TEXT_SAME,       // new bytes equal old bytes: nothing to write
    TEXT_NOT_READY,  // the door has not opened yet
    TEXT_FULL,       // the journal cannot remember one more live site
    TEXT_NO_ENTRY,   // undo: no such entry, or it has left the ring
    TEXT_NOT_PATCH,  // undo: the entry is not a patch
    TEXT_UNDONE,     // undo: undone before
    TEXT_OVERLAPPED, // undo: a later live patch overlaps
    TEXT_FREED,      // undo: the arena is gone
    TEXT_REPLACED,   // undo: a generated block was written over it
    TEXT_STRADDLED,  // a live patch lies half inside the block
    TEXT_ENTERED,    // undo: a thread is between its instructions
    TEXT_SOURCE,     // the new bytes lie in the block itself
    TEXT_RESERVED,   // another technique's site
    // Pokes only:
    TEXT_BATCH,      // no sites, or more than POKE_BATCH_MAX
    TEXT_TWICE,      // two sites of a batch overlap
    TEXT_BREAKPOINT, // an INT3 that nobody has announced
    TEXT_OLD,        // the old bytes are not one instruction of those known
    TEXT_NEW,        // the new bytes are not
    TEXT_TARGET,     // the new branch leads out of text and arenas
    TEXT_INSIDE,     // no instruction begins at the site
    TEXT_BRANCH,     // a branch leads behind the site's first byte
    TEXT_INTERRUPTS, // interrupts are off, and other CPUs are online
    TEXT_BUSY,       // in the middle of another poke on this CPU
    TEXT_STUCK,      // a CPU does not answer: nothing was written
    TEXT_UNFINISHED, // a CPU does not answer: written, by way of INT3
};

// What became of a request. A refusal has changed no byte.
struct text_result {
    enum text_reason reason;
    uint32_t entry;    // journal number of the write or refusal
    uint32_t other;    // the entry or the address in the way, if there is one
    uint32_t cpus;     // TEXT_STUCK, TEXT_UNFINISHED: which do not answer
    const char *owner; // TEXT_RESERVED: the technique that has the site
    uint8_t len;       // bytes valid in the two arrays
    uint8_t expected[TEXT_MAX];
    uint8_t found[TEXT_MAX];
};

// Replaces the `len` bytes at `site`, which must now equal `expected`, by
// `replacement`. Nobody else may be executing the site: boot, fresh arenas,
// or one CPU with interrupts off or a site no handler runs. `technique` is
// a constant string for the journal. Any context but NMI.
struct text_result text_write(void *site, const void *expected,
                              const void *replacement, size_t len,
                              const char *technique);

// Takes back journal entry `number`. Refuses if a later live patch overlaps
// or the bytes have changed since.
struct text_result text_undo(uint32_t number);

// Takes back every live patch, newest first. Returns how many. Entries that
// are refused are passed over; the first refusal is stored in *refusal.
uint32_t text_undo_all(struct text_result *refusal);

// The refusal in words, with both byte strings where they matter. Returns
// `out`.
char *text_explain(char *out, size_t size, const struct text_result *result);

// A 64-bit FNV-1a hash of kernel text as it is now, and as it was when the
// door opened.
uint64_t text_hash(void);
uint64_t text_boot_hash(void);

// Opens the door: hashes the text and lets writes begin. Called once.
void door_init(void);
bool door_is_open(void);
