// SPDX-License-Identifier: MIT
// Replacing live instructions by typed ones: judged, padded, by the door.
#pragma once
#include "smc/door/text.h"
#include "smc/x86/boundaries.h"

// May whole instructions of kernel text be replaced at this place? Decodes
// the function, and looks in all other functions for branches into the site.
// `length` is rounded up to whole instructions; *length is what to replace.
// Walks over all of the kernel's text: for commands, not for every patch.
struct boundary_verdict x86_may_patch(const uint8_t *site, uint32_t *length);

// What became of a poke. The first of these that is not fine is the reason.
struct x86_poked {
    bool done;
    struct boundary_verdict verdict;
    char in_the_way[96];     // who stayed in the middle of the site, or ""
    struct text_result door; // entry 0: it was not asked
};

// Patches `n` bytes (TEXT_MAX at most) of new code over the site: whole
// instructions, which is the caller's to see to. They are padded by one NOP to
// the end of the last old instruction that they touch. Stops all other CPUs,
// and waits up to 1 s for threads to leave the site. Interrupts are on.
void x86_poke(struct x86_poked *p, uint8_t *site, const uint8_t *code,
              size_t n);

// A poke that is not done, in words. Returns `out`.
char *x86_poke_explain(char *out, size_t size, const struct x86_poked *p);
