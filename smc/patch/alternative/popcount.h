// SPDX-License-Identifier: MIT
// How many bits of a word are set: POPCNT where there is one, a loop over the
// set bits elsewhere. The page allocator counts its frames with it. Linux has
// the same in arch_hweight.h.
#pragma once
#include "smc/patch/alternative/alternative.h"

/* Patch site in popcount32: ALTERNATIVE, feature popcnt
 * before: E8 rel32, CALL popcount_loop
 * after:  F3 0F B8 C0, POPCNT %eax, %eax, and one NOP
 * who:    alternatives_open
 * safe:   both leave the count in eax and change nothing else but flags
 * without it: the loop, or a test of cpu features at every use
 */
static inline uint32_t popcount32(uint32_t x)
{
    __asm__(ALTERNATIVE("call popcount_loop", "popcnt %0, %0", FEATURE_POPCNT)
            : "+a"(x)
            :
            : "cc");
    return x;
}
