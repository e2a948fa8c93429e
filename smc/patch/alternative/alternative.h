// SPDX-License-Identifier: MIT
// Code that suits the processor, chosen once at boot.
//
//     __asm__(ALTERNATIVE("call bits_by_loop", "popcnt %0, %0",
//                         FEATURE_POPCNT) : "+a"(x));
//
// The old instructions are what every i686 can run. The new ones are kept
// aside, in read-only data where nothing executes them; if the processor has
// the feature, alternatives_open copies them over the old ones. No flag is
// asked and no pointer followed afterwards. Linux has ALTERNATIVE in
// alternative.h and, since 2006, the macro's name; FreeBSD uses ifuncs.
//
//   text                           rodata: .altinstr_replacement
//   site  | e8 rel32        |  <--  | f3 0f b8 c0 |
//         | call bits_by... |       | popcnt      |
//   after | f3 0f b8 c0 | 90 |       (copied, relocated, padded)
//
// The site is as long as the longest of its forms; the assembler pads it.
//
//   old shorter than new    90 90 .. behind it; one long NOP after boot
//   new shorter than site   one long NOP, or INT3 behind a jump or return
//
// A replacement runs elsewhere than where it was assembled, so its distances
// are reckoned anew: smc/x86/relocate.h. Nothing may branch into a site but
// to its start, and no site may lie in the door's part of text.
#pragma once
#include "smc/patch/alternative/feature.h"

// The longest site: one NOP must be able to fill it.
#define ALTERNATIVE_MAX 15

#ifdef __ASSEMBLER__

// The same for assembler sources. Instructions with commas or spaces go in
// quotes: ALTERNATIVE "mov $1, %eax", "call f", FEATURE_ERMS
//
// 881 .. 882 are the old instructions, 883 .. 884 the new ones, 885 is the
// end of the site. `>` is -1 if true.
// clang-format off
.macro ALTERNATIVE old, new, feature
881:
    \old
882:
    .skip -(((884f-883f)-(882b-881b)) > 0) * ((884f-883f)-(882b-881b)), 0x90
885:
    .pushsection .altinstr_replacement, "a"
883:
    \new
884:
    .popsection
    .pushsection .alternatives, "a"
    .balign 4
    .long 881b, 883b
    .byte 885b - 881b, 882b - 881b, 884b - 883b, \feature
    .popsection
.endm
// clang-format on

#else

// One entry of the table, in the order of the macro's directives. Several
// with the same site stand one after the other: the last that is met wins.
struct alternative {
    uint8_t *site;
    const uint8_t *replacement;
    uint8_t site_len; // padding included; the same in all of a site
    uint8_t old_len, new_len;
    uint8_t feature; // may have FEATURE_NOT
};

extern const struct alternative alternatives_start[], alternatives_end[];

#define ALTERNATIVE_WORD_(x) #x
#define ALTERNATIVE_WORD(x) ALTERNATIVE_WORD_(x)

// The new instructions, aside, between the labels first and last.
#define ALTERNATIVE_ASIDE(first, new, last)              \
    ".pushsection .altinstr_replacement, \"a\"\n" #first \
    ":\n\t" new "\n" #last ":\n\t.popsection\n"

// NOPs behind the site, which is 881 .. end, until it is as long as what will
// stand between first and last. `>` is -1 if true.
#define ALTERNATIVE_FILL(first, last, end)                         \
    ".skip -(((" #last "f - " #first "f) - (" #end "b - 881b)) > " \
    "0) * ((" #last "f - " #first "f) - (" #end "b - 881b)), 0x90\n"

// 882 is the end of the old instructions, `end` that of the site.
#define ALTERNATIVE_ENTRY(end, first, last, feature)            \
    ".pushsection .alternatives, \"a\"\n\t"                     \
    ".balign 4\n\t"                                             \
    ".long 881b, " #first "b\n\t"                               \
    ".byte " #end "b - 881b, 882b - 881b, " #last "b - " #first \
    "b, " ALTERNATIVE_WORD(feature) "\n\t"                      \
                                    ".popsection\n"

/* Patch site ALTERNATIVE(old, new, feature)
 * before: `old`, padded with 90
 * after:  `new`, relocated, padded with one NOP or with INT3
 * who:    alternatives_open, before another CPU runs and with interrupts off
 * safe:   nobody executes the site meanwhile
 * without it: a flag is tested, or a pointer called, at every use
 */
// Strings of instructions, for use in asm statements; operands (%0) may be in
// both. What either changes is named among the asm's clobbers.
#define ALTERNATIVE(old, new, feature)                             \
    "881:\n\t" old "\n882:\n\t" ALTERNATIVE_FILL(                  \
        883, 884, 882) "885:\n\t" ALTERNATIVE_ASIDE(883, new, 884) \
        ALTERNATIVE_ENTRY(885, 883, 884, feature)

// The same with two features. If both are there, the second wins.
#define ALTERNATIVE_2(old, new1, feature1, new2, feature2)                    \
    "881:\n\t" old                                                            \
    "\n882:\n\t" ALTERNATIVE_FILL(883, 884, 882) "885:\n\t" ALTERNATIVE_FILL( \
        886, 887, 885) "888:\n\t" ALTERNATIVE_ASIDE(883, new1, 884)           \
        ALTERNATIVE_ASIDE(886, new2, 887)                                     \
            ALTERNATIVE_ENTRY(888, 883, 884, feature1)                        \
                ALTERNATIVE_ENTRY(888, 886, 887, feature2)

// Decides every site of the kernel. Called once by kernel_main, after the
// door and the probes, before interrupts are on and another CPU runs. The
// boot word `noalt` leaves all as it was assembled.
void alternatives_open(void);

// The set that alternatives_open found; empty before it.
uint32_t alternatives_features(void);

// The entry whose replacement this set chooses for the site that begins with
// entry `a`, or NULL: the old instructions stay.
const struct alternative *alternative_choice(const struct alternative *a,
                                             uint32_t set);

// The entry behind those of a's site.
const struct alternative *alternative_next(const struct alternative *a);

// Rewrites the site of `a`, which has its old instructions, as this set wants
// it. Nobody may be executing it. Returns NULL, or in words why it stays as
// it is; `why` holds the words.
const char *alternative_apply(const struct alternative *a, uint32_t set,
                              char *why, size_t size);

// Takes back the patch of the site by the journal. False if there is none,
// or the door refuses.
bool alternative_restore(const struct alternative *a);

// The entry whose replacement the site holds now, by its bytes, or NULL.
const struct alternative *alternative_current(const struct alternative *a);

// A block to be made: what alternative_apply does without writing. Plain
// numbers, so that checks may ask for addresses where nothing is.
struct alternative_block {
    const uint8_t *code; // the replacement
    uint8_t len;         // of it
    uint32_t address;    // what its distances were reckoned from
    uint32_t site;
    uint8_t site_len;
};

// Fills site_len bytes at `out` with the block as it runs at the site.
// Returns NULL, or in words why it cannot be; then `out` means nothing.
const char *alternative_build(uint8_t *out,
                              const struct alternative_block *block,
                              uint32_t set, char *why, size_t size);
#endif
