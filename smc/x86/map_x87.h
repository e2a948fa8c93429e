// SPDX-License-Identifier: MIT
// The x87 escapes d8..df, part of the one-byte map. [SDM2 A.5]
// The sizes of memory operands are in the names, as AT&T syntax has it: s and
// l are 4 and 8 bytes for floating point, 2 and 4 for integers; t is 10. Rows
// marked "alias" are undocumented and run on every processor.

// clang-format off
#define FM(name, operand, use, implicit_) \
    I(name, operand, _, _, use, F0, .implicit = implicit_, \
      .suffix = SUFFIX_NEVER)
#define FE(name, operand, use, implicit_) /* as long as 66 says */ \
    I(name, operand, _, _, use, F0, .implicit = implicit_, \
      .suffix = SUFFIX_X87)
#define FR(name, a, b, use, flags, implicit_) \
    I(name, a, b, _, use, flags, .implicit = implicit_)
#define FN(name, implicit_) \
    I(name, _, _, _, U0, F0, .implicit = implicit_)
#define FLOAT_ARITHMETIC(size, suffix) BY_REG(          \
    FM("fadd" suffix, size, R, X_ST0),                  \
    FM("fmul" suffix, size, R, X_ST0),                  \
    FM("fcom" suffix, size, R, X_ST0_R),                \
    FM("fcomp" suffix, size, R, X_X87_STACK),           \
    FM("fsub" suffix, size, R, X_ST0),                  \
    FM("fsubr" suffix, size, R, X_ST0),                 \
    FM("fdiv" suffix, size, R, X_ST0),                  \
    FM("fdivr" suffix, size, R, X_ST0))
#define INTEGER_ARITHMETIC(size, suffix) BY_REG(        \
    FM("fiadd" suffix, size, R, X_ST0),                 \
    FM("fimul" suffix, size, R, X_ST0),                 \
    FM("ficom" suffix, size, R, X_ST0_R),               \
    FM("ficomp" suffix, size, R, X_X87_STACK),          \
    FM("fisub" suffix, size, R, X_ST0),                 \
    FM("fisubr" suffix, size, R, X_ST0),                \
    FM("fidiv" suffix, size, R, X_ST0),                 \
    FM("fidivr" suffix, size, R, X_ST0))

OP(0xd8, BY_MODE(FLOAT_ARITHMETIC(Md, "s"), BY_REG(
    FR("fadd", ST0, STi, RW_R, F0, X0),
    FR("fmul", ST0, STi, RW_R, F0, X0),
    FR("fcom", STi, _, R, F0, X_ST0_R),
    FR("fcomp", STi, _, R, F0, X_X87_STACK),
    FR("fsub", ST0, STi, RW_R, F0, X0),
    FR("fsubr", ST0, STi, RW_R, F0, X0),
    FR("fdiv", ST0, STi, RW_R, F0, X0),
    FR("fdivr", ST0, STi, RW_R, F0, X0))))

OP(0xd9, BY_MODE(
    BY_REG(FM("flds", Md, R, X_X87_STACK),
           {0},
           FM("fsts", Md, W, X_ST0_R),
           FM("fstps", Md, W, X_X87_STACK),
           FE("fldenv", M14, R, X_X87_ALL),
           FM("fldcw", Mw, R, X_X87_CONTROL_W),
           FE("fnstenv", M14, W, X0),
           FM("fnstcw", Mw, W, X0)),
    BY_REG(FR("fld", STi, _, R, F0, X_X87_STACK),
           FR("fxch", STi, _, RW, F0, X_ST0),
           BY_RM(FN("fnop", X0)),
           FR("fstp", STi, _, W, F0, X_X87_STACK), // alias
           BY_RM(FN("fchs", X_ST0), FN("fabs", X_ST0), {0}, {0},
                 FN("ftst", X_ST0_R), FN("fxam", X_ST0_R)),
           BY_RM(FN("fld1", X_X87_STACK), FN("fldl2t", X_X87_STACK),
                 FN("fldl2e", X_X87_STACK), FN("fldpi", X_X87_STACK),
                 FN("fldlg2", X_X87_STACK), FN("fldln2", X_X87_STACK),
                 FN("fldz", X_X87_STACK)),
           BY_RM(FN("f2xm1", X_ST0), FN("fyl2x", X_X87_STACK),
                 FN("fptan", X_X87_STACK), FN("fpatan", X_X87_STACK),
                 FN("fxtract", X_X87_STACK), FN("fprem1", X_ST01),
                 FN("fdecstp", X_X87_STACK), FN("fincstp", X_X87_STACK)),
           BY_RM(FN("fprem", X_ST01), FN("fyl2xp1", X_X87_STACK),
                 FN("fsqrt", X_ST0), FN("fsincos", X_X87_STACK),
                 FN("frndint", X_ST0), FN("fscale", X_ST01),
                 FN("fsin", X_ST0), FN("fcos", X_ST0)))))

OP(0xda, BY_MODE(INTEGER_ARITHMETIC(Md, "l"), BY_REG(
    FR("fcmovb", ST0, STi, W_R, F_READ_C, X0),
    FR("fcmove", ST0, STi, W_R, F_READ_Z, X0),
    FR("fcmovbe", ST0, STi, W_R, F_READ_CZ, X0),
    FR("fcmovu", ST0, STi, W_R, F_READ_P, X0),
    {0},
    BY_RM({0}, FN("fucompp", X_X87_STACK)))))

OP(0xdb, BY_MODE(
    BY_REG(FM("fildl", Md, R, X_X87_STACK),
           FM("fisttpl", Md, W, X_X87_STACK),
           FM("fistl", Md, W, X_ST0_R),
           FM("fistpl", Md, W, X_X87_STACK),
           {0},
           FM("fldt", Mt, R, X_X87_STACK),
           {0},
           FM("fstpt", Mt, W, X_X87_STACK)),
    BY_REG(FR("fcmovnb", ST0, STi, W_R, F_READ_C, X0),
           FR("fcmovne", ST0, STi, W_R, F_READ_Z, X0),
           FR("fcmovnbe", ST0, STi, W_R, F_READ_CZ, X0),
           FR("fcmovnu", ST0, STi, W_R, F_READ_P, X0),
           BY_RM(FN("fneni(8087 only)", X0), // 8087: no effect since
                 FN("fndisi(8087 only)", X0),
                 FN("fnclex", X0), FN("fninit", X_X87_ALL),
                 FN("fnsetpm(287 only)", X0)), // 287: no effect since
           FR("fucomi", ST0, STi, R_R, F_ARITH, X0),
           FR("fcomi", ST0, STi, R_R, F_ARITH, X0))))

OP(0xdc, BY_MODE(FLOAT_ARITHMETIC(Mq, "l"), BY_REG(
    FR("fadd", STi, ST0, RW_R, F0, X0),
    FR("fmul", STi, ST0, RW_R, F0, X0),
    FR("fcom", STi, _, R, F0, X_ST0_R),  // alias
    FR("fcomp", STi, _, R, F0, X_X87_STACK), // alias
    FR("fsub", STi, ST0, RW_R, F0, X0),
    FR("fsubr", STi, ST0, RW_R, F0, X0),
    FR("fdiv", STi, ST0, RW_R, F0, X0),
    FR("fdivr", STi, ST0, RW_R, F0, X0))))

OP(0xdd, BY_MODE(
    BY_REG(FM("fldl", Mq, R, X_X87_STACK),
           FM("fisttpll", Mq, W, X_X87_STACK),
           FM("fstl", Mq, W, X_ST0_R),
           FM("fstpl", Mq, W, X_X87_STACK),
           FE("frstor", M94, R, X_X87_ALL),
           {0},
           FE("fnsave", M94, W, X_X87_ALL),
           FM("fnstsw", Mw, W, X0)),
    BY_REG(FR("ffree", STi, _, W, F0, X0),
           FR("fxch", STi, _, RW, F0, X_ST0), // alias
           FR("fst", STi, _, W, F0, X_ST0_R),
           FR("fstp", STi, _, W, F0, X_X87_STACK),
           FR("fucom", STi, _, R, F0, X_ST0_R),
           FR("fucomp", STi, _, R, F0, X_X87_STACK))))

OP(0xde, BY_MODE(INTEGER_ARITHMETIC(Mw, "s"), BY_REG(
    FR("faddp", STi, ST0, RW_R, F0, X_X87_STACK),
    FR("fmulp", STi, ST0, RW_R, F0, X_X87_STACK),
    FR("fcomp", STi, _, R, F0, X_X87_STACK), // alias
    BY_RM({0}, FN("fcompp", X_X87_STACK)),
    FR("fsubp", STi, ST0, RW_R, F0, X_X87_STACK),
    FR("fsubrp", STi, ST0, RW_R, F0, X_X87_STACK),
    FR("fdivp", STi, ST0, RW_R, F0, X_X87_STACK),
    FR("fdivrp", STi, ST0, RW_R, F0, X_X87_STACK))))

OP(0xdf, BY_MODE(
    BY_REG(FM("filds", Mw, R, X_X87_STACK),
           FM("fisttps", Mw, W, X_X87_STACK),
           FM("fists", Mw, W, X_ST0_R),
           FM("fistps", Mw, W, X_X87_STACK),
           FM("fbld", Mt, R, X_X87_STACK),
           FM("fildll", Mq, R, X_X87_STACK),
           FM("fbstp", Mt, W, X_X87_STACK),
           FM("fistpll", Mq, W, X_X87_STACK)),
    BY_REG(FR("ffreep", STi, _, W, F0, X_X87_STACK), // undocumented
           FR("fxch", STi, _, RW, F0, X_ST0),  // alias
           FR("fstp", STi, _, W, F0, X_X87_STACK),   // alias
           FR("fstp", STi, _, W, F0, X_X87_STACK),   // alias
           BY_RM(FR("fnstsw", AX, _, W, F0, X0)),
           FR("fucomip", ST0, STi, R_R, F_ARITH, X_X87_STACK),
           FR("fcomip", ST0, STi, R_R, F_ARITH, X_X87_STACK))))
// clang-format on
