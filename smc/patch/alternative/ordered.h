// SPDX-License-Identifier: MIT
// Reading the time stamp counter where it stands in the program.
//
// RDTSC waits for nothing: the processor may read the counter before what
// stands in front of it has been executed, and a measurement is then too
// short. LFENCE waits until all before it is done. A processor without SSE2
// has none; there the three bytes are a NOP, so either way one instruction
// is added. Linux: rdtsc_ordered. [SDM2 RDTSC]
#pragma once
#include "kernel/cpu.h"
#include "smc/patch/alternative/alternative.h"

/* Patch site in rdtsc_ordered: ALTERNATIVE, feature sse2
 * before: 90 90 90, padding; one NOP of three bytes after boot
 * after:  0F AE E8, LFENCE
 * who:    alternatives_open
 * safe:   nobody measures before it
 * without it: the counter may be read too early, or a branch decides
 */
static inline uint64_t rdtsc_ordered(void)
{
    __asm__ volatile(ALTERNATIVE("", "lfence", FEATURE_SSE2) : : : "memory");
    return rdtsc();
}
