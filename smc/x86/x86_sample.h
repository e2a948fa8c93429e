// SPDX-License-Identifier: MIT
// The functions of x86_sample.S, for the lab, its checks and its bench.
#pragma once
#include "smc/x86/decode.h"
#include <stdbool.h>
#include <stdint.h>

// n + (n - 1) + ... + 1, by LOOP.
uint32_t x86_sum(uint32_t n);

// lock addw $0x1234,0x20(%ebx,%ecx,4): all parts in nine bytes.
extern const uint8_t x86_parts[];

// The function that `poke` is tried on: returns 1.
uint32_t x86_site(void);

// Calls fn for every instruction of the kernel, function by function, until
// it returns false. What cannot be decoded ends a function. Returns how many
// functions were seen.
uint32_t x86_each(bool (*fn)(const struct insn *insn, void *arg), void *arg);

// The lab's bench is in a file of its own.
void x86_bench(void);
