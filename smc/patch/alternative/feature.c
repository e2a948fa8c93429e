// SPDX-License-Identifier: MIT
// The features as this processor has them. What CPUID says is believed: the
// set is used to choose between ways that differ in speed, and a wrong
// answer about an instruction is a bug of the machine.
#include "smc/patch/alternative/feature.h"
#include "kernel/cpu.h"
#include "smc/x86/nop.h"

enum {
    LEAF_FEATURES = 1, // ecx bit 23 popcnt, edx bit 26 sse2
    LEAF_EXTENDED = 7, // ebx bit 9 erms
    POPCNT_BIT = 23,
    SSE2_BIT = 26,
    ERMS_BIT = 9,
};

static uint32_t bit_if(bool there, unsigned feature)
{
    return (uint32_t)there << feature;
}

// A leaf above the highest one answers with data of another: asked only if
// it is there.
uint32_t features_probe(void)
{
    uint32_t one[4], seven[4] = {0};
    cpuid(LEAF_FEATURES, 0, one);
    if (cpu.max_leaf >= LEAF_EXTENDED)
        cpuid(LEAF_EXTENDED, 0, seven);
    return bit_if(true, FEATURE_ALWAYS) |
           bit_if(cpu.long_nop, FEATURE_LONG_NOP) |
           bit_if(one[3] >> SSE2_BIT & 1, FEATURE_SSE2) |
           bit_if(one[2] >> POPCNT_BIT & 1, FEATURE_POPCNT) |
           bit_if(seven[1] >> ERMS_BIT & 1, FEATURE_ERMS);
}

bool feature_met(uint8_t feature, uint32_t set)
{
    bool there = set >> (feature & ~FEATURE_NOT) & 1;
    return there != !!(feature & FEATURE_NOT);
}

const char *feature_name(uint8_t feature)
{
    static const char *const names[FEATURE_COUNT][2] = {
        {"always", "never"},    {"long-nop", "not long-nop"},
        {"sse2", "not sse2"},   {"popcnt", "not popcnt"},
        {"erms", "not erms"},   {"lab-a", "not lab-a"},
        {"lab-b", "not lab-b"},
    };
    uint8_t number = feature & (uint8_t)~FEATURE_NOT;
    if (number >= FEATURE_COUNT)
        return "no such feature";
    return names[number][feature >= FEATURE_NOT];
}

// Both are one instruction: whoever is interrupted in front of it comes back
// behind it or in front of it, never into it.
void feature_nop(uint8_t *out, size_t n, uint32_t set)
{
    nop_pad(out, n, feature_met(FEATURE_LONG_NOP, set));
}
