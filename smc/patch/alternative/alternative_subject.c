// SPDX-License-Identifier: MIT
// The lab's sites in C.
#include "smc/patch/alternative/alternative_subject.h"
#include "kernel/symbols.h"

// noinline: one site, in a function that has a name.
__attribute__((noinline)) uint32_t alternative_calls(uint32_t x)
{
    __asm__ volatile(ALTERNATIVE("movl $1, %0",
                                 "incl %0\n\tcall alternative_add_ten",
                                 FEATURE_LAB_A)
                     : "+a"(x)
                     :
                     : "cc");
    return x;
}

// The branch leads to the end of the replacement, behind which no other
// instruction of it stands. Volatile: x comes back as it was.
__attribute__((noinline)) uint32_t alternative_branches(uint32_t x)
{
    __asm__ volatile(ALTERNATIVE_2("", "testl %0, %0\n\tjns 1f\n\tnegl %0\n1:",
                                   FEATURE_LAB_A,
                                   "testl %0, %0\n\tjns 1f\n\tnegl %0\n"
                                   "1:\tcall alternative_add_ten",
                                   FEATURE_LAB_B)
                     : "+a"(x)
                     :
                     : "cc");
    return x;
}

const struct alternative *alternative_in(const void *function)
{
    const uint8_t *start;
    uint32_t size;
    if (!symbol_range(function, &start, &size))
        return NULL;
    const struct alternative *a = alternatives_start;
    for (; a < alternatives_end; a++)
        if (a->site >= start && a->site < start + size)
            return a;
    return NULL;
}
