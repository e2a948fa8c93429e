// SPDX-License-Identifier: MIT
// The journal: every write to code since boot, with its old and new bytes.
//
// It is bounded, and still every live patch can be undone. When it is full
// the oldest history goes first; a live patch goes only by being *folded*
// into the next patch of the same bytes, which inherits its old bytes:
//
//   #7  site  A -> B                        #7 is gone
//   #9  site  B -> C     becomes            #9  site  A -> C, 1 folded
//
// If nothing can go, the door refuses to write (TEXT_FULL).
//
// What changes the journal is for the door alone, with interrupts off. An
// entry's address is good until the next journal_add, which may move every
// entry; its number is good for ever.
#pragma once
#include "smc/door/text.h"

enum { JOURNAL_SIZE = 8192 };

enum journal_kind {
    JOURNAL_PATCH,     // text_write
    JOURNAL_GENERATED, // arena_write: one line for a block of any length
    JOURNAL_UNDO,      // text_undo; `other` is the entry taken back
    JOURNAL_REFUSED,   // nothing was written; `reason` says why
    JOURNAL_MOVED,     // before the door: `other` words of text relocated;
                       // site, old and new are those of the first
};

enum journal_state {
    JOURNAL_LIVE,
    JOURNAL_UNDONE,
    JOURNAL_FREED,    // its memory is gone
    JOURNAL_REPLACED, // a generated block was written over it
};

struct journal_entry {
    uint32_t number; // from 1, never reused
    uint8_t cpu, kind, state, reason;
    uint64_t tsc; // when: see clock_us_at
    const char *technique;
    uint8_t *site;
    const void *caller;
    uint32_t len;   // bytes written; old and new are kept up to TEXT_MAX
    uint32_t other; // JOURNAL_UNDO: the entry taken back; MOVED: words
    uint32_t batch; // the number of the batch's first line, 0 for a single one
    uint32_t folded; // older patches of this site that live on in this one
    bool still; // it, or one folded into it, was written while all stood still
    uint8_t old[TEXT_MAX], new[TEXT_MAX];
};

// Appends a copy and numbers it. Returns the number, or 0 if the journal is
// full of live patches. Interrupts are off.
uint32_t journal_add(struct journal_entry entry);

// Makes room for `wanted` more lines. Returns false if there is none to be
// made. Interrupts are off.
bool journal_make_room(uint32_t wanted);

// An entry still in the ring, or NULL.
struct journal_entry *journal_find(uint32_t number);

// Only live patches can be undone, and only these bind the journal.
bool journal_is_live_patch(const struct journal_entry *entry);

// Has it any byte in common with the range?
bool journal_overlaps(const struct journal_entry *entry, const uint8_t *site,
                      size_t len);

// The newest live patch numbered below `before` that overlaps the range.
struct journal_entry *journal_overlap(const void *site, size_t len,
                                      uint32_t before);

// The memory of this range is given up: live entries inside it become
// history.
void journal_forget(const void *start, size_t len);

// A block has been journaled for this range: the live patches inside it
// become history.
void journal_replace(const void *start, size_t len);

// A live patch in an arena that lies partly inside and partly outside the
// range, or NULL. Such a range must not be given up: the part outside could
// no longer be undone.
struct journal_entry *journal_straddler(const void *start, size_t len);

// Marks an entry as undone, or takes that back: the undo was not written.
void journal_mark_undone(struct journal_entry *entry);
void journal_revive(struct journal_entry *entry);

// Entries from oldest to newest.
uint32_t journal_count(void);
struct journal_entry *journal_at(uint32_t index);

// How many entries there have ever been: the next number less one.
uint32_t journal_last(void);

// How many of them changed code: patches, generated blocks and undos.
uint32_t journal_writes(void);

// Prints one line for an entry, and the last n entries.
void journal_print(const struct journal_entry *entry);
// Its site by name, or as an address if that memory is gone.
char *journal_where(char *out, size_t size, const struct journal_entry *entry);
void journal_tail(uint32_t n);
