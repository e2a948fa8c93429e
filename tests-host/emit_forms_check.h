// SPDX-License-Identifier: MIT
// What the words of emit_table.h mean to emit_check.c: for each function of a
// family, call it with random operands and judge the result.
//
// A line of emit_forms.h that makes a function has its counterpart here, with
// the same letters. Forgetting one is noticed: the word would be undefined, or
// test_emit.py would count too few functions.
#pragma once

// clang-format off
#define JUDGE(name, call) do { begin(); call; judge(#name); } while (0);
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
#define FORM(name, w, form, ...) \
    JUDGE(name, emit_##name##w##_##form(&e, __VA_ARGS__))

#define T_RR(w, n, name) FORM(name, w, rr, G(0, n), G(1, n))
#define T_MR(w, n, name) FORM(name, w, mr, MM(0), G(1, n))
#define T_RM(w, n, name) FORM(name, w, rm, G(0, n), MM(1))
#define T_RI(w, n, name) FORM(name, w, ri, G(0, n), IM(1, n))
#define T_MI(w, n, name) FORM(name, w, mi, MM(0), IM(1, n))
#define T_R(w, n, name) FORM(name, w, r, G(0, n))
#define T_M(w, n, name) FORM(name, w, m, MM(0))
#define T_R_I8(w, n, name) FORM(name, w, ri, G(0, n), IM(1, 1))
#define T_M_I8(w, n, name) FORM(name, w, mi, MM(0), IM(1, 1))
#define T_CL(w, n, name)                                        \
    FORM(name, w, r_cl, G(0, n)) FORM(name, w, m_cl, MM(0))
#define T_DOUBLE(w, n, name)                                    \
    FORM(name, w, rri, G(0, n), G(1, n), IM(2, 1))              \
    FORM(name, w, mri, MM(0), G(1, n), IM(2, 1))                \
    FORM(name, w, rr_cl, G(0, n), G(1, n))                      \
    FORM(name, w, mr_cl, MM(0), G(1, n))
#define T_IMUL(w, n, name)                                      \
    FORM(name, w, rri, G(0, n), G(1, n), IM(2, n))              \
    FORM(name, w, rmi, G(0, n), MM(1), IM(2, n))
#define T_CMOV(w, n, name)                                      \
    FORM(name, w, rr, CC, G(0, n), G(1, n))                     \
    FORM(name, w, rm, CC, G(0, n), MM(1))

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
    FORM(name, , rr, G(0, d), G(1, s)) FORM(name, , rm, G(0, d), MM(1))
#define EMIT_LOAD(name, opcode) WIDE(T_RR, name) WIDE(T_RM, name)
#define EMIT_LEA(name) T_RM(, 4, name)
#define EMIT_CMOV(name) WIDE(T_CMOV, name)
#define EMIT_SET(name)                                          \
    FORM(name, , r, CC, G(0, 1)) FORM(name, , m, CC, MM(0))
#define EMIT_PLAIN(name, opcode) JUDGE(name, emit_##name(&e))
#define EMIT_PREFIX(name, opcode)
#define EMIT_R(name, opcode) T_R(, 4, name)
#define EMIT_R16(name, opcode) T_R(, 2, name)
#define EMIT_M(name, opcode, digit) T_M(, 4, name)
#define EMIT_PUSH(name) FORM(name, , i, IM(0, 4))
#define EMIT_STACK_SEGMENT(name, ...)                           \
    FORM(name, , s, reg_of(0, CLASS_SEGMENT, 2,                 \
                           (unsigned[]){0, 2, 3, 4, 5}[host_random_below(5)]))
#define EMIT_ENTER(name) FORM(name, , ii, IM(0, 2), IM(1, 1))
#define EMIT_FAR(name, opcode)                                  \
    JUDGE(name, far_of(0); emit_##name(&e, asked[0].selector, asked[0].imm))
#define EMIT_RET(name, opcode)                                  \
    EMIT_PLAIN(name, opcode) FORM(name, , i, IM(0, 2))
#define EMIT_INT(name) FORM(name, , i, IM(0, 1))
#define EMIT_PORT(name, opcode) FORM(name, , i, IM(0, 1))       \
    JUDGE(name, emit_##name##_dx(&e))
#define SEG(slot) any_of(slot, CLASS_SEGMENT, 2, 0x3f)
#define LOADABLE(slot) any_of(slot, CLASS_SEGMENT, 2, 0x3d)
#define CONTROL(slot) any_of(slot, CLASS_CONTROL, 4, 0x1d)
#define DEBUG(slot) any_of(slot, CLASS_DEBUG, 4, 0xcf)
#define EMIT_SPECIAL(name)                                      \
    FORM(name, , rs, G(0, 4), SEG(1)) FORM(name, , ms, MM(0), SEG(1)) \
    FORM(name, , sr, LOADABLE(0), G(1, 4))                      \
    FORM(name, , sm, LOADABLE(0), MM(1))                        \
    FORM(name, , rc, G(0, 4), CONTROL(1))                       \
    FORM(name, , cr, CONTROL(0), G(1, 4))                       \
    FORM(name, , rd, G(0, 4), DEBUG(1)) FORM(name, , dr, DEBUG(0), G(1, 4))
#define EMIT_T(name, opcode) FORM(name, , t, any_reg(0, CLASS_X87, 10))
#define EMIT_SSE(name, opcode)                                  \
    FORM(name, , xx, X(0), X(1)) FORM(name, , xm, X(0), MM(1))
#define EMIT_STORE(name, opcode) FORM(name, , mx, MM(0), X(1))
#define EMIT_MOVE(name, load, store) EMIT_SSE(name, load) \
    EMIT_STORE(name, store)
#define EMIT_HALF(name, load, store)                            \
    FORM(name, , xm, X(0), MM(1)) EMIT_STORE(name, store)
#define EMIT_MOVD(name)                                         \
    EMIT_TO_X(name, 0) EMIT_MASK(name, 0) EMIT_STORE(name, 0)
#define EMIT_TO_X(name, opcode)                                 \
    FORM(name, , xr, X(0), G(1, 4)) FORM(name, , xm, X(0), MM(1))
#define EMIT_MASK(name, opcode) FORM(name, , rx, G(0, 4), X(1))
#define EMIT_FROM_X(name, opcode)                               \
    EMIT_MASK(name, opcode) FORM(name, , rm, G(0, 4), MM(1))
#define EMIT_BYTE_SHIFT(name, digit) FORM(name, , xi, X(0), IM(1, 1))
#define EMIT_VECTOR_SHIFT(name, opcode, by_imm, digit)          \
    EMIT_SSE(name, opcode) EMIT_BYTE_SHIFT(name, digit)
#define EMIT_SHUFFLE(name, opcode)                              \
    FORM(name, , xxi, X(0), X(1), IM(2, 1))                     \
    FORM(name, , xmi, X(0), MM(1), IM(2, 1))
#define EMIT_WORDS(get, put)                                    \
    FORM(get, , rxi, G(0, 4), X(1), IM(2, 1))                   \
    FORM(put, , xri, X(0), G(1, 4), IM(2, 1))                   \
    FORM(put, , xmi, X(0), MM(1), IM(2, 1))
// clang-format on
