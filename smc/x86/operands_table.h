// SPDX-License-Identifier: MIT
// What each letter of the operand notation stands for: where the operand is
// encoded, of which class a register is, and the size. Read by operands.c
// only, which has the words for the letters. [SDM2 A.2]
#pragma once
#include "smc/x86/decode.h"
#include "smc/x86/table.h"

// Where an operand is found.
enum source {
    FROM_NOWHERE,
    FROM_FIXED, // the register `number`
    FROM_OPCODE,
    FROM_RM,     // register or memory by mod
    FROM_GATHER, // memory at a vector of indexes
    FROM_REG,
    FROM_VVVV,
    FROM_IS4, // a register in the immediate's high four bits
    FROM_IMM,
    FROM_IMM_SIGNED,
    FROM_IMM2,
    FROM_ONE,
    FROM_RELATIVE,
    FROM_FAR,
    FROM_OFFSET,  // an absolute address without ModRM
    FROM_POINTER, // memory at the register `number`, segment overridable
    FROM_DI,      // memory at %es:(%edi)
};

// Sizes that depend on the instruction. They begin above all that do not (512,
// FXSAVE), so that one field holds both; real_size tells them apart.
enum {
    SIZE_V = 0x8000, // operand size
    SIZE_ADDRESS,    // address size
    SIZE_P,          // far pointer: operand size and 2
    SIZE_A,          // BOUND: two of the operand size
    SIZE_X,          // vector
    SIZE_H,          // half of it
    SIZE_Q,          // a quarter
    SIZE_F,          // an eighth
    SIZE_ENV,        // x87 environment: 14 or 28 by operand size
    SIZE_X87,        // ... and the eight registers
    SIZE_DUP,        // vector, but 8 bytes instead of 16
};

// A line of the table. `number` is for FROM_FIXED and FROM_POINTER, where the
// opcode names the register.
struct notation {
    uint8_t source, class, number;
    uint16_t size;
    uint16_t memory_size; // where it differs from the register's
};

// clang-format off
#define GPR(source, size) {source, CLASS_GPR, 0, size, 0}
#define GPR_OR(source, size, memory) {source, CLASS_GPR, 0, size, memory}
#define FIXED(n, size) {FROM_FIXED, CLASS_GPR, n, size, 0}
#define SEGMENT(n) {FROM_FIXED, CLASS_SEGMENT, n, 2, 0}
#define MEMORY(size) {FROM_RM, CLASS_GPR, 0, size, 0}
#define MMX(source, size) {source, CLASS_MMX, 0, 8, size}
#define VECTOR(source, memory) {source, CLASS_VECTOR, 0, SIZE_X, memory}
#define POINTER(n, size) {FROM_POINTER, CLASS_GPR, n, size, 0}
#define MASK(source, memory) {source, CLASS_MASK, 0, 8, memory}
#define SCALAR(size) {FROM_RM, CLASS_VECTOR, 0, 16, size}
#define PART(source, size) {source, CLASS_VECTOR, 0, size, 0}
#define GATHERED(size, indexes) {FROM_GATHER, 0, 0, size, indexes}

static const struct notation notations[SPEC_END] = {
    // Registers that the opcode names, in full or by its low three bits.
    [AL] = FIXED(REG_AX, 1),
    [CL] = FIXED(REG_CX, 1),
    [AX] = FIXED(REG_AX, 2),
    [eAX] = FIXED(REG_AX, SIZE_V),
    [Zb] = GPR(FROM_OPCODE, 1),
    [Zv] = GPR(FROM_OPCODE, SIZE_V),
    [sES] = SEGMENT(SEG_ES), [sCS] = SEGMENT(SEG_CS),
    [sSS] = SEGMENT(SEG_SS), [sDS] = SEGMENT(SEG_DS),
    [sFS] = SEGMENT(SEG_FS), [sGS] = SEGMENT(SEG_GS),
    // DXmem is written (%dx) but is a port: it reads DX and no memory.
    [ST0] = {FROM_FIXED, CLASS_X87, 0, 10, 0},
    [One] = {FROM_ONE, 0, 0, 1, 0},
    [XMM0] = {FROM_FIXED, CLASS_VECTOR, 0, 16, 0},
    [DXmem] = FIXED(REG_DX, 2),
    // Memory at a fixed register. z is v here: it is less only where operands
    // have 64 bits.
    [Xb] = POINTER(REG_SI, 1),
    [Xv] = POINTER(REG_SI, SIZE_V),
    [Xz] = POINTER(REG_SI, SIZE_V),
    [Yb] = {FROM_DI, 0, 0, 1, 0},
    [Yv] = {FROM_DI, 0, 0, SIZE_V, 0},
    [Yz] = {FROM_DI, 0, 0, SIZE_V, 0},
    [BBb] = POINTER(REG_BX, 1),
    [DIq] = POINTER(REG_DI, 8),
    [DIx] = POINTER(REG_DI, 16),
    [AXmem] = POINTER(REG_AX, 0),
    // VEX.vvvv: the source that SSE does not have.
    [Hx] = VECTOR(FROM_VVVV, 0),
    [Hdq] = {FROM_VVVV, CLASS_VECTOR, 0, 16, 0},
    [By] = GPR(FROM_VVVV, 4),
    [Kv] = MASK(FROM_VVVV, 0),
    // General registers and memory.
    [Eb] = GPR(FROM_RM, 1), [Ew] = GPR(FROM_RM, 2),
    [Ed] = GPR(FROM_RM, 4), [Ev] = GPR(FROM_RM, SIZE_V),
    [Ra] = GPR(FROM_RM, SIZE_ADDRESS),
    [Ga] = GPR(FROM_REG, SIZE_ADDRESS),
    [Rd] = GPR(FROM_RM, 4), [Rv] = GPR(FROM_RM, SIZE_V),
    // Memory only. M has no size of its own: LEA, INVLPG, or by the state
    // that is enabled (XSAVE). Ms is a limit of 2 bytes and a base of 4,
    // whatever 66 says.
    [M] = MEMORY(0), [Mb] = MEMORY(1), [Mw] = MEMORY(2),
    [Md] = MEMORY(4), [Mq] = MEMORY(8), [Mx] = MEMORY(SIZE_X),
    [Mt] = MEMORY(10), [Mv] = MEMORY(SIZE_V),
    [Mp] = MEMORY(SIZE_P), [Ma] = MEMORY(SIZE_A), [Ms] = MEMORY(6),
    [Mdq] = MEMORY(16), [Mqq] = MEMORY(32), [M14] = MEMORY(SIZE_ENV),
    [M94] = MEMORY(SIZE_X87),
    [M512] = MEMORY(512),
    // Less in memory than in a register: SLDT and its kin, PINSRB, PINSRW.
    [EwRv] = GPR_OR(FROM_RM, SIZE_V, 2),
    [EdRb] = GPR_OR(FROM_RM, 4, 1),
    [EdRw] = GPR_OR(FROM_RM, 4, 2),
    [Gb] = GPR(FROM_REG, 1), [Gw] = GPR(FROM_REG, 2),
    [Gd] = GPR(FROM_REG, 4), [Gv] = GPR(FROM_REG, SIZE_V),
    [Sw] = {FROM_REG, CLASS_SEGMENT, 0, 2, 0},
    [Cd] = {FROM_REG, CLASS_CONTROL, 0, 4, 0},
    [Dd] = {FROM_REG, CLASS_DEBUG, 0, 4, 0},
    [STi] = {FROM_RM, CLASS_X87, 0, 10, 0},
    // MMX and SSE. Vd and Vq are whole registers as Vx is: the letter is for
    // the reader of the table. Of memory only that part is read (Wd, Wq).
    [Pq] = MMX(FROM_REG, 0), [Qq] = MMX(FROM_RM, 8),
    [Qd] = MMX(FROM_RM, 4), [Nq] = MMX(FROM_RM, 0),
    [Vx] = VECTOR(FROM_REG, 0), [Vq] = VECTOR(FROM_REG, 0),
    [Vd] = VECTOR(FROM_REG, 0), [Vh] = PART(FROM_REG, SIZE_H),
    [Vdq] = {FROM_REG, CLASS_VECTOR, 0, 16, 0},
    [Wx] = VECTOR(FROM_RM, 0), [Wq] = SCALAR(8), [Wd] = SCALAR(4),
    [Ww] = SCALAR(2), [Wb] = SCALAR(1), [Wh] = PART(FROM_RM, SIZE_H),
    [Wf] = PART(FROM_RM, SIZE_Q), [We] = PART(FROM_RM, SIZE_F),
    [Wdup] = VECTOR(FROM_RM, SIZE_DUP),
    [Wdq] = {FROM_RM, CLASS_VECTOR, 0, 16, 0},
    [Wqq] = {FROM_RM, CLASS_VECTOR, 0, 32, 0},
    [Ux] = VECTOR(FROM_RM, 0),
    [Udq] = {FROM_RM, CLASS_VECTOR, 0, 16, 0},
    // Masks, bounds, gathering. A pair of bounds is 8 bytes in memory.
    [GK] = MASK(FROM_REG, 0), [RK] = MASK(FROM_RM, 0),
    [EKb] = MASK(FROM_RM, 1), [EKw] = MASK(FROM_RM, 2),
    [EKd] = MASK(FROM_RM, 4), [EKq] = MASK(FROM_RM, 8),
    [BndG] = {FROM_REG, CLASS_BOUND, 0, 16, 0},
    [BndE] = {FROM_RM, CLASS_BOUND, 0, 16, 8},
    [BndM] = MEMORY(0),
    [VMd] = GATHERED(4, SIZE_X), [VMq] = GATHERED(8, SIZE_X),
    [VMh] = GATHERED(8, SIZE_H),
    // Immediates: what follows ModRM.
    [Ib] = {FROM_IMM, 0, 0, 1, 0},
    [sIb] = {FROM_IMM_SIGNED, 0, 0, 1, 0},
    [Jb] = {FROM_RELATIVE, 0, 0, 1, 0},
    [Lx] = VECTOR(FROM_IS4, 0),
    [Ldq] = {FROM_IS4, CLASS_VECTOR, 0, 16, 0},
    [Iw] = {FROM_IMM, 0, 0, 2, 0},
    [Iz] = {FROM_IMM, 0, 0, SIZE_V, 0},
    [Jz] = {FROM_RELATIVE, 0, 0, SIZE_V, 0},
    [Ob] = {FROM_OFFSET, 0, 0, 1, 0},
    [Ov] = {FROM_OFFSET, 0, 0, SIZE_V, 0},
    [Ap] = {FROM_FAR, 0, 0, SIZE_P, 0},
    [I2b] = {FROM_IMM2, 0, 0, 1, 0},
};
// clang-format on
