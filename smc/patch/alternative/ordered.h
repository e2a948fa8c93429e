// SPDX-License-Identifier: MIT
// Reading the time stamp counter where it stands in the program.
//
// RDTSC waits for nothing: the processor may read the counter before what
// stands in front of it has been executed, and a measurement is then too
// short. LFENCE waits until all before it is done. A processor without SSE2
// has none; there a NOP of the same length follows, so either way there are
// two instructions. Linux: rdtsc_ordered. [SDM2 RDTSC]
#pragma once
#include "smc/patch/alternative/alternative.h"

/* Patch site in rdtsc_ordered: ALTERNATIVE, feature sse2
 * before: 0F 31, RDTSC; three bytes of padding, one NOP after boot
 * after:  0F AE E8 0F 31, LFENCE and RDTSC
 * who:    alternatives_open
 * safe:   nobody measures before it
 * without it: the counter may be read too early, or a branch decides
 */
static inline uint64_t rdtsc_ordered(void)
{
    uint64_t v;
    __asm__ volatile(ALTERNATIVE("rdtsc", "lfence\n\trdtsc", FEATURE_SSE2)
                     : "=A"(v)
                     :
                     : "memory");
    return v;
}
