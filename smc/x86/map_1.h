// SPDX-License-Identifier: MIT
// The one-byte opcodes. [SDM2 A.3, table A-2]
// Bytes that are prefixes or lead to another map are ESCAPEs.
//
// Only forms whose destination may be memory are LOCKABLE. SENSITIVE are those
// that show or load selectors or system flags and need not trap at ring 3.

// clang-format off
#define ALU(base, name, use, flags, lock)                       \
    OP(base##0, I(name, Eb, Gb, _, use, flags, .more = lock))   \
    OP(base##1, I(name, Ev, Gv, _, use, flags, .more = lock))   \
    OP(base##2, I(name, Gb, Eb, _, use, flags))                 \
    OP(base##3, I(name, Gv, Ev, _, use, flags))                 \
    OP(base##4, I(name, AL, Ib, _, use, flags))                 \
    OP(base##5, I(name, eAX, Iz, _, use, flags))
#define ALU8(base, name, use, flags, lock)                      \
    OP(base##8, I(name, Eb, Gb, _, use, flags, .more = lock))   \
    OP(base##9, I(name, Ev, Gv, _, use, flags, .more = lock))   \
    OP(base##a, I(name, Gb, Eb, _, use, flags))                 \
    OP(base##b, I(name, Gv, Ev, _, use, flags))                 \
    OP(base##c, I(name, AL, Ib, _, use, flags))                 \
    OP(base##d, I(name, eAX, Iz, _, use, flags))
#define PUSH_SEG(code, seg) \
    OP(code, I("push", seg, _, _, R, F0, .implicit = X_PUSH, \
               .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_STACK))
#define POP_SEG(code, seg) \
    OP(code, I("pop", seg, _, _, W, F0, .implicit = X_POP, \
               .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_STACK))
#define EIGHT(line, ...) /* eight opcodes with the register in bits 0..2 */ \
    OP(line##0, __VA_ARGS__) OP(line##1, __VA_ARGS__)   \
    OP(line##2, __VA_ARGS__) OP(line##3, __VA_ARGS__)   \
    OP(line##4, __VA_ARGS__) OP(line##5, __VA_ARGS__)   \
    OP(line##6, __VA_ARGS__) OP(line##7, __VA_ARGS__)
#define EIGHT8(line, ...)                               \
    OP(line##8, __VA_ARGS__) OP(line##9, __VA_ARGS__)   \
    OP(line##a, __VA_ARGS__) OP(line##b, __VA_ARGS__)   \
    OP(line##c, __VA_ARGS__) OP(line##d, __VA_ARGS__)   \
    OP(line##e, __VA_ARGS__) OP(line##f, __VA_ARGS__)
#define JCC(code, cc) \
    OP(code, I("j" cc, Jb, _, _, R, F_CC, .flow = FLOW_BRANCH, \
               .more = NEAR))
#define IMMEDIATE_GROUP(e, i) BY_REG(                         \
    I("add", e, i, _, RW_R, F_ARITH, .more = LOCKABLE),       \
    I("or", e, i, _, RW_R, F_LOGIC, .more = LOCKABLE),        \
    I("adc", e, i, _, RW_R, F_CARRY, .more = LOCKABLE),       \
    I("sbb", e, i, _, RW_R, F_CARRY, .more = LOCKABLE),       \
    I("and", e, i, _, RW_R, F_LOGIC, .more = LOCKABLE),       \
    I("sub", e, i, _, RW_R, F_ARITH, .more = LOCKABLE),       \
    I("xor", e, i, _, RW_R, F_LOGIC, .more = LOCKABLE),       \
    I("cmp", e, i, _, R_R, F_ARITH))
#define SHIFT_GROUP(e, by) BY_REG(                            \
    I("rol", e, by, _, RW_R, F_ROTATE),                       \
    I("ror", e, by, _, RW_R, F_ROTATE),                       \
    I("rcl", e, by, _, RW_R, F_ROTATE_C),                     \
    I("rcr", e, by, _, RW_R, F_ROTATE_C),                     \
    I("shl", e, by, _, RW_R, F_SHIFT),                        \
    I("shr", e, by, _, RW_R, F_SHIFT),                        \
    I("shl", e, by, _, RW_R, F_SHIFT), /* undocumented */     \
    I("sar", e, by, _, RW_R, F_SHIFT))

// 00 to 3f: eight operations in six forms each. What each block of eight has
// left over is for segments, prefixes and decimal arithmetic.
ALU(0x0, "add", RW_R, F_ARITH, LOCKABLE)
PUSH_SEG(0x06, sES)
POP_SEG(0x07, sES)
ALU8(0x0, "or", RW_R, F_LOGIC, LOCKABLE)
PUSH_SEG(0x0e, sCS)
ESCAPE(0x0f)
ALU(0x1, "adc", RW_R, F_CARRY, LOCKABLE)
PUSH_SEG(0x16, sSS)
POP_SEG(0x17, sSS)
ALU8(0x1, "sbb", RW_R, F_CARRY, LOCKABLE)
PUSH_SEG(0x1e, sDS)
POP_SEG(0x1f, sDS)
ALU(0x2, "and", RW_R, F_LOGIC, LOCKABLE)
ESCAPE(0x26)
OP(0x27, I("daa", _, _, _, U0, F_DAA, .implicit = X_AX))
ALU8(0x2, "sub", RW_R, F_ARITH, LOCKABLE)
ESCAPE(0x2e)
OP(0x2f, I("das", _, _, _, U0, F_DAA, .implicit = X_AX))
ALU(0x3, "xor", RW_R, F_LOGIC, LOCKABLE)
ESCAPE(0x36)
OP(0x37, I("aaa", _, _, _, U0, F_AAA, .implicit = X_AX))
ALU8(0x3, "cmp", R_R, F_ARITH, 0)
ESCAPE(0x3e)
OP(0x3f, I("aas", _, _, _, U0, F_AAA, .implicit = X_AX))

// 40 to 5f: a register in the low three bits.
EIGHT(0x4, I("inc", Zv, _, _, RW, F_INC))
EIGHT8(0x4, I("dec", Zv, _, _, RW, F_INC))
EIGHT(0x5, I("push", Zv, _, _, R, F0, .implicit = X_PUSH))
EIGHT8(0x5, I("pop", Zv, _, _, W, F0, .implicit = X_POP))

// 60 to 7f. 62, like c4, c5 and 8f, may begin a vector prefix instead:
// decode.c asks before it comes here.
OP(0x60, I("pusha", _, _, _, U0, F0, .implicit = X_PUSHA,
           .suffix = SUFFIX_STACK))
OP(0x61, I("popa", _, _, _, U0, F0, .implicit = X_POPA,
           .suffix = SUFFIX_STACK))
OP(0x62, I("bound", Gv, Ma, _, R_R, F0, .suffix = SUFFIX_NEVER))
OP(0x63, I("arpl", Ew, Gw, _, RW_R, F_Z))
ESCAPE(0x64) ESCAPE(0x65) ESCAPE(0x66) ESCAPE(0x67)
OP(0x68, I("push", Iz, _, _, R, F0, .implicit = X_PUSH,
           .suffix = SUFFIX_STACK))
OP(0x69, I("imul", Gv, Ev, Iz, W_R_R, F_MUL))
OP(0x6a, I("push", sIb, _, _, R, F0, .implicit = X_PUSH,
           .suffix = SUFFIX_STACK))
OP(0x6b, I("imul", Gv, Ev, sIb, W_R_R, F_MUL))
OP(0x6c, I("ins", Yb, DXmem, _, W_R, F_IO_STRING, .implicit = X_DI,
           .more = REPEATS, .suffix = SUFFIX_ALWAYS,
           .privilege = PRIVILEGE_IO))
OP(0x6d, I("ins", Yz, DXmem, _, W_R, F_IO_STRING, .implicit = X_DI,
           .more = REPEATS, .suffix = SUFFIX_ALWAYS,
           .privilege = PRIVILEGE_IO))
OP(0x6e, I("outs", DXmem, Xb, _, R_R, F_IO_STRING, .implicit = X_SI,
           .more = REPEATS, .suffix = SUFFIX_ALWAYS,
           .privilege = PRIVILEGE_IO))
OP(0x6f, I("outs", DXmem, Xz, _, R_R, F_IO_STRING, .implicit = X_SI,
           .more = REPEATS, .suffix = SUFFIX_ALWAYS,
           .privilege = PRIVILEGE_IO))
JCC(0x70, "o") JCC(0x71, "no") JCC(0x72, "b") JCC(0x73, "ae")
JCC(0x74, "e") JCC(0x75, "ne") JCC(0x76, "be") JCC(0x77, "a")
JCC(0x78, "s") JCC(0x79, "ns") JCC(0x7a, "p") JCC(0x7b, "np")
JCC(0x7c, "l") JCC(0x7d, "ge") JCC(0x7e, "le") JCC(0x7f, "g")

// 80 to 8f: immediate groups by ModRM.reg, then ModRM.
OP(0x80, IMMEDIATE_GROUP(Eb, Ib))
OP(0x81, IMMEDIATE_GROUP(Ev, Iz))
OP(0x82, IMMEDIATE_GROUP(Eb, Ib)) // an alias of 80
OP(0x83, IMMEDIATE_GROUP(Ev, sIb))
OP(0x84, I("test", Eb, Gb, _, R_R, F_LOGIC))
OP(0x85, I("test", Ev, Gv, _, R_R, F_LOGIC))
OP(0x86, I("xchg", Eb, Gb, _, RW_RW, F0,
           .more = LOCKABLE | XACQUIRE | XRELEASE))
OP(0x87, I("xchg", Ev, Gv, _, RW_RW, F0,
           .more = LOCKABLE | XACQUIRE | XRELEASE))
OP(0x88, I("mov", Eb, Gb, _, W_R, F0, .more = XRELEASE))
OP(0x89, I("mov", Ev, Gv, _, W_R, F0, .more = XRELEASE))
OP(0x8a, I("mov", Gb, Eb, _, W_R, F0))
OP(0x8b, I("mov", Gv, Ev, _, W_R, F0))
#define FROM_SEG I("mov", EwRv, Sw, _, W_R, F0, \
    .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_NEVER)
#define TO_SEG I("mov", Sw, EwRv, _, W_R, F0, \
    .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_NEVER)
// Six rows for six segment registers: 6 and 7 are #UD. [SDM2 MOV]
OP(0x8c, BY_REG(FROM_SEG, FROM_SEG, FROM_SEG, FROM_SEG, FROM_SEG, FROM_SEG))
OP(0x8d, BY_MODE(I("lea", Gv, M, _, W_0, F0), {0}))
OP(0x8e, BY_REG(TO_SEG, {0}, TO_SEG, TO_SEG, TO_SEG, TO_SEG)) // not CS
OP(0x8f, BY_REG(I("pop", Ev, _, _, W, F0, .implicit = X_POP,
                  .suffix = SUFFIX_STACK)))

// 90 to 9f. 90 is XCHG of %eax with itself: NOP. A 66 makes it one of %ax, F3
// PAUSE; F2 changes nothing, so its row repeats the first.
OP(0x90, BY_PREFIX(I("nop", _, _, _, U0, F0),
                   I("xchg", Zv, eAX, _, RW_RW, F0),
                   I("pause", _, _, _, U0, F0),
                   I("nop", _, _, _, U0, F0, .more = IGNORES_PREFIX)))
#define XCHG I("xchg", Zv, eAX, _, RW_RW, F0)
OP(0x91, XCHG) OP(0x92, XCHG) OP(0x93, XCHG) OP(0x94, XCHG)
OP(0x95, XCHG) OP(0x96, XCHG) OP(0x97, XCHG)
OP(0x98, BY_SIZE(I("cbtw", _, _, _, U0, F0, .implicit = X_AX,
                   .suffix = SUFFIX_NAMED),
                 I("cwtl", _, _, _, U0, F0, .implicit = X_AX,
                   .suffix = SUFFIX_NAMED)))
OP(0x99, BY_SIZE(I("cwtd", _, _, _, U0, F0, .implicit = X_CWD,
                   .suffix = SUFFIX_NAMED),
                 I("cltd", _, _, _, U0, F0, .implicit = X_CWD,
                   .suffix = SUFFIX_NAMED)))
OP(0x9a, I("lcall", Ap, _, _, R, F0, .flow = FLOW_CALL_FAR,
           .implicit = X_CALL_FAR, .privilege = PRIVILEGE_SENSITIVE,
           .suffix = SUFFIX_STACK))
OP(0x9b, I("fwait", _, _, _, U0, F0, .implicit = X_FWAIT))
OP(0x9c, I("pushf", _, _, _, U0, F_PUSHF, .implicit = X_PUSH,
           .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_STACK))
OP(0x9d, I("popf", _, _, _, U0, F_POPF, .implicit = X_POP,
           .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_STACK))
OP(0x9e, I("sahf", _, _, _, U0, F_SAHF, .implicit = X_AX_R))
OP(0x9f, I("lahf", _, _, _, U0, F_LAHF, .implicit = X_AX_W))

// a0 to af: addresses without ModRM, strings.
OP(0xa0, I("mov", AL, Ob, _, W_R, F0))
OP(0xa1, I("mov", eAX, Ov, _, W_R, F0))
OP(0xa2, I("mov", Ob, AL, _, W_R, F0))
OP(0xa3, I("mov", Ov, eAX, _, W_R, F0))
OP(0xa4, I("movs", Yb, Xb, _, W_R, F_STRING, .implicit = X_SI_DI,
           .more = REPEATS, .suffix = SUFFIX_ALWAYS))
OP(0xa5, I("movs", Yv, Xv, _, W_R, F_STRING, .implicit = X_SI_DI,
           .more = REPEATS, .suffix = SUFFIX_ALWAYS))
OP(0xa6, I("cmps", Xb, Yb, _, R_R, F_COMPARE_STRING, .implicit = X_SI_DI,
           .more = REPEATS_CC, .suffix = SUFFIX_ALWAYS))
OP(0xa7, I("cmps", Xv, Yv, _, R_R, F_COMPARE_STRING, .implicit = X_SI_DI,
           .more = REPEATS_CC, .suffix = SUFFIX_ALWAYS))
OP(0xa8, I("test", AL, Ib, _, R_R, F_LOGIC))
OP(0xa9, I("test", eAX, Iz, _, R_R, F_LOGIC))
OP(0xaa, I("stos", Yb, AL, _, W_R, F_STRING, .implicit = X_DI,
           .more = REPEATS))
OP(0xab, I("stos", Yv, eAX, _, W_R, F_STRING, .implicit = X_DI,
           .more = REPEATS))
OP(0xac, I("lods", AL, Xb, _, W_R, F_STRING, .implicit = X_SI,
           .more = REPEATS))
OP(0xad, I("lods", eAX, Xv, _, W_R, F_STRING, .implicit = X_SI,
           .more = REPEATS))
OP(0xae, I("scas", AL, Yb, _, R_R, F_COMPARE_STRING, .implicit = X_DI,
           .more = REPEATS_CC))
OP(0xaf, I("scas", eAX, Yv, _, R_R, F_COMPARE_STRING, .implicit = X_DI,
           .more = REPEATS_CC))

// b0 to cf: immediates, shifts, returns. XABORT and XBEGIN are the one pattern
// of c6 and c7 that is no MOV: f8, reg 7 and rm 0.
EIGHT(0xb, I("mov", Zb, Ib, _, W_R, F0))
EIGHT8(0xb, I("mov", Zv, Iz, _, W_R, F0))
OP(0xc0, SHIFT_GROUP(Eb, Ib))
OP(0xc1, SHIFT_GROUP(Ev, Ib))
OP(0xc2, I("ret", Iw, _, _, R, F0, .flow = FLOW_RETURN, .implicit = X_POP,
           .more = NEAR, .suffix = SUFFIX_STACK))
OP(0xc3, I("ret", _, _, _, U0, F0, .flow = FLOW_RETURN, .implicit = X_POP,
           .more = NEAR, .suffix = SUFFIX_STACK))
OP(0xc4, BY_MODE(I("les", Gv, Mp, _, W_R, F0, .implicit = X_LES,
                   .privilege = PRIVILEGE_SENSITIVE,
                   .suffix = SUFFIX_NEVER), {0})) // else VEX
OP(0xc5, BY_MODE(I("lds", Gv, Mp, _, W_R, F0, .implicit = X_LDS,
                   .privilege = PRIVILEGE_SENSITIVE,
                   .suffix = SUFFIX_NEVER), {0})) // else VEX
OP(0xc6, BY_REG(
    I("mov", Eb, Ib, _, W_R, F0, .more = XRELEASE),
    {0}, {0}, {0}, {0}, {0}, {0},
    BY_MODE({0}, BY_RM(I("xabort", Ib, _, _, R, F0, .implicit = X_AX_W)))))
OP(0xc7, BY_REG(
    I("mov", Ev, Iz, _, W_R, F0, .more = XRELEASE),
    {0}, {0}, {0}, {0}, {0}, {0},
    BY_MODE({0}, BY_RM(I("xbegin", Jz, _, _, R, F0, .implicit = X_AX_W,
                     .flow = FLOW_BRANCH, .suffix = SUFFIX_STACK)))))
OP(0xc8, I("enter", Iw, I2b, _, R_R, F0, .implicit = X_ENTER,
           .suffix = SUFFIX_STACK))
OP(0xc9, I("leave", _, _, _, U0, F0, .implicit = X_LEAVE,
           .suffix = SUFFIX_STACK))
OP(0xca, I("lret", Iw, _, _, R, F0, .flow = FLOW_RETURN_FAR,
           .implicit = X_RET_FAR, .privilege = PRIVILEGE_SENSITIVE,
           .suffix = SUFFIX_STACK))
OP(0xcb, I("lret", _, _, _, U0, F0, .flow = FLOW_RETURN_FAR,
           .implicit = X_RET_FAR, .privilege = PRIVILEGE_SENSITIVE,
           .suffix = SUFFIX_STACK))
OP(0xcc, I("int3", _, _, _, U0, F_INT, .flow = FLOW_INTERRUPT,
           .implicit = X_INT, .privilege = PRIVILEGE_SENSITIVE))
OP(0xcd, I("int", Ib, _, _, R, F_INT, .flow = FLOW_INTERRUPT,
           .implicit = X_INT, .privilege = PRIVILEGE_SENSITIVE))
OP(0xce, I("into", _, _, _, U0, F_INT, .flow = FLOW_INTERRUPT,
           .implicit = X_INT, .privilege = PRIVILEGE_SENSITIVE))
OP(0xcf, I("iret", _, _, _, U0, F_IRET, .flow = FLOW_IRET,
           .implicit = X_RET_FAR, .privilege = PRIVILEGE_SENSITIVE,
           .suffix = SUFFIX_STACK))

// d0 to df: shifts by one and by %cl, and what x87 has (map_x87.h).
OP(0xd0, SHIFT_GROUP(Eb, One))
OP(0xd1, SHIFT_GROUP(Ev, One))
OP(0xd2, SHIFT_GROUP(Eb, CL))
OP(0xd3, SHIFT_GROUP(Ev, CL))
OP(0xd4, I("aam", Ib, _, _, R, F_AAM, .implicit = X_AX))
OP(0xd5, I("aad", Ib, _, _, R, F_AAM, .implicit = X_AX))
// SALC, AL from the carry, was long undocumented; processors have always had
// it.
OP(0xd6, I("salc", _, _, _, U0, F_READ_C, .implicit = X_AX_W))
OP(0xd7, I("xlat", BBb, _, _, R, F0, .implicit = X_AX,
           .suffix = SUFFIX_NEVER))
#include "smc/x86/map_x87.h"

#define LOOP(code, name, flags) \
    OP(code, I(name, Jb, _, _, R, flags, .flow = FLOW_BRANCH, \
               .implicit = X_LOOP, .suffix = SUFFIX_ADDRESS))
// e0 to ef: loops, ports, near jumps. LOOP and JECXZ have no long form.
LOOP(0xe0, "loopne", F_READ_Z)
LOOP(0xe1, "loope", F_READ_Z)
LOOP(0xe2, "loop", F0)
OP(0xe3, BY_ADDRESS(I("jcxz", Jb, _, _, R, F0, .flow = FLOW_BRANCH,
                      .implicit = X_CX_R),
                    I("jecxz", Jb, _, _, R, F0, .flow = FLOW_BRANCH,
                      .implicit = X_CX_R)))
OP(0xe4, I("in", AL, Ib, _, W_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xe5, I("in", eAX, Ib, _, W_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xe6, I("out", Ib, AL, _, R_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xe7, I("out", Ib, eAX, _, R_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xe8, I("call", Jz, _, _, R, F0, .flow = FLOW_CALL, .implicit = X_PUSH,
           .more = NEAR, .suffix = SUFFIX_STACK))
OP(0xe9, I("jmp", Jz, _, _, R, F0, .flow = FLOW_JUMP, .more = NEAR,
           .suffix = SUFFIX_STACK))
OP(0xea, I("ljmp", Ap, _, _, R, F0, .flow = FLOW_JUMP_FAR,
           .implicit = X_JUMP_FAR, .privilege = PRIVILEGE_SENSITIVE,
           .suffix = SUFFIX_STACK))
OP(0xeb, I("jmp", Jb, _, _, R, F0, .flow = FLOW_JUMP, .more = NEAR))
OP(0xec, I("in", AL, DXmem, _, W_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xed, I("in", eAX, DXmem, _, W_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xee, I("out", DXmem, AL, _, R_R, F_IO, .privilege = PRIVILEGE_IO))
OP(0xef, I("out", DXmem, eAX, _, R_R, F_IO, .privilege = PRIVILEGE_IO))

// f0 to ff: prefixes, flags, and the groups of one operand.
ESCAPE(0xf0)
OP(0xf1, I("int1", _, _, _, U0, F_INT, .flow = FLOW_INTERRUPT,
           .implicit = X_INT, .privilege = PRIVILEGE_SENSITIVE))
ESCAPE(0xf2) ESCAPE(0xf3)
OP(0xf4, I("hlt", _, _, _, U0, F0, .flow = FLOW_HALT,
           .privilege = PRIVILEGE_PRIVILEGED))
OP(0xf5, I("cmc", _, _, _, U0, F_CMC))
#define UNARY_GROUP(e, i, mul, div) BY_REG(                            \
    I("test", e, i, _, R_R, F_LOGIC),                                  \
    I("test", e, i, _, R_R, F_LOGIC), /* undocumented */               \
    I("not", e, _, _, RW, F0, .more = LOCKABLE),                       \
    I("neg", e, _, _, RW, F_ARITH, .more = LOCKABLE),                  \
    I("mul", e, _, _, R, F_MUL, .implicit = mul),                      \
    I("imul", e, _, _, R, F_MUL, .implicit = mul),                     \
    I("div", e, _, _, R, F_DIV, .implicit = div),                      \
    I("idiv", e, _, _, R, F_DIV, .implicit = div))
OP(0xf6, UNARY_GROUP(Eb, Ib, X_AX, X_AX))
OP(0xf7, UNARY_GROUP(Ev, Iz, X_MUL, X_DIV))
OP(0xf8, I("clc", _, _, _, U0, F_WRITE_C))
OP(0xf9, I("stc", _, _, _, U0, F_WRITE_C))
OP(0xfa, I("cli", _, _, _, U0, F_WRITE_I, .privilege = PRIVILEGE_IO))
OP(0xfb, I("sti", _, _, _, U0, F_WRITE_I, .privilege = PRIVILEGE_IO))
OP(0xfc, I("cld", _, _, _, U0, F_WRITE_D))
OP(0xfd, I("std", _, _, _, U0, F_WRITE_D))
OP(0xfe, BY_REG(I("inc", Eb, _, _, RW, F_INC, .more = LOCKABLE),
                I("dec", Eb, _, _, RW, F_INC, .more = LOCKABLE)))
OP(0xff, BY_REG(
    I("inc", Ev, _, _, RW, F_INC, .more = LOCKABLE),
    I("dec", Ev, _, _, RW, F_INC, .more = LOCKABLE),
    I("call", Ev, _, _, R, F0, .flow = FLOW_CALL_INDIRECT,
      .implicit = X_PUSH, .more = INDIRECT | NEAR,
      .suffix = SUFFIX_STACK),
    BY_MODE(I("lcall", Mp, _, _, R, F0, .flow = FLOW_CALL_FAR,
              .implicit = X_CALL_FAR, .more = INDIRECT,
              .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_STACK),
            {0}),
    I("jmp", Ev, _, _, R, F0, .flow = FLOW_JUMP_INDIRECT,
      .more = INDIRECT | NEAR, .suffix = SUFFIX_STACK),
    BY_MODE(I("ljmp", Mp, _, _, R, F0, .flow = FLOW_JUMP_FAR,
              .implicit = X_JUMP_FAR, .more = INDIRECT,
              .privilege = PRIVILEGE_SENSITIVE, .suffix = SUFFIX_STACK),
            {0}),
    I("push", Ev, _, _, R, F0, .implicit = X_PUSH,
      .suffix = SUFFIX_STACK)))
MAP_END
