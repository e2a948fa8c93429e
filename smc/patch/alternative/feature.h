// SPDX-License-Identifier: MIT
// What a patch site may ask of the processor: a number for each feature, the
// set of those that are there, and the NOPs that it understands.
//
// Linux numbers features as leaf * 32 + bit; here only those that some site
// asks for have a number. Assembler sources include this file as well.
// [SDM2 CPUID]
#pragma once

#define FEATURE_ALWAYS 0
#define FEATURE_LONG_NOP 1 // 0f 1f /0, probed: CPUID does not tell
#define FEATURE_SSE2 2     // LFENCE and MFENCE
#define FEATURE_POPCNT 3
#define FEATURE_ERMS 4  // REP MOVSB and STOSB are the fastest way to copy
#define FEATURE_LAB_A 5 // no processor has these two: the lab's checks give
#define FEATURE_LAB_B 6 // them and take them away
#define FEATURE_COUNT 7

// Or'ed to a number: the site asks that the feature is missing.
#define FEATURE_NOT 0x80

#ifndef __ASSEMBLER__
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bit n is feature n. Reads CPUID and `cpu`, so cpu_probe_traps comes first.
uint32_t features_probe(void);

// Is what a site asks for, FEATURE_NOT included, in this set?
bool feature_met(uint8_t feature, uint32_t set);

// "erms", "not erms" with FEATURE_NOT. Never NULL.
const char *feature_name(uint8_t feature);

// The longest NOP is one instruction of 15 bytes. Writes one that every
// processor with this set executes: the long NOP, or operand-size prefixes in
// front of 90. `n` bytes, 0..15.
void feature_nop(uint8_t *out, size_t n, uint32_t set);
#endif
