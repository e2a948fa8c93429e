// SPDX-License-Identifier: MIT
// The form of the vector tables (map_vex_*.h). One row serves VEX and EVEX
// where both know the instruction: it says when it holds in either.
//
//   V(P66, "vpaddd", Vx, Hx, Wx, _, W_R_R, AVX, W0 | FV)
//      |                                    |    |
//      |                                    |    when in EVEX: W is 0, any
//      |                                    |    length, masks, broadcast
//      mandatory prefix                     when in VEX: any W, 128 or 256
//
// A register or memory operand tells which form of ModRM the row is for.
// For decode_vex.c and, for the two sets, print.c.
#pragma once
#include "smc/x86/table.h"

// When a row holds. W and L are sets of the values allowed.
enum vector_when {
    W0 = 1 << 0,
    W1 = 1 << 1,
    L128 = 1 << 2,
    L256 = 1 << 3,
    L512 = 1 << 4, // 1 << 5 would be EVEX's fourth length, reserved
    // EVEX only:
    MASK = 1 << 6,        // {%k1} may follow the destination
    NEEDS_MASK = 1 << 7,  // ... must: gather and scatter count with it
    BCAST = 1 << 8,       // the memory operand may be one element, repeated
    ER = 1 << 9,          // registers only: the b bit chooses a rounding
    SAE = 1 << 10,        // ... silences exceptions
    ER_IGNORED = 1 << 11, // ... is allowed and does nothing
    UNIT_4 = 1 << 12, // disp8 counts elements of 4 << W bytes, not operands
    UNIT_1 = 1 << 13, // ... of 1 << W
};

// The combinations in use, some with the manual's names. [SDM2 table 2-34]
enum {
    WIG = W0 | W1,
    VL = L128 | L256,
    LALL = L128 | L256 | L512,
    AVX = WIG | VL,
    AVX128 = WIG | L128,
    AVX256 = WIG | L256,
    FVM = LALL | MASK,         // full vector of memory
    FV = FVM | BCAST,          // full vector, or one element
    LONG = L256 | L512 | MASK, // what makes sense from 256 bits on
};

struct vector_opcode {
    struct opcode row;
    uint16_t evex; // set of enum vector_when; 0: not in this encoding
    uint8_t vex;
    uint8_t prefix : 2;           // none, 66, F3, F2
    uint8_t form : 2;             // FORM_*, or 0 for both
    uint8_t has_reg : 1, reg : 3; // ModRM.reg is part of the opcode
};
enum { FORM_MEMORY = 1, FORM_REGISTER = 2 };

// The rows of one opcode byte. The first that fits is the instruction.
struct vector_list {
    const struct vector_opcode *rows;
    uint32_t count;
};

// [0] is the 0F map, [1] 0F38, [2] 0F3A.
extern const struct vector_list map_vex[3][256];
