// SPDX-License-Identifier: MIT
// What the words of emit_table.h mean to emit_check.c: for each function of a
// family, call it with random operands and judge the result.
//
// A line of emit_forms.h that makes a function has its counterpart here, with
// the same letters. Forgetting one is noticed: the word would be undefined, or
// test_emit.py would count too few functions.
#pragma once

//   EMIT_ALU(add, 0) in emit_table.h
//     A(T_RR, add)                  all sizes of "register, register"
//       T_RR(16, 2, add)            16 behind the name, 2 bytes
//         FORM(add, 16, 2, rr, G(0, 2), G(1, 2))
//           JUDGE(add, 2, emit_add16_rr(&e, any_reg(0, ..), any_reg(1, ..)))
//
// A width of 0 says that the name alone tells the size, or the operands.
//
// Letters are those of the functions' names: R register, M memory, I
// immediate. The first argument of each drawer is the operand's place, 0 for
// the destination. Opcodes and digits in the table are for emit_forms.h; here
// they are ignored, so a wrong one cannot agree with itself.
//
// reg32, reg16 and reg8 are enums in emit.h; as macros they come after it, and
// turn the table's words into sizes.
// clang-format off
#define JUDGE(name, n, call) do { begin(n); call; judge(#name); } while (0);
#define A(family, ...) family(, 4, __VA_ARGS__) family(16, 2, __VA_ARGS__) \
                       family(8, 1, __VA_ARGS__)
#define WIDE(family, ...) family(, 4, __VA_ARGS__) family(16, 2, __VA_ARGS__)
#define reg32 4
#define reg16 2
#define reg8 1
#define G(slot, n) any_reg(slot, CLASS_GPR, n)
#define X(slot) any_reg(slot, CLASS_VECTOR, 16)
#define MM(slot) any_mem(slot)
#define IM(slot, n) any_imm(slot, n)
#define CC any_condition()
// Implied, and asked for by the function's name.
#define CL_(slot) reg_of(slot, CLASS_GPR, 1, CL)
#define FORM(name, w, n, form, ...) \
    JUDGE(name, n, emit_##name##w##_##form(&e, __VA_ARGS__))

#define T_RR(w, n, name) FORM(name, w, n, rr, G(0, n), G(1, n))
#define T_MR(w, n, name) FORM(name, w, n, mr, MM(0), G(1, n))
#define T_RM(w, n, name) FORM(name, w, n, rm, G(0, n), MM(1))
#define T_RI(w, n, name) FORM(name, w, n, ri, G(0, n), IM(1, n))
#define T_MI(w, n, name) FORM(name, w, n, mi, MM(0), IM(1, n))
#define T_R(w, n, name) FORM(name, w, n, r, G(0, n))
#define T_M(w, n, name) FORM(name, w, n, m, MM(0))
// Shifts and bit tests: the count is a byte, whatever the operand.
#define T_R_I8(w, n, name) FORM(name, w, n, ri, G(0, n), IM(1, 1))
#define T_M_I8(w, n, name) FORM(name, w, n, mi, MM(0), IM(1, 1))
#define T_CL(w, n, name)                                        \
    JUDGE(name, n, CL_(1); emit_##name##w##_r_cl(&e, G(0, n)))  \
    JUDGE(name, n, CL_(1); emit_##name##w##_m_cl(&e, MM(0)))
#define T_DOUBLE(w, n, name)                                    \
    FORM(name, w, n, rri, G(0, n), G(1, n), IM(2, 1))              \
    FORM(name, w, n, mri, MM(0), G(1, n), IM(2, 1))                \
    JUDGE(name, n, CL_(2); emit_##name##w##_rr_cl(&e, G(0, n), G(1, n))) \
    JUDGE(name, n, CL_(2); emit_##name##w##_mr_cl(&e, MM(0), G(1, n)))
#define T_IMUL(w, n, name)                                      \
    FORM(name, w, n, rri, G(0, n), G(1, n), IM(2, n))              \
    FORM(name, w, n, rmi, G(0, n), MM(1), IM(2, n))
#define T_CMOV(w, n, name)                                      \
    FORM(name, w, n, rr, CC, G(0, n), G(1, n))                     \
    FORM(name, w, n, rm, CC, G(0, n), MM(1))

#define EMIT_ALU(name, digit) A(T_RR, name) A(T_MR, name) A(T_RM, name) \
    A(T_RI, name) A(T_MI, name)
#define EMIT_MOV(name) EMIT_ALU(name, 0)
#define EMIT_TEST(name) A(T_RR, name) A(T_MR, name) A(T_RI, name) A(T_MI, name)
#define EMIT_XCHG(name) A(T_RR, name) A(T_MR, name)
#define EMIT_UPDATE(name, opcode) EMIT_XCHG(name)
#define EMIT_UNARY(name, digit) A(T_R, name) A(T_M, name)
#define EMIT_STEP(name, digit) EMIT_UNARY(name, digit)
#define EMIT_SHIFT(name, digit) A(T_R_I8, name) A(T_M_I8, name) A(T_CL, name)
#define EMIT_DOUBLE_SHIFT(name, opcode) WIDE(T_DOUBLE, name)
#define EMIT_BIT(name, digit) WIDE(T_RR, name) WIDE(T_MR, name) \
    WIDE(T_R_I8, name) WIDE(T_M_I8, name)
#define EMIT_IMUL(name) WIDE(T_IMUL, name)
#define EMIT_PAIR(name, opcode, d, s)                           \
    FORM(name, , 0, rr, G(0, d), G(1, s)) FORM(name, , 0, rm, G(0, d), MM(1))
#define EMIT_LOAD(name, opcode) WIDE(T_RR, name) WIDE(T_RM, name)
#define EMIT_LEA(name) FORM(name, , 0, rm, G(0, 4), MM(1))
#define EMIT_CMOV(name) WIDE(T_CMOV, name)
#define EMIT_SET(name)                                          \
    FORM(name, , 0, r, CC, G(0, 1)) FORM(name, , 0, m, CC, MM(0))
#define EMIT_PLAIN(name, opcode) JUDGE(name, 0, emit_##name(&e))
// A prefix is no instruction: emit_error_check.c tries these.
#define EMIT_PREFIX(name, opcode)
#define EMIT_R(name, opcode) FORM(name, , 0, r, G(0, 4))
#define EMIT_R16(name, opcode) FORM(name, , 0, r, G(0, 2))
#define EMIT_M(name, opcode, digit) FORM(name, , 0, m, MM(0))
#define EMIT_PUSH(name) FORM(name, , 0, i, IM(0, 4))
#define EMIT_STACK_SEGMENT(name, ...)                           \
    FORM(name, , 0, s, reg_of(0, CLASS_SEGMENT, 2,                 \
                           (unsigned[]){0, 2, 3, 4, 5}[host_random_below(5)]))
#define EMIT_ENTER(name) FORM(name, , 0, ii, IM(0, 2), IM(1, 1))
#define EMIT_FAR(name, opcode)                                  \
    JUDGE(name, 0, far_of(0); emit_##name(&e, asked[0].selector, asked[0].imm))
#define EMIT_RET(name, opcode)                                  \
    EMIT_PLAIN(name, opcode) FORM(name, , 0, i, IM(0, 2))
#define EMIT_INT(name) FORM(name, , 0, i, IM(0, 1))
#define EMIT_PORT(name, opcode)                                 \
    JUDGE(name, 0, emit_##name##_i(&e, port_of(#name, false)))  \
    JUDGE(name, 0, port_of(#name, true); emit_##name##_dx(&e))
// Sets of numbers: all six; all but %cs; CR0, 2, 3, 4; all but DR4, 5.
#define SEG(slot) any_of(slot, CLASS_SEGMENT, 2, 0x3f)
#define LOADABLE(slot) any_of(slot, CLASS_SEGMENT, 2, 0x3d)
#define CONTROL(slot) any_of(slot, CLASS_CONTROL, 4, 0x1d)
#define DEBUG(slot) any_of(slot, CLASS_DEBUG, 4, 0xcf)
#define EMIT_SPECIAL(name)                                      \
    FORM(name, , 0, rs, G(0, 4), SEG(1)) FORM(name, , 0, ms, MM(0), SEG(1)) \
    FORM(name, , 0, sr, LOADABLE(0), G(1, 4))                      \
    FORM(name, , 0, sm, LOADABLE(0), MM(1))                        \
    FORM(name, , 0, rc, G(0, 4), CONTROL(1))                       \
    FORM(name, , 0, cr, CONTROL(0), G(1, 4))                       \
    FORM(name, , 0, rd, G(0, 4), DEBUG(1))                      \
    FORM(name, , 0, dr, DEBUG(0), G(1, 4))
#define EMIT_T(name, opcode) FORM(name, , 0, t, any_reg(0, CLASS_X87, 10))
#define EMIT_SSE(name, opcode)                                  \
    FORM(name, , 0, xx, X(0), X(1)) FORM(name, , 0, xm, X(0), MM(1))
#define EMIT_STORE(name, opcode) FORM(name, , 0, mx, MM(0), X(1))
#define EMIT_MOVE(name, load, store) EMIT_SSE(name, load) \
    EMIT_STORE(name, store)
#define EMIT_HALF(name, load, store)                            \
    FORM(name, , 0, xm, X(0), MM(1)) EMIT_STORE(name, store)
#define EMIT_MOVD(name)                                         \
    EMIT_TO_X(name, 0) EMIT_MASK(name, 0) EMIT_STORE(name, 0)
#define EMIT_TO_X(name, opcode)                                 \
    FORM(name, , 0, xr, X(0), G(1, 4)) FORM(name, , 0, xm, X(0), MM(1))
#define EMIT_MASK(name, opcode) FORM(name, , 0, rx, G(0, 4), X(1))
#define EMIT_FROM_X(name, opcode)                               \
    EMIT_MASK(name, opcode) FORM(name, , 0, rm, G(0, 4), MM(1))
#define EMIT_BYTE_SHIFT(name, digit) FORM(name, , 0, xi, X(0), IM(1, 1))
#define EMIT_VECTOR_SHIFT(name, opcode, by_imm, digit)          \
    EMIT_SSE(name, opcode) EMIT_BYTE_SHIFT(name, digit)
#define EMIT_SHUFFLE(name, opcode)                              \
    FORM(name, , 0, xxi, X(0), X(1), IM(2, 1))                     \
    FORM(name, , 0, xmi, X(0), MM(1), IM(2, 1))
#define EMIT_WORDS(get, put)                                    \
    FORM(get, , 0, rxi, G(0, 4), X(1), IM(2, 1))                   \
    FORM(put, , 0, xri, X(0), G(1, 4), IM(2, 1))                   \
    FORM(put, , 0, xmi, X(0), MM(1), IM(2, 1))
// clang-format on
