// SPDX-License-Identifier: MIT
// The two-byte opcodes, 0f xx. [SDM2 A.3, table A-3]
// Vector rows are forks by mandatory prefix: none, 66, F3, F2.
//
// {0} in a fork is undefined. A fork with nothing but its first row is how the
// manual's NP is written: with any of the prefixes it is #UD. BY_MODE has
// memory first, then registers.

// clang-format off
#define PRIV .privilege = PRIVILEGE_PRIVILEGED
#define SENSITIVE .privilege = PRIVILEGE_SENSITIVE
// packed single, packed double, scalar single, scalar double
#define FLOATS(code, name, use)                                       \
    OP(code, BY_PREFIX(I(name "ps", Vx, Wx, _, use, F0),              \
                       I(name "pd", Vx, Wx, _, use, F0),              \
                       I(name "ss", Vd, Wd, _, use, F0),              \
                       I(name "sd", Vq, Wq, _, use, F0)))
#define FLOATS2(code, name, use) /* packed only */                    \
    OP(code, BY_PREFIX(I(name "ps", Vx, Wx, _, use, F0),              \
                       I(name "pd", Vx, Wx, _, use, F0)))
// the MMX instruction and its SSE2 twin
#define TWIN(code, name)                                              \
    OP(code, BY_PREFIX(I(name, Pq, Qq, _, RW_R, F0),                  \
                       I(name, Vx, Wx, _, RW_R, F0)))
#define SHIFTS(name)                                                  \
    BY_MODE({0}, BY_PREFIX(I(name, Nq, Ib, _, RW_R, F0),              \
                           I(name, Ux, Ib, _, RW_R, F0)))
#define CMOV(code, cc) OP(code, I("cmov" cc, Gv, Ev, _, W_R, F_CC))
#define SETCC(code, cc)                                               \
    OP(code, I("set" cc, Eb, _, _, W, F_CC, .suffix = SUFFIX_NEVER))
#define JCC_NEAR(code, cc)                                            \
    OP(code, I("j" cc, Jz, _, _, R, F_CC, .flow = FLOW_BRANCH,        \
               .more = NEAR))
#define PUSH_SEG2(code, seg)                                          \
    OP(code, I("push", seg, _, _, R, F0, .implicit = X_PUSH, SENSITIVE, \
               .suffix = SUFFIX_STACK))
#define POP_SEG2(code, seg)                                           \
    OP(code, I("pop", seg, _, _, W, F0, .implicit = X_POP, SENSITIVE, \
               .suffix = SUFFIX_STACK))
#define OP_NOP I("nop", Ev, _, _, U0, F0, .more = IGNORES_PREFIX)

// 00 to 0f: system. Behind 0f 01 each register form is an instruction of its
// own, by reg and rm.
OP(0x00, BY_REG(
    I("sldt", EwRv, _, _, W, F0, .implicit = X_LDTR_R, SENSITIVE,
      .suffix = SUFFIX_NEVER),
    I("str", EwRv, _, _, W, F0, .implicit = X_TR_R, SENSITIVE,
      .suffix = SUFFIX_NEVER),
    I("lldt", Ew, _, _, R, F0, .implicit = X_LDTR_W, PRIV,
      .suffix = SUFFIX_NEVER),
    I("ltr", Ew, _, _, R, F0, .implicit = X_TR_W, PRIV,
      .suffix = SUFFIX_NEVER),
    I("verr", Ew, _, _, R, F_Z, .implicit = X_DESCRIPTOR, SENSITIVE,
      .suffix = SUFFIX_NEVER),
    I("verw", Ew, _, _, R, F_Z, .implicit = X_DESCRIPTOR, SENSITIVE,
      .suffix = SUFFIX_NEVER)))
OP(0x01, BY_REG(
    BY_MODE(I("sgdt", Ms, _, _, W, F0, .implicit = X_GDTR_R, SENSITIVE,
              .suffix = SUFFIX_TABLE),
        BY_RM(BY_PREFIX(I("enclv", _, _, _, U0, F0, .implicit = X_LEAF,
                          PRIV)),
            I("vmcall", _, _, _, U0, F_ARITH),
            I("vmlaunch", _, _, _, U0, F_ARITH, PRIV),
            I("vmresume", _, _, _, U0, F_ARITH, PRIV),
            I("vmxoff", _, _, _, U0, F_ARITH, PRIV),
            BY_PREFIX(I("pconfig", _, _, _, U0, F_ARITH,
                        .implicit = X_LEAF, PRIV)))),
    BY_MODE(I("sidt", Ms, _, _, W, F0, .implicit = X_IDTR_R, SENSITIVE,
              .suffix = SUFFIX_TABLE),
        BY_RM(I("monitor", AXmem, _, _, U0, F0, .implicit = X_MONITOR,
                PRIV),
              I("mwait", _, _, _, U0, F0, .implicit = X_AX_CX_R, PRIV),
              I("clac", _, _, _, U0, F_WRITE_AC, PRIV),
              I("stac", _, _, _, U0, F_WRITE_AC, PRIV),
              {0}, {0}, {0},
              BY_PREFIX(I("encls", _, _, _, U0, F_ARITH, .implicit = X_LEAF,
                          PRIV)))),
    BY_MODE(I("lgdt", Ms, _, _, R, F0, .implicit = X_GDTR_W, PRIV,
              .suffix = SUFFIX_TABLE),
        BY_RM(BY_PREFIX(I("xgetbv", _, _, _, U0, F0, .implicit = X_RDMSR)),
              BY_PREFIX(I("xsetbv", _, _, _, U0, F0, .implicit = X_WRMSR,
                          PRIV)),
              {0}, {0},
              BY_PREFIX(I("vmfunc", _, _, _, U0, F0,
                          .implicit = X_AX_CX_R)),
              BY_PREFIX(I("xend", _, _, _, U0, F0, .implicit = X_OTHER)),
              BY_PREFIX(I("xtest", _, _, _, U0, F_ARITH,
                          .implicit = X_OTHER)),
              BY_PREFIX(I("enclu", _, _, _, U0, F_ARITH,
                          .implicit = X_LEAF)))),
    BY_MODE(I("lidt", Ms, _, _, R, F0, .implicit = X_IDTR_W, PRIV,
              .suffix = SUFFIX_TABLE),
        BY_RM(I("vmrun", _, _, _, U0, F0, .implicit = X_AX_R, PRIV),
              I("vmmcall", _, _, _, U0, F0, .implicit = X_OTHER),
              I("vmload", _, _, _, U0, F0, .implicit = X_AX_R, PRIV),
              I("vmsave", _, _, _, U0, F0, .implicit = X_AX_R, PRIV),
              I("stgi", _, _, _, U0, F0, .implicit = X_OTHER, PRIV),
              I("clgi", _, _, _, U0, F0, .implicit = X_OTHER, PRIV),
              I("skinit", _, _, _, U0, F0, .implicit = X_AX_R, PRIV),
              I("invlpga", _, _, _, U0, F0, .implicit = X_AX_CX_R, PRIV))),
    I("smsw", EwRv, _, _, W, F0, .implicit = X_CR0_R, SENSITIVE,
      .suffix = SUFFIX_NEVER),
    BY_MODE(BY_PREFIX({0}, {0}, I("rstorssp", Mq, _, _, RW, F0,
                                  .implicit = X_OTHER)),
        BY_RM(BY_PREFIX(I("serialize", _, _, _, U0, F0), {0},
                        I("setssbsy", _, _, _, U0, F0,
                          .implicit = X_OTHER, PRIV),
                        I("xsusldtrk", _, _, _, U0, F0)),
              BY_PREFIX({0}, {0}, {0}, I("xresldtrk", _, _, _, U0, F0)),
              BY_PREFIX({0}, {0}, I("saveprevssp", _, _, _, U0, F0,
                                    .implicit = X_OTHER)), {0}, {0}, {0},
              BY_PREFIX(I("rdpkru", _, _, _, U0, F0, .implicit = X_RDMSR)),
              BY_PREFIX(I("wrpkru", _, _, _, U0, F0,
                          .implicit = X_WRMSR)))),
    I("lmsw", Ew, _, _, R, F0, .implicit = X_CR0_W, PRIV,
      .suffix = SUFFIX_NEVER),
    BY_MODE(I("invlpg", Mb, _, _, U0, F0, PRIV, .suffix = SUFFIX_NEVER),
        BY_RM({0},
              I("rdtscp", _, _, _, U0, F0, .implicit = X_RDTSCP),
              BY_PREFIX(I("monitorx", AXmem, _, _, U0, F0,
                          .implicit = X_MONITOR), {0},
                        I("mcommit", _, _, _, U0, F_ARITH)),
              BY_PREFIX(I("mwaitx", _, _, _, U0, F0,
                          .implicit = X_MWAITX)),
              I("clzero", AXmem, _, _, W, F0, .implicit = X_AX_R),
              I("rdpru", _, _, _, U0, F_ARITH, .implicit = X_RDMSR),
              BY_PREFIX(I("invlpgb", _, _, _, U0, F0,
                          .implicit = X_WRMSR, PRIV)),
              BY_PREFIX(I("tlbsync", _, _, _, U0, F0, PRIV), {0}, {0},
                        I("pvalidate", _, _, _, U0, F_ARITH,
                          .implicit = X_PVALIDATE, PRIV))))))
OP(0x02, I("lar", Gv, EwRv, _, W_R, F_Z, .implicit = X_DESCRIPTOR, SENSITIVE))
OP(0x03, I("lsl", Gv, EwRv, _, W_R, F_Z, .implicit = X_DESCRIPTOR, SENSITIVE))
UNDEFINED(0x04, 0x04)
OP(0x05, I("syscall", _, _, _, U0, F_SYSTEM, .flow = FLOW_SYSTEM,
           .implicit = X_SYSCALL))
OP(0x06, I("clts", _, _, _, U0, F0, .implicit = X_CR0_W, PRIV))
OP(0x07, I("sysret", _, _, _, U0, F_SYSTEM, .flow = FLOW_SYSTEM,
           .implicit = X_SYSRET, PRIV))
OP(0x08, I("invd", _, _, _, U0, F0, PRIV))
OP(0x09, BY_PREFIX(I("wbinvd", _, _, _, U0, F0, PRIV),
                   I("wbinvd", _, _, _, U0, F0, PRIV),
                   I("wbnoinvd", _, _, _, U0, F0, PRIV),
                   I("wbinvd", _, _, _, U0, F0, PRIV)))
UNDEFINED(0x0a, 0x0a)
OP(0x0b, I("ud2", _, _, _, U0, F0, .flow = FLOW_UNDEFINED))
UNDEFINED(0x0c, 0x0c)
#define PREFETCH(name) I(name, Mb, _, _, U0, F0, .suffix = SUFFIX_NEVER)
OP(0x0d, BY_MODE(BY_REG(PREFETCH("prefetch"), PREFETCH("prefetchw"),
                        PREFETCH("prefetchwt1"), PREFETCH("prefetch"),
                        PREFETCH("prefetch"), PREFETCH("prefetch"),
                        PREFETCH("prefetch"), PREFETCH("prefetch")),
                 OP_NOP))
OP(0x0e, I("femms", _, _, _, U0, F0, .implicit = X_EMMS))
ESCAPE(0x0f) // 3DNow!

// 10 to 1f: moves, hints.
OP(0x10, BY_PREFIX(I("movups", Vx, Wx, _, W_R, F0),
                   I("movupd", Vx, Wx, _, W_R, F0),
                   I("movss", Vd, Wd, _, W_R, F0),
                   I("movsd", Vq, Wq, _, W_R, F0)))
OP(0x11, BY_PREFIX(I("movups", Wx, Vx, _, W_R, F0),
                   I("movupd", Wx, Vx, _, W_R, F0),
                   I("movss", Wd, Vd, _, W_R, F0),
                   I("movsd", Wq, Vq, _, W_R, F0)))
OP(0x12, BY_PREFIX(BY_MODE(I("movlps", Vq, Mq, _, W_R, F0),
                           I("movhlps", Vx, Ux, _, W_R, F0)),
                   BY_MODE(I("movlpd", Vq, Mq, _, W_R, F0), {0}),
                   I("movsldup", Vx, Wx, _, W_R, F0),
                   I("movddup", Vx, Wq, _, W_R, F0)))
OP(0x13, BY_PREFIX(BY_MODE(I("movlps", Mq, Vq, _, W_R, F0), {0}),
                   BY_MODE(I("movlpd", Mq, Vq, _, W_R, F0), {0})))
FLOATS2(0x14, "unpckl", RW_R)
FLOATS2(0x15, "unpckh", RW_R)
OP(0x16, BY_PREFIX(BY_MODE(I("movhps", Vx, Mq, _, W_R, F0),
                           I("movlhps", Vx, Ux, _, W_R, F0)),
                   BY_MODE(I("movhpd", Vx, Mq, _, W_R, F0), {0}),
                   I("movshdup", Vx, Wx, _, W_R, F0)))
OP(0x17, BY_PREFIX(BY_MODE(I("movhps", Mq, Vx, _, W_R, F0), {0}),
                   BY_MODE(I("movhpd", Mq, Vx, _, W_R, F0), {0})))
OP(0x18, BY_MODE(BY_REG(PREFETCH("prefetchnta"), PREFETCH("prefetcht0"),
                        PREFETCH("prefetcht1"), PREFETCH("prefetcht2"),
                        OP_NOP, OP_NOP, OP_NOP, OP_NOP), OP_NOP))
OP(0x19, OP_NOP)
// Bounds: a check takes the address of its memory operand; BNDLDX and BNDSTX
// look it up in a table elsewhere.
// MPX has four registers, and its table's addresses 32 bits.
#define BND(...) BY_REG(I(__VA_ARGS__), I(__VA_ARGS__), I(__VA_ARGS__), \
                        I(__VA_ARGS__))
#define BND_TABLE(...) \
    BY_MODE(BY_ADDRESS({0}, BND(__VA_ARGS__, F0, .implicit = X_OTHER)), OP_NOP)
#define BND_CHECK(name)                                               \
    BY_MODE(BND(name, BndG, Md, _, R, F0, .suffix = SUFFIX_NEVER),    \
            BND(name, BndG, Rd, _, R_R, F0, .suffix = SUFFIX_NEVER))
OP(0x1a, BY_PREFIX(BND_TABLE("bndldx", BndG, BndM, _, W_0),
                   BND("bndmov", BndG, BndE, _, W_R, F0),
                   BND_CHECK("bndcl"), BND_CHECK("bndcu")))
OP(0x1b, BY_PREFIX(BND_TABLE("bndstx", BndM, BndG, _, U0_R),
                   BND("bndmov", BndE, BndG, _, W_R, F0),
                   BY_MODE(BND("bndmk", BndG, M, _, W_0, F0), OP_NOP),
                   BND_CHECK("bndcn")))
OP(0x1c, BY_PREFIX(BY_MODE(BY_REG(PREFETCH("cldemote"), OP_NOP, OP_NOP,
                                  OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_NOP),
                           OP_NOP), OP_NOP, OP_NOP, OP_NOP))
OP(0x1d, OP_NOP)
OP(0x1e, BY_PREFIX(OP_NOP, OP_NOP, BY_MODE(OP_NOP, BY_REG(
    OP_NOP,
    I("rdsspd", Rd, _, _, W, F0, .implicit = X_OTHER),
    OP_NOP, OP_NOP, OP_NOP, OP_NOP, OP_NOP,
    BY_RM(OP_NOP, OP_NOP, I("endbr64", _, _, _, U0, F0),
          I("endbr32", _, _, _, U0, F0), OP_NOP, OP_NOP, OP_NOP,
          OP_NOP))), OP_NOP))
OP(0x1f, OP_NOP)

#define MOV_CR(a, b, use)                                             \
    I("mov", a, b, _, use, F_UNDEFINED, PRIV, .more = REGISTER)
#define FROM_CR MOV_CR(Rd, Cd, W_R)
#define FROM_DR MOV_CR(Rd, Dd, W_R)
#define TO_CR MOV_CR(Cd, Rd, W_R)
#define TO_DR MOV_CR(Dd, Rd, W_R)
OP(0x20, BY_REG(FROM_CR, {0}, FROM_CR, FROM_CR, FROM_CR))
OP(0x21, FROM_DR)
OP(0x22, BY_REG(TO_CR, {0}, TO_CR, TO_CR, TO_CR))
OP(0x23, TO_DR)
// 24 and 26 moved the test registers of the 386 and 486.
UNDEFINED(0x24, 0x27)
// 28 to 2f: SSE again. Scalars to and from general registers are Ed and Gd.
OP(0x28, BY_PREFIX(I("movaps", Vx, Wx, _, W_R, F0),
                   I("movapd", Vx, Wx, _, W_R, F0)))
OP(0x29, BY_PREFIX(I("movaps", Wx, Vx, _, W_R, F0),
                   I("movapd", Wx, Vx, _, W_R, F0)))
OP(0x2a, BY_PREFIX(I("cvtpi2ps", Vq, Qq, _, W_R, F0),
                   I("cvtpi2pd", Vx, Qq, _, W_R, F0),
                   I("cvtsi2ss", Vd, Ed, _, W_R, F0),
                   I("cvtsi2sd", Vq, Ed, _, W_R, F0)))
OP(0x2b, BY_PREFIX(BY_MODE(I("movntps", Mx, Vx, _, W_R, F0), {0}),
                   BY_MODE(I("movntpd", Mx, Vx, _, W_R, F0), {0}),
                   BY_MODE(I("movntss", Md, Vd, _, W_R, F0), {0}),
                   BY_MODE(I("movntsd", Mq, Vq, _, W_R, F0), {0})))
OP(0x2c, BY_PREFIX(I("cvttps2pi", Pq, Wq, _, W_R, F0),
                   I("cvttpd2pi", Pq, Wx, _, W_R, F0),
                   I("cvttss2si", Gd, Wd, _, W_R, F0),
                   I("cvttsd2si", Gd, Wq, _, W_R, F0)))
OP(0x2d, BY_PREFIX(I("cvtps2pi", Pq, Wq, _, W_R, F0),
                   I("cvtpd2pi", Pq, Wx, _, W_R, F0),
                   I("cvtss2si", Gd, Wd, _, W_R, F0),
                   I("cvtsd2si", Gd, Wq, _, W_R, F0)))
OP(0x2e, BY_PREFIX(I("ucomiss", Vd, Wd, _, R_R, F_ARITH),
                   I("ucomisd", Vq, Wq, _, R_R, F_ARITH)))
OP(0x2f, BY_PREFIX(I("comiss", Vd, Wd, _, R_R, F_ARITH),
                   I("comisd", Vq, Wq, _, R_R, F_ARITH)))

// 30 to 3f: MSRs, system calls, two more maps.
OP(0x30, I("wrmsr", _, _, _, U0, F0, .implicit = X_WRMSR, PRIV))
OP(0x31, I("rdtsc", _, _, _, U0, F0, .implicit = X_RDTSC))
OP(0x32, I("rdmsr", _, _, _, U0, F0, .implicit = X_RDMSR, PRIV))
OP(0x33, I("rdpmc", _, _, _, U0, F0, .implicit = X_RDMSR))
OP(0x34, I("sysenter", _, _, _, U0, F_SYSTEM, .flow = FLOW_SYSTEM,
           .implicit = X_SYSENTER))
OP(0x35, I("sysexit", _, _, _, U0, F0, .flow = FLOW_SYSTEM,
           .implicit = X_SYSEXIT, PRIV, .suffix = SUFFIX_NEVER))
UNDEFINED(0x36, 0x36)
OP(0x37, BY_PREFIX(I("getsec", _, _, _, U0, F0, .implicit = X_LEAF)))
ESCAPE(0x38)
UNDEFINED(0x39, 0x39)
ESCAPE(0x3a)
UNDEFINED(0x3b, 0x3f)

// 40 to 4f: CMOVcc. It reads its source even if it does not move, and writes
// its destination as far as effects know.
CMOV(0x40, "o") CMOV(0x41, "no") CMOV(0x42, "b") CMOV(0x43, "ae")
CMOV(0x44, "e") CMOV(0x45, "ne") CMOV(0x46, "be") CMOV(0x47, "a")
CMOV(0x48, "s") CMOV(0x49, "ns") CMOV(0x4a, "p") CMOV(0x4b, "np")
CMOV(0x4c, "l") CMOV(0x4d, "ge") CMOV(0x4e, "le") CMOV(0x4f, "g")

// 50 to 5f: arithmetic of floating point numbers. RSQRT, RCP exist for single
// precision only.
OP(0x50, BY_PREFIX(BY_MODE({0}, I("movmskps", Gd, Ux, _, W_R, F0)),
                   BY_MODE({0}, I("movmskpd", Gd, Ux, _, W_R, F0))))
FLOATS(0x51, "sqrt", W_R)
OP(0x52, BY_PREFIX(I("rsqrtps", Vx, Wx, _, W_R, F0), {0},
                   I("rsqrtss", Vd, Wd, _, W_R, F0)))
OP(0x53, BY_PREFIX(I("rcpps", Vx, Wx, _, W_R, F0), {0},
                   I("rcpss", Vd, Wd, _, W_R, F0)))
FLOATS2(0x54, "and", RW_R)
FLOATS2(0x55, "andn", RW_R)
FLOATS2(0x56, "or", RW_R)
FLOATS2(0x57, "xor", RW_R)
FLOATS(0x58, "add", RW_R)
FLOATS(0x59, "mul", RW_R)
OP(0x5a, BY_PREFIX(I("cvtps2pd", Vx, Wq, _, W_R, F0),
                   I("cvtpd2ps", Vx, Wx, _, W_R, F0),
                   I("cvtss2sd", Vq, Wd, _, W_R, F0),
                   I("cvtsd2ss", Vd, Wq, _, W_R, F0)))
OP(0x5b, BY_PREFIX(I("cvtdq2ps", Vx, Wx, _, W_R, F0),
                   I("cvtps2dq", Vx, Wx, _, W_R, F0),
                   I("cvttps2dq", Vx, Wx, _, W_R, F0)))
FLOATS(0x5c, "sub", RW_R)
FLOATS(0x5d, "min", RW_R)
FLOATS(0x5e, "div", RW_R)
FLOATS(0x5f, "max", RW_R)

// 60 to 7f: integers, MMX and SSE2 in pairs. Behind 71, 72 and 73 the count is
// an immediate, and ModRM.reg tells the shift.
#define TWIN_D(code, name) /* MMX reads 32 bits of memory */          \
    OP(code, BY_PREFIX(I(name, Pq, Qd, _, RW_R, F0),                  \
                       I(name, Vx, Wx, _, RW_R, F0)))
TWIN_D(0x60, "punpcklbw")
TWIN_D(0x61, "punpcklwd")
TWIN_D(0x62, "punpckldq")
TWIN(0x63, "packsswb")
TWIN(0x64, "pcmpgtb")
TWIN(0x65, "pcmpgtw")
TWIN(0x66, "pcmpgtd")
TWIN(0x67, "packuswb")
TWIN(0x68, "punpckhbw")
TWIN(0x69, "punpckhwd")
TWIN(0x6a, "punpckhdq")
TWIN(0x6b, "packssdw")
OP(0x6c, BY_PREFIX({0}, I("punpcklqdq", Vx, Wx, _, RW_R, F0)))
OP(0x6d, BY_PREFIX({0}, I("punpckhqdq", Vx, Wx, _, RW_R, F0)))
OP(0x6e, BY_PREFIX(I("movd", Pq, Ed, _, W_R, F0, .suffix = SUFFIX_NEVER),
                   I("movd", Vx, Ed, _, W_R, F0, .suffix = SUFFIX_NEVER)))
OP(0x6f, BY_PREFIX(I("movq", Pq, Qq, _, W_R, F0),
                   I("movdqa", Vx, Wx, _, W_R, F0),
                   I("movdqu", Vx, Wx, _, W_R, F0)))

OP(0x70, BY_PREFIX(I("pshufw", Pq, Qq, Ib, W_R_R, F0),
                   I("pshufd", Vx, Wx, Ib, W_R_R, F0),
                   I("pshufhw", Vx, Wx, Ib, W_R_R, F0),
                   I("pshuflw", Vx, Wx, Ib, W_R_R, F0)))
OP(0x71, BY_REG({0}, {0}, SHIFTS("psrlw"), {0}, SHIFTS("psraw"), {0},
                SHIFTS("psllw")))
OP(0x72, BY_REG({0}, {0}, SHIFTS("psrld"), {0}, SHIFTS("psrad"), {0},
                SHIFTS("pslld")))
#define SHIFT_BYTES(name) \
    BY_MODE({0}, BY_PREFIX({0}, I(name, Ux, Ib, _, RW_R, F0)))
OP(0x73, BY_REG({0}, {0}, SHIFTS("psrlq"), SHIFT_BYTES("psrldq"), {0}, {0},
                SHIFTS("psllq"), SHIFT_BYTES("pslldq")))
TWIN(0x74, "pcmpeqb")
TWIN(0x75, "pcmpeqw")
TWIN(0x76, "pcmpeqd")
OP(0x77, BY_PREFIX(I("emms", _, _, _, U0, F0, .implicit = X_EMMS)))
OP(0x78, BY_PREFIX(
    I("vmread", Ed, Gd, _, W_R, F_ARITH, PRIV, .suffix = SUFFIX_NEVER),
    BY_REG(BY_MODE({0}, I("extrq", Ux, Ib, I2b, RW_R_R, F0))), {0},
    BY_MODE({0}, I4("insertq", Vx, Ux, Ib, I2b, RW_R_R_R, F0))))
OP(0x79, BY_PREFIX(
    I("vmwrite", Gd, Ed, _, R_R, F_ARITH, PRIV, .suffix = SUFFIX_NEVER),
    BY_MODE({0}, I("extrq", Vx, Ux, _, RW_R, F0)), {0},
    BY_MODE({0}, I("insertq", Vx, Ux, _, RW_R, F0))))
UNDEFINED(0x7a, 0x7b)
OP(0x7c, BY_PREFIX({0}, I("haddpd", Vx, Wx, _, RW_R, F0), {0},
                   I("haddps", Vx, Wx, _, RW_R, F0)))
OP(0x7d, BY_PREFIX({0}, I("hsubpd", Vx, Wx, _, RW_R, F0), {0},
                   I("hsubps", Vx, Wx, _, RW_R, F0)))
OP(0x7e, BY_PREFIX(I("movd", Ed, Pq, _, W_R, F0, .suffix = SUFFIX_NEVER),
                   I("movd", Ed, Vx, _, W_R, F0, .suffix = SUFFIX_NEVER),
                   I("movq", Vx, Wq, _, W_R, F0)))
OP(0x7f, BY_PREFIX(I("movq", Qq, Pq, _, W_R, F0),
                   I("movdqa", Wx, Vx, _, W_R, F0),
                   I("movdqu", Wx, Vx, _, W_R, F0)))

// 80 to 9f: Jcc, SETcc.
JCC_NEAR(0x80, "o") JCC_NEAR(0x81, "no") JCC_NEAR(0x82, "b")
JCC_NEAR(0x83, "ae") JCC_NEAR(0x84, "e") JCC_NEAR(0x85, "ne")
JCC_NEAR(0x86, "be") JCC_NEAR(0x87, "a") JCC_NEAR(0x88, "s")
JCC_NEAR(0x89, "ns") JCC_NEAR(0x8a, "p") JCC_NEAR(0x8b, "np")
JCC_NEAR(0x8c, "l") JCC_NEAR(0x8d, "ge") JCC_NEAR(0x8e, "le")
JCC_NEAR(0x8f, "g")
SETCC(0x90, "o") SETCC(0x91, "no") SETCC(0x92, "b") SETCC(0x93, "ae")
SETCC(0x94, "e") SETCC(0x95, "ne") SETCC(0x96, "be") SETCC(0x97, "a")
SETCC(0x98, "s") SETCC(0x99, "ns") SETCC(0x9a, "p") SETCC(0x9b, "np")
SETCC(0x9c, "l") SETCC(0x9d, "ge") SETCC(0x9e, "le") SETCC(0x9f, "g")

// a0 to bf: general registers again: bits, CMPXCHG, widening moves.
PUSH_SEG2(0xa0, sFS)
POP_SEG2(0xa1, sFS)
OP(0xa2, I("cpuid", _, _, _, U0, F0, .implicit = X_CPUID))
OP(0xa3, I("bt", Ev, Gv, _, R_R, F_BT))
OP(0xa4, I("shld", Ev, Gv, Ib, RW_R_R, F_SHIFT))
OP(0xa5, I("shld", Ev, Gv, CL, RW_R_R, F_SHIFT))
UNDEFINED(0xa6, 0xa7) // VIA's PadLock
PUSH_SEG2(0xa8, sGS)
POP_SEG2(0xa9, sGS)
OP(0xaa, I("rsm", _, _, _, U0, F_RSM, .flow = FLOW_SYSTEM, PRIV,
           .implicit = X_RSM))
OP(0xab, I("bts", Ev, Gv, _, RW_R, F_BT, .more = LOCKABLE))
OP(0xac, I("shrd", Ev, Gv, Ib, RW_R_R, F_SHIFT))
OP(0xad, I("shrd", Ev, Gv, CL, RW_R_R, F_SHIFT))
#define FENCE(name) BY_PREFIX(I(name, _, _, _, U0, F0))
#define NO_PREFIX(name, operand, use, x, ...) BY_PREFIX(              \
    I(name, operand, _, _, use, F0, .implicit = x,                    \
      .suffix = SUFFIX_NEVER, __VA_ARGS__))
#define PTWRITE I("ptwrite", Ed, _, _, R, F0, .suffix = SUFFIX_NEVER)
OP(0xae, BY_REG(
    BY_MODE(NO_PREFIX("fxsave", M512, W, X_FXSAVE), {0}),
    BY_MODE(NO_PREFIX("fxrstor", M512, R, X_FXRSTOR), {0}),
    BY_MODE(NO_PREFIX("ldmxcsr", Md, R, X_MXCSR_W), {0}),
    BY_MODE(NO_PREFIX("stmxcsr", Md, W, X_MXCSR_R), {0}),
    BY_MODE(BY_PREFIX(I("xsave", M, _, _, RW, F0, .implicit = X_XSAVE,
                        .suffix = SUFFIX_NEVER),
                      {0}, PTWRITE), BY_PREFIX({0}, {0}, PTWRITE)),
    BY_MODE(NO_PREFIX("xrstor", M, R, X_XRSTOR),
            BY_PREFIX(I("lfence", _, _, _, U0, F0), {0},
                      I("incsspd", Rd, _, _, R, F0, .implicit = X_OTHER))),
    BY_MODE(BY_PREFIX(I("xsaveopt", M, _, _, RW, F0, .implicit = X_XSAVE,
                        .suffix = SUFFIX_NEVER),
                      I("clwb", Mb, _, _, R, F0, .suffix = SUFFIX_NEVER),
                      I("clrssbsy", Mq, _, _, RW, F0,
                        .implicit = X_OTHER, PRIV,
                        .suffix = SUFFIX_NEVER)),
            BY_PREFIX(I("mfence", _, _, _, U0, F0),
                      I("tpause", Rd, _, _, R, F_ARITH,
                        .implicit = X_TPAUSE),
                      I("umonitor", Ra, _, _, R, F0),
                      I("umwait", Rd, _, _, R, F_ARITH,
                        .implicit = X_TPAUSE))),
    BY_MODE(BY_PREFIX(I("clflush", Mb, _, _, R, F0,
                        .suffix = SUFFIX_NEVER),
                      I("clflushopt", Mb, _, _, R, F0,
                        .suffix = SUFFIX_NEVER)),
            FENCE("sfence"))))
OP(0xaf, I("imul", Gv, Ev, _, RW_R, F_MUL))

OP(0xb0, I("cmpxchg", Eb, Gb, _, RW_R, F_ARITH, .implicit = X_AX,
           .more = LOCKABLE))
OP(0xb1, I("cmpxchg", Ev, Gv, _, RW_R, F_ARITH, .implicit = X_AX,
           .more = LOCKABLE))
#define LOAD_FAR(name, x) BY_MODE(I(name, Gv, Mp, _, W_R, F0, \
    .implicit = x, SENSITIVE, .suffix = SUFFIX_NEVER), {0})
OP(0xb2, LOAD_FAR("lss", X_LSS))
OP(0xb3, I("btr", Ev, Gv, _, RW_R, F_BT, .more = LOCKABLE))
OP(0xb4, LOAD_FAR("lfs", X_LFS))
OP(0xb5, LOAD_FAR("lgs", X_LGS))
OP(0xb6, I("movz", Gv, Eb, _, W_R, F0, .suffix = SUFFIX_WIDEN))
OP(0xb7, I("movz", Gv, Ew, _, W_R, F0, .suffix = SUFFIX_WIDEN))
OP(0xb8, BY_PREFIX({0}, {0}, I("popcnt", Gv, Ev, _, W_R, F_ARITH)))
OP(0xb9, I("ud1", Gv, Ev, _, R_R, F0, .flow = FLOW_UNDEFINED))
OP(0xba, BY_REG({0}, {0}, {0}, {0},
    I("bt", Ev, Ib, _, R_R, F_BT),
    I("bts", Ev, Ib, _, RW_R, F_BT, .more = LOCKABLE),
    I("btr", Ev, Ib, _, RW_R, F_BT, .more = LOCKABLE),
    I("btc", Ev, Ib, _, RW_R, F_BT, .more = LOCKABLE)))
OP(0xbb, I("btc", Ev, Gv, _, RW_R, F_BT, .more = LOCKABLE))
#define BIT_SCAN(old, new)                         \
    BY_PREFIX(I(old, Gv, Ev, _, W_R, F_BSF),      \
              I(old, Gv, Ev, _, W_R, F_BSF),      \
              I(new, Gv, Ev, _, W_R, F_LZCNT),     \
              I(old, Gv, Ev, _, W_R, F_BSF, .more = IGNORES_PREFIX))
// Old processors ignore the F3 and run BSF and BSR: LZCNT has another result
// than BSR there. [SDM2 LZCNT]
OP(0xbc, BIT_SCAN("bsf", "tzcnt"))
OP(0xbd, BIT_SCAN("bsr", "lzcnt"))
OP(0xbe, I("movs", Gv, Eb, _, W_R, F0, .suffix = SUFFIX_WIDEN))
OP(0xbf, I("movs", Gv, Ew, _, W_R, F0, .suffix = SUFFIX_WIDEN))

// c0 to cf.
OP(0xc0, I("xadd", Eb, Gb, _, RW_RW, F_ARITH, .more = LOCKABLE))
OP(0xc1, I("xadd", Ev, Gv, _, RW_RW, F_ARITH, .more = LOCKABLE))
OP(0xc2, BY_PREFIX(I("cmpps", Vx, Wx, Ib, RW_R_R, F0),
                   I("cmppd", Vx, Wx, Ib, RW_R_R, F0),
                   I("cmpss", Vd, Wd, Ib, RW_R_R, F0),
                   I("cmpsd", Vq, Wq, Ib, RW_R_R, F0)))
OP(0xc3, BY_PREFIX(BY_MODE(I("movnti", Md, Gd, _, W_R, F0), {0})))
OP(0xc4, BY_PREFIX(I("pinsrw", Pq, EdRw, Ib, RW_R_R, F0,
                     .suffix = SUFFIX_NEVER),
                   I("pinsrw", Vx, EdRw, Ib, RW_R_R, F0,
                     .suffix = SUFFIX_NEVER)))
OP(0xc5, BY_PREFIX(BY_MODE({0}, I("pextrw", Gd, Nq, Ib, W_R_R, F0)),
                   BY_MODE({0}, I("pextrw", Gd, Ux, Ib, W_R_R, F0))))
OP(0xc6, BY_PREFIX(I("shufps", Vx, Wx, Ib, RW_R_R, F0),
                   I("shufpd", Vx, Wx, Ib, RW_R_R, F0)))
OP(0xc7, BY_REG({0},
    BY_MODE(I("cmpxchg8b", Mq, _, _, RW, F_Z, .implicit = X_CMPXCHG8B,
              .more = LOCKABLE, .suffix = SUFFIX_NEVER), {0}),
    {0},
    BY_MODE(NO_PREFIX("xrstors", M, R, X_XRSTOR, PRIV), {0}),
    BY_MODE(NO_PREFIX("xsavec", M, W, X_XSAVE), {0}),
    BY_MODE(NO_PREFIX("xsaves", M, W, X_XSAVE, PRIV), {0}),
    BY_MODE(BY_PREFIX(I("vmptrld", Mq, _, _, R, F_ARITH, PRIV,
                        .suffix = SUFFIX_NEVER),
                      I("vmclear", Mq, _, _, R, F_ARITH, PRIV,
                        .suffix = SUFFIX_NEVER),
                      I("vmxon", Mq, _, _, R, F_ARITH, PRIV,
                        .suffix = SUFFIX_NEVER)),
            BY_PREFIX(I("rdrand", Rv, _, _, W, F_ARITH),
                      I("rdrand", Rv, _, _, W, F_ARITH))),
    BY_MODE(BY_PREFIX(I("vmptrst", Mq, _, _, W, F_ARITH, PRIV,
                        .suffix = SUFFIX_NEVER)),
            BY_PREFIX(I("rdseed", Rv, _, _, W, F_ARITH),
                      I("rdseed", Rv, _, _, W, F_ARITH),
                      I("rdpid", Rd, _, _, W, F0,
                        .implicit = X_OTHER)))))
EIGHT8(0xc, I("bswap", Zv, _, _, RW, F0))

// d0 to ff: integers in pairs, but for a few moves and conversions.
OP(0xd0, BY_PREFIX({0}, I("addsubpd", Vx, Wx, _, RW_R, F0), {0},
                   I("addsubps", Vx, Wx, _, RW_R, F0)))
TWIN(0xd1, "psrlw")
TWIN(0xd2, "psrld")
TWIN(0xd3, "psrlq")
TWIN(0xd4, "paddq")
TWIN(0xd5, "pmullw")
OP(0xd6, BY_PREFIX({0}, I("movq", Wq, Vx, _, W_R, F0),
                   BY_MODE({0}, I("movq2dq", Vx, Nq, _, W_R, F0)),
                   BY_MODE({0}, I("movdq2q", Pq, Ux, _, W_R, F0))))
OP(0xd7, BY_PREFIX(BY_MODE({0}, I("pmovmskb", Gd, Nq, _, W_R, F0)),
                   BY_MODE({0}, I("pmovmskb", Gd, Ux, _, W_R, F0))))
TWIN(0xd8, "psubusb")
TWIN(0xd9, "psubusw")
TWIN(0xda, "pminub")
TWIN(0xdb, "pand")
TWIN(0xdc, "paddusb")
TWIN(0xdd, "paddusw")
TWIN(0xde, "pmaxub")
TWIN(0xdf, "pandn")
TWIN(0xe0, "pavgb")
TWIN(0xe1, "psraw")
TWIN(0xe2, "psrad")
TWIN(0xe3, "pavgw")
TWIN(0xe4, "pmulhuw")
TWIN(0xe5, "pmulhw")
OP(0xe6, BY_PREFIX({0}, I("cvttpd2dq", Vx, Wx, _, W_R, F0),
                   I("cvtdq2pd", Vx, Wq, _, W_R, F0),
                   I("cvtpd2dq", Vx, Wx, _, W_R, F0)))
OP(0xe7, BY_PREFIX(BY_MODE(I("movntq", Mq, Pq, _, W_R, F0), {0}),
                   BY_MODE(I("movntdq", Mx, Vx, _, W_R, F0), {0})))
TWIN(0xe8, "psubsb")
TWIN(0xe9, "psubsw")
TWIN(0xea, "pminsw")
TWIN(0xeb, "por")
TWIN(0xec, "paddsb")
TWIN(0xed, "paddsw")
TWIN(0xee, "pmaxsw")
TWIN(0xef, "pxor")
OP(0xf0, BY_PREFIX({0}, {0}, {0},
                   BY_MODE(I("lddqu", Vx, Mx, _, W_R, F0), {0})))
TWIN(0xf1, "psllw")
TWIN(0xf2, "pslld")
TWIN(0xf3, "psllq")
TWIN(0xf4, "pmuludq")
TWIN(0xf5, "pmaddwd")
TWIN(0xf6, "psadbw")
OP(0xf7, BY_PREFIX(
    BY_MODE({0}, I("maskmovq", Pq, Nq, DIq, R_R_W, F0)),
    BY_MODE({0}, I("maskmovdqu", Vx, Ux, DIx, R_R_W, F0))))
TWIN(0xf8, "psubb")
TWIN(0xf9, "psubw")
TWIN(0xfa, "psubd")
TWIN(0xfb, "psubq")
TWIN(0xfc, "paddb")
TWIN(0xfd, "paddw")
TWIN(0xfe, "paddd")
OP(0xff, I("ud0", Gv, Ev, _, R_R, F0, .flow = FLOW_UNDEFINED))
MAP_END
