// SPDX-License-Identifier: MIT
// The lab's subject as the kernel is compiled. subject_pic.c includes this
// file under another name; the Makefile compiles that one with -fpie.
#include "smc/load/kaslr/subject.h"

#ifndef SUBJECT
#define SUBJECT subject_fixed
#endif

static uint32_t histogram[16], seen;
static const uint8_t bits[16] = {0, 1, 1, 2, 1, 2, 2, 3,
                                 1, 2, 2, 3, 2, 3, 3, 4};

// Data is named five times, as in an ordinary function. Each is a 32-bit
// address in the code here, and there a distance from a register that must
// first be filled with the function's own address. [psABI-i386, 3.5]
__attribute__((noinline)) uint32_t SUBJECT(uint32_t value)
{
    uint32_t weight = bits[value & 15];
    histogram[value & 15] += weight;
    if (++seen > 1000000)
        seen = 0;
    return histogram[0] + weight;
}
