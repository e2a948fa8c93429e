// SPDX-License-Identifier: MIT
// Memory operands as values, and how they become ModRM, SIB and displacement.
//
//   mod  rm        means                   | SIB: scale index base
//   00   r         (r)                     |   index 100 = none
//   01   r   d8    disp8(r)                |   base 101, mod 00 = no base,
//   10   r   d32   disp32(r)               |        and a disp32 follows
//   11   r         the register itself     |
//   rm 100 = a SIB follows; mod 00, rm 101 = disp32 alone
//
// So (%esp) costs a SIB, and (%ebp) a displacement of 0. [SDM2 2.1.5]
#pragma once
#include <stdbool.h>
#include <stdint.h>

// What ModRM can name besides the `reg` field. Made by emit.h's mem() and its
// neighbours; the numbers are those of decode.h.
struct mem {
    uint8_t base, index; // REG_* or REG_NONE
    uint8_t scale;       // 1, 2, 4, 8
    uint8_t segment;     // SEG_*, or SEG_NONE: the default one
    bool direct;         // no memory at all: the register `base` itself
    int32_t disp;
};

enum { MODRM_MAX = 6 }; // ModRM, SIB, disp32

// Writes the shortest form of `m`, with `reg` (0..7) as the other operand, to
// `out`. Returns its length, or 0 if there is none: %esp as the index, another
// scale, a register beyond 7. Any context.
unsigned modrm_encode(uint8_t out[MODRM_MAX], unsigned reg, struct mem m);

// The override prefix that `m` needs, or 0: none is spent on the segment that
// the base register gets anyway (%ss for %esp and %ebp, %ds for the others).
uint8_t segment_prefix(struct mem m);
