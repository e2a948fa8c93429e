// SPDX-License-Identifier: MIT
// Writing code that other processors may be executing at this moment.
//
// Only one byte is ever made live by a plain store: the first. While the
// others change, the first is INT3, and whoever meets it is taken through the
// new instruction by the breakpoint handler.
// [Linux smp_text_poke_batch_finish]
//
//   old     e9 10 00 00 00      whoever arrives jumps
//   1       cc 10 00 00 00      ... calls, by emulation; wait for all CPUs
//   2       cc 34 12 00 00      ... calls, by emulation; wait for all CPUs
//   3       e8 34 12 00 00      ... calls
//
// Three waits, whatever the number of sites. docs/door.md draws the timeline.
#pragma once
#include "smc/door/text.h"

// The longest instruction that can be emulated: Jcc rel32, 0f 8x and a rel32.
#define POKE_MAX 6
#define POKE_BATCH_MAX 4096

// One site: `len` bytes that are one instruction become one instruction.
struct poke {
    void *site;
    uint8_t len;
    uint8_t expected[POKE_MAX], replacement[POKE_MAX];
};

// Replaces one instruction by one other, as text_write does, while any CPU may
// be executing it. Old and new must each be a single instruction of `len`
// bytes: INT3, RET (with INT3 behind it), CALL rel32, JMP, Jcc, MOV $n, %eax
// or one NOP.
// Interrupts are on, unless there is one CPU online. Not in handlers.
//
// TEXT_OK: all CPUs execute the new code. TEXT_UNFINISHED: they do so by way
// of the breakpoint, since one did not answer; the next poke finishes it.
// Everything else: no byte has changed.
struct text_result text_poke(void *site, const void *expected,
                             const void *replacement, size_t len,
                             const char *technique);

// Either of the two: the plain write while no other CPU runs, in any context
// but NMI; otherwise a poke.
struct text_result text_patch(void *site, const void *expected,
                              const void *replacement, size_t len,
                              const char *technique);

// The same for many sites at once, in any order; all are written or none is.
// A refusal is that of one of them, and *culprit (if not NULL) its index.
struct text_result text_poke_batch(const struct poke *pokes, size_t count,
                                   const char *technique, size_t *culprit);

// Tries to finish what TEXT_UNFINISHED has left. Returns the set of CPUs that
// still do not answer: 0 if nothing is left.
uint32_t poke_finish(void);

// What has just happened in a poke. An observer is called after each store,
// with nothing locked but other pokes: it may execute the site.
enum poke_stage {
    POKE_PUBLISHED, // the handler knows; all bytes are old
    POKE_ARM,       // one more first byte is INT3
    POKE_ARMED,     // all are, and all CPUs know it
    POKE_TAIL,      // one more byte behind a first byte is new
    POKE_TAILS,     // all are, and all CPUs know it
    POKE_HEAD,      // one more first byte is new
    POKE_HEADS,     // all are, and all CPUs know it
    POKE_DONE,      // the handler has forgotten the batch
};
// For those who look on step by step; NULL for nobody. While there is one,
// tails go in byte by byte.
void poke_observe(void (*observer)(enum poke_stage stage));

// Makes the bytes of a CALL or JMP (5 bytes), JMP or Jcc rel8 (2), Jcc rel32
// (6) at `site`. `opcode` is e8, e9, eb, 70..7f, or 80..8f for the second byte
// behind 0f. Returns the length, 0 if the target is too far.
size_t poke_branch(uint8_t bytes[POKE_MAX], uint8_t opcode, const void *site,
                   const void *target);

// One NOP of 1..POKE_MAX bytes, one that this processor knows.
const uint8_t *poke_nop(size_t len);

// Keeps [site, site + len) for `technique`: writes in another name are refused
// from then on. TEXT_RESERVED and the owner's name if somebody else has a byte
// of it, TEXT_FULL if there is no room. Reserving twice is no error.
struct text_result text_reserve(const void *site, size_t len,
                                const char *technique);
void text_release(const void *site, size_t len, const char *technique);
