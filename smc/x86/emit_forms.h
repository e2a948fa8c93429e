// SPDX-License-Identifier: MIT
// The functions that each family of emit_table.h stands for. Included by
// emit.h, where names and order of operands are explained.
//
// A function is one line: its name after emit_, what it does, and its
// parameters after the emitter (`d` destination, `s` source, `i` immediate).
// The first operand of RM goes into ModRM's `reg` field: a register, or the
// digit that the manual writes as /digit.
//
//   EMIT_ALU(add, 0)                      in emit_table.h
//     ALU(, reg32, 4, add, 0)             by ALL_SIZES; then 16 and 8
//       DEFINE(add_rr, RM(...), ...)      five times: rr mr rm ri mi
//         static inline void emit_add_rr(struct emitter *e,
//                                        enum reg32 d, enum reg32 s)
//
// Inline and typed rather than one function with flags: the compiler checks
// the register's size and folds the opcode, and a form that does not exist is
// a name that does not exist.
#pragma once
#include "smc/x86/emit_core.h"

// clang-format off
#define DEFINE(name, action, ...)                                           \
    static inline void emit_##name(struct emitter *e, ##__VA_ARGS__)        \
    {                                                                       \
        action;                                                             \
    }
#define R(reg) emit_direct(reg)
#define RM(opcode, reg, rm) emit_modrm(e, opcode, reg, rm, 0, 0)
#define RM_I8(opcode, reg, rm, i) emit_modrm(e, opcode, reg, rm, i, 1)
#define PLAIN(opcode) emit_plain(e, opcode, 0, 0)
#define PLAIN_I(opcode, i, size) emit_plain(e, opcode, i, size)
// Numbers that become part of the opcode, or that only some values make sense
// for, are checked against a set.
#define REG(r) emit_one_of(e, r, 0xff)
#define COND(c) emit_one_of(e, c, 0xffff)
#define SEGMENT(s) emit_one_of(e, s, 0x3f)
#define LOADABLE(s) emit_one_of(e, s, 0x3d) // not %cs
#define CONTROL(s) emit_one_of(e, s, 0x1d)      // 0, 2, 3, 4

// A family once per operand size: what is put behind its name, the type of
// register, the bytes.
// `w` is empty for 32 bits, so that the usual size has the shortest name. `n`
// goes to opcode_sized (a form for bytes exists) or opcode_wide (none does).
#define ALL_SIZES(family, ...)                                              \
    family(, reg32, 4, __VA_ARGS__)                                         \
    family(16, reg16, 2, __VA_ARGS__)                                       \
    family(8, reg8, 1, __VA_ARGS__)
#define WIDE_SIZES(family, ...)                                             \
    family(, reg32, 4, __VA_ARGS__)                                         \
    family(16, reg16, 2, __VA_ARGS__)

// Immediates go last in the parameters, as in Intel's order and in the code.

// General ------------------------------------------------------------------
// Six opcodes for each operation: 0 and 1 store to r/m, 2 and 3 load from it,
// 4 and 5 are emit_alu's; the even ones are for bytes. Between two registers
// both directions would do; the first is what assemblers take.
#define ALU(w, reg, n, name, digit)                                         \
    DEFINE(name##w##_rr, RM(opcode_sized(8 * digit, n), s, R(d)),           \
           enum reg d, enum reg s)                                          \
    DEFINE(name##w##_mr, RM(opcode_sized(8 * digit, n), s, d),              \
           struct mem d, enum reg s)                                        \
    DEFINE(name##w##_rm, RM(opcode_sized(8 * digit + 2, n), d, s),          \
           enum reg d, struct mem s)                                        \
    DEFINE(name##w##_ri, emit_alu(e, n, digit, R(d), i),                    \
           enum reg d, uint32_t i)                                          \
    DEFINE(name##w##_mi, emit_alu(e, n, digit, d, i),                       \
           struct mem d, uint32_t i)
#define EMIT_ALU(name, digit) ALL_SIZES(ALU, name, digit)

// MOV of an immediate to a register has an opcode for each register, which
// saves the ModRM byte.
#define MOV(w, reg, n, name)                                                \
    DEFINE(name##w##_rr, RM(opcode_sized(0x88, n), s, R(d)),                \
           enum reg d, enum reg s)                                          \
    DEFINE(name##w##_mr, emit_mov(e, n, 0x88, s, d),                        \
           struct mem d, enum reg s)                                        \
    DEFINE(name##w##_rm, emit_mov(e, n, 0x8a, d, s),                        \
           enum reg d, struct mem s)                                        \
    DEFINE(name##w##_ri,                                                    \
           PLAIN_I(opcode_wide((n == 1 ? 0xb0 : 0xb8) + REG(d), n), i, n),  \
           enum reg d, uint32_t i)                                          \
    DEFINE(name##w##_mi, emit_modrm(e, opcode_sized(0xc6, n), 0, d, i, n),  \
           struct mem d, uint32_t i)
#define EMIT_MOV(name) ALL_SIZES(MOV, name)

// TEST is symmetric: there is no rm, as mr does the same.
#define TEST(w, reg, n, name)                                               \
    DEFINE(name##w##_rr, RM(opcode_sized(0x84, n), s, R(d)),                \
           enum reg d, enum reg s)                                          \
    DEFINE(name##w##_mr, RM(opcode_sized(0x84, n), s, d),                   \
           struct mem d, enum reg s)                                        \
    DEFINE(name##w##_ri, emit_test(e, n, R(d), i), enum reg d, uint32_t i)  \
    DEFINE(name##w##_mi, emit_test(e, n, d, i), struct mem d, uint32_t i)
#define EMIT_TEST(name) ALL_SIZES(TEST, name)

// XCHG with memory locks the bus, with or without a prefix.
#define XCHG(w, reg, n, name)                                               \
    DEFINE(name##w##_rr, emit_xchg(e, n, d, s), enum reg d, enum reg s)     \
    DEFINE(name##w##_mr, RM(opcode_sized(0x86, n), s, d),                   \
           struct mem d, enum reg s)
#define EMIT_XCHG(name) ALL_SIZES(XCHG, name)

// CMPXCHG, XADD: r/m is read and written, the register is the other one. There
// is no opcode for the other direction, so no rm.
#define UPDATE(w, reg, n, name, opcode)                                     \
    DEFINE(name##w##_rr, RM(opcode_sized(opcode, n), s, R(d)),              \
           enum reg d, enum reg s)                                          \
    DEFINE(name##w##_mr, RM(opcode_sized(opcode, n), s, d),                 \
           struct mem d, enum reg s)
#define EMIT_UPDATE(name, opcode) ALL_SIZES(UPDATE, name, opcode)

// F6 and F7: the digit is the operation.
#define UNARY(w, reg, n, name, digit)                                       \
    DEFINE(name##w##_r, RM(opcode_sized(0xf6, n), digit, R(d)), enum reg d) \
    DEFINE(name##w##_m, RM(opcode_sized(0xf6, n), digit, d), struct mem d)
#define EMIT_UNARY(name, digit) ALL_SIZES(UNARY, name, digit)

// The one-byte forms of INC and DEC have no form for bytes: 40..4f are spent
// on the eight full registers.
#define STEP(w, reg, n, name, digit)                                        \
    DEFINE(name##w##_r,                                                     \
           if (n == 1) RM(0xfe, digit, R(d));                               \
           else PLAIN(opcode_wide(0x40 + 8 * digit + REG(d), n)), enum reg d) \
    DEFINE(name##w##_m, RM(opcode_sized(0xfe, n), digit, d), struct mem d)
#define EMIT_STEP(name, digit) ALL_SIZES(STEP, name, digit)

// A count is an immediate or %cl; no other register can hold it.
#define SHIFT(w, reg, n, name, digit)                                       \
    DEFINE(name##w##_ri, emit_shift(e, n, digit, R(d), i),                  \
           enum reg d, uint32_t i)                                          \
    DEFINE(name##w##_mi, emit_shift(e, n, digit, d, i),                     \
           struct mem d, uint32_t i)                                        \
    DEFINE(name##w##_r_cl, RM(opcode_sized(0xd2, n), digit, R(d)),          \
           enum reg d)                                                      \
    DEFINE(name##w##_m_cl, RM(opcode_sized(0xd2, n), digit, d), struct mem d)
#define EMIT_SHIFT(name, digit) ALL_SIZES(SHIFT, name, digit)

// SHLD, SHRD: the opcode with the immediate is followed by the one with %cl.
#define DOUBLE_SHIFT(w, reg, n, name, opcode)                               \
    DEFINE(name##w##_rri, RM_I8(opcode_wide(opcode, n), s, R(d), i),        \
           enum reg d, enum reg s, uint32_t i)                              \
    DEFINE(name##w##_mri, RM_I8(opcode_wide(opcode, n), s, d, i),           \
           struct mem d, enum reg s, uint32_t i)                            \
    DEFINE(name##w##_rr_cl, RM(opcode_wide(opcode, n) + 1, s, R(d)),        \
           enum reg d, enum reg s)                                          \
    DEFINE(name##w##_mr_cl, RM(opcode_wide(opcode, n) + 1, s, d),           \
           struct mem d, enum reg s)
#define EMIT_DOUBLE_SHIFT(name, opcode) WIDE_SIZES(DOUBLE_SHIFT, name, opcode)

// With a register as bit number and memory, the number reaches beyond the
// operand: bit 1000 of m is bit 0 of the byte 125 behind it. [SDM2 BT]
#define BIT(w, reg, n, name, digit)                                         \
    DEFINE(name##w##_rr, RM(opcode_wide(0x0f83 + 8 * digit, n), s, R(d)),   \
           enum reg d, enum reg s)                                          \
    DEFINE(name##w##_mr, RM(opcode_wide(0x0f83 + 8 * digit, n), s, d),      \
           struct mem d, enum reg s)                                        \
    DEFINE(name##w##_ri, RM_I8(opcode_wide(0x0fba, n), digit, R(d), i),     \
           enum reg d, uint32_t i)                                          \
    DEFINE(name##w##_mi, RM_I8(opcode_wide(0x0fba, n), digit, d, i),        \
           struct mem d, uint32_t i)
#define EMIT_BIT(name, digit) WIDE_SIZES(BIT, name, digit)

#define IMUL(w, reg, n, name)                                               \
    DEFINE(name##w##_rri, emit_imul(e, n, d, R(s), i),                      \
           enum reg d, enum reg s, uint32_t i)                              \
    DEFINE(name##w##_rmi, emit_imul(e, n, d, s, i),                         \
           enum reg d, struct mem s, uint32_t i)
#define EMIT_IMUL(name) WIDE_SIZES(IMUL, name)

// The destination is always a register here; where the types differ (MOVZX),
// so do the registers that the compiler accepts.
#define EMIT_PAIR(name, opcode, dreg, sreg)                                 \
    DEFINE(name##_rr, RM(opcode, d, R(s)), enum dreg d, enum sreg s)        \
    DEFINE(name##_rm, RM(opcode, d, s), enum dreg d, struct mem s)
#define LOAD(w, reg, n, name, opcode)                                       \
    EMIT_PAIR(name##w, opcode_wide(opcode, n), reg, reg)
#define EMIT_LOAD(name, opcode) WIDE_SIZES(LOAD, name, opcode)

// No rr: LEA of a register has no address to load. [SDM2 LEA]
#define EMIT_LEA(name)                                                      \
    DEFINE(name##_rm, RM(0x8d, d, s), enum reg32 d, struct mem s)
// CMOV has no form for bytes, SETcc has no other. Conditions are checked by
// COND: a wrong number would be not another condition but another instruction.
#define CMOV(w, reg, n, name)                                               \
    DEFINE(name##w##_rr, RM(opcode_wide(0x0f40 + COND(c), n), d, R(s)),     \
           enum condition c, enum reg d, enum reg s)                        \
    DEFINE(name##w##_rm, RM(opcode_wide(0x0f40 + COND(c), n), d, s),        \
           enum condition c, enum reg d, struct mem s)
#define EMIT_CMOV(name) WIDE_SIZES(CMOV, name)
#define EMIT_SET(name)                                                      \
    DEFINE(name##_r, RM(0x0f90 + COND(c), 0, R(d)),                         \
           enum condition c, enum reg8 d)                                   \
    DEFINE(name##_m, RM(0x0f90 + COND(c), 0, d),                            \
           enum condition c, struct mem d)

// Without ModRM, or with nothing to choose ---------------------------------
#define EMIT_PLAIN(name, opcode) DEFINE(name, PLAIN(opcode))
// A prefix is emitted by itself, in front of the instruction that it is for.
// The two names tell a test which of them is whole alone.
#define EMIT_PREFIX(name, opcode) DEFINE(name, PLAIN(opcode))
#define EMIT_R(name, opcode)                                                \
    DEFINE(name##_r, PLAIN(opcode + REG(d)), enum reg32 d)
#define EMIT_R16(name, opcode)                                              \
    DEFINE(name##_r, PLAIN(opcode + REG(d)), enum reg16 d)
#define EMIT_M(name, opcode, digit)                                         \
    DEFINE(name##_m, RM(opcode, digit, d), struct mem d)
// 6a extends its byte: -1 and 127 fit it, 0xff does not.
#define EMIT_PUSH(name)                                                     \
    DEFINE(name##_i, if (i == (uint32_t)(int8_t)i) PLAIN_I(0x6a, i, 1);     \
                     else PLAIN_I(0x68, i, 4), uint32_t i)
// No pattern in the opcodes, so the table lists all six; 0 is refused.
#define EMIT_STACK_SEGMENT(name, ...)                                       \
    DEFINE(name##_s,                                                        \
           emit_segment(e, (const uint16_t[6]){__VA_ARGS__}, segment),      \
           unsigned segment)
#define EMIT_ENTER(name)                                                    \
    DEFINE(name##_ii, emit_enter(e, frame, level),                          \
           uint32_t frame, uint32_t level)
#define EMIT_FAR(name, opcode)                                              \
    DEFINE(name, emit_far(e, opcode, selector, offset),                     \
           uint16_t selector, uint32_t offset)
// RET without an immediate is one byte shorter than RET 0.
#define EMIT_RET(name, opcode)                                              \
    DEFINE(name, PLAIN(opcode))                                             \
    DEFINE(name##_i, if (i) PLAIN_I(opcode - 1, i, 2); else PLAIN(opcode),  \
           uint32_t i)
// INT 3 in two bytes differs from INT3 in virtual-8086 mode only; whoever
// needs it there emits the bytes.
#define EMIT_INT(name)                                                      \
    DEFINE(name##_i, if (i == 3) PLAIN(0xcc); else PLAIN_I(0xcd, i, 1),     \
           uint32_t i)
// The port is a byte or %dx, 8 opcodes further on. %al and %eax are implied.
#define EMIT_PORT(name, opcode)                                             \
    DEFINE(name##_i, PLAIN_I(opcode, port, 1), uint32_t port)               \
    DEFINE(name##_dx, PLAIN(opcode + 8))
// Between segment and general registers: all 32 bits, so no 66. MOV to %cs is
// undefined, and so are control registers 1 and 5..7 here. With control and
// debug registers ModRM.mod is ignored: the other one is always a register.
// [SDM2 MOV]
#define EMIT_SPECIAL(name)                                                  \
    DEFINE(name##_rs, RM(0x8c, SEGMENT(s), R(d)), enum reg32 d, unsigned s) \
    DEFINE(name##_ms, RM(0x8c, SEGMENT(s), d), struct mem d, unsigned s)    \
    DEFINE(name##_sr, RM(0x8e, LOADABLE(d), R(s)), unsigned d, enum reg32 s) \
    DEFINE(name##_sm, RM(0x8e, LOADABLE(d), s), unsigned d, struct mem s) \
    DEFINE(name##_rc, RM(0x0f20, CONTROL(s), R(d)), enum reg32 d, unsigned s) \
    DEFINE(name##_cr, RM(0x0f22, CONTROL(d), R(s)), unsigned d, enum reg32 s) \
    DEFINE(name##_rd, RM(0x0f21, s, R(d)), enum reg32 d, unsigned s)        \
    DEFINE(name##_dr, RM(0x0f23, d, R(s)), unsigned d, enum reg32 s)

// x87 and SSE --------------------------------------------------------------
// The number of st(i) is the lowest three bits of the second byte.
#define EMIT_T(name, opcode)                                                \
    DEFINE(name##_t, PLAIN(opcode + REG(i)), enum x87 i)
// 66, f2 and f3 choose the row of the map and are part of the opcode here, not
// a size.
#define EMIT_SSE(name, opcode)                                              \
    DEFINE(name##_xx, RM(opcode, d, R(s)), enum xmm d, enum xmm s)          \
    DEFINE(name##_xm, RM(opcode, d, s), enum xmm d, struct mem s)
#define EMIT_STORE(name, opcode)                                            \
    DEFINE(name##_mx, RM(opcode, s, d), struct mem d, enum xmm s)
#define EMIT_MOVE(name, load, store)                                        \
    EMIT_SSE(name, load)                                                    \
    EMIT_STORE(name, store)
// Half a register moves between memory and %xmm only: the same opcode with two
// registers is another instruction (MOVHLPS).
#define EMIT_HALF(name, load, store)                                        \
    DEFINE(name##_xm, RM(load, d, s), enum xmm d, struct mem s)             \
    EMIT_STORE(name, store)
#define EMIT_MOVD(name)                                                     \
    EMIT_TO_X(name, 0x660f6e)                                               \
    DEFINE(name##_rx, RM(0x660f7e, s, R(d)), enum reg32 d, enum xmm s)      \
    EMIT_STORE(name, 0x660f7e)
#define EMIT_TO_X(name, opcode)                                             \
    DEFINE(name##_xr, RM(opcode, d, R(s)), enum xmm d, enum reg32 s)        \
    DEFINE(name##_xm, RM(opcode, d, s), enum xmm d, struct mem s)
#define EMIT_MASK(name, opcode)                                             \
    DEFINE(name##_rx, RM(opcode, d, R(s)), enum reg32 d, enum xmm s)
#define EMIT_FROM_X(name, opcode)                                           \
    EMIT_MASK(name, opcode)                                                 \
    DEFINE(name##_rm, RM(opcode, d, s), enum reg32 d, struct mem s)
#define EMIT_BYTE_SHIFT(name, digit)                                        \
    DEFINE(name##_xi, RM_I8(0x660f73, digit, R(d), i), enum xmm d, uint32_t i)
#define EMIT_VECTOR_SHIFT(name, opcode, by_imm, digit)                      \
    EMIT_SSE(name, opcode)                                                  \
    DEFINE(name##_xi, RM_I8(by_imm, digit, R(d), i), enum xmm d, uint32_t i)
#define EMIT_SHUFFLE(name, opcode)                                          \
    DEFINE(name##_xxi, RM_I8(opcode, d, R(s), i),                           \
           enum xmm d, enum xmm s, uint32_t i)                              \
    DEFINE(name##_xmi, RM_I8(opcode, d, s, i),                              \
           enum xmm d, struct mem s, uint32_t i)
#define EMIT_WORDS(get, put)                                                \
    DEFINE(get##_rxi, RM_I8(0x660fc5, d, R(s), i),                          \
           enum reg32 d, enum xmm s, uint32_t i)                            \
    DEFINE(put##_xri, RM_I8(0x660fc4, d, R(s), i),                          \
           enum xmm d, enum reg32 s, uint32_t i)                            \
    DEFINE(put##_xmi, RM_I8(0x660fc4, d, s, i),                             \
           enum xmm d, struct mem s, uint32_t i)

#include "smc/x86/emit_table.h"
#include "smc/x86/emit_undef.h"
// clang-format on
