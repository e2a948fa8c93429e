// SPDX-License-Identifier: MIT
// The three-byte opcodes 0f 38 xx. [SDM2 A.3, table A-4]
// Macros that are not here are in map_0f.h, which tables.c reads first.

// clang-format off
#define SSE41(code, name, from, use)                                  \
    OP(code, BY_PREFIX({0}, I(name, Vx, from, _, use, F0)))
#define SHA(code, name) OP(code, BY_PREFIX(I(name, Vx, Wx, _, RW_R, F0)))

// 00 to 1e: SSSE3, for MMX and SSE; SSE4.1 among them has no MMX form.
TWIN(0x00, "pshufb")
TWIN(0x01, "phaddw")
TWIN(0x02, "phaddd")
TWIN(0x03, "phaddsw")
TWIN(0x04, "pmaddubsw")
TWIN(0x05, "phsubw")
TWIN(0x06, "phsubd")
TWIN(0x07, "phsubsw")
TWIN(0x08, "psignb")
TWIN(0x09, "psignw")
TWIN(0x0a, "psignd")
TWIN(0x0b, "pmulhrsw")
UNDEFINED(0x0c, 0x0f)
#define BLEND(code, name) \
    OP(code, BY_PREFIX({0}, I(name, Vx, Wx, XMM0, RW_R_R, F0)))
BLEND(0x10, "pblendvb")
UNDEFINED(0x11, 0x13)
BLEND(0x14, "blendvps")
BLEND(0x15, "blendvpd")
UNDEFINED(0x16, 0x16)
OP(0x17, BY_PREFIX({0}, I("ptest", Vx, Wx, _, R_R, F_ARITH)))
UNDEFINED(0x18, 0x1b)
#define TWIN_W(code, name) /* the destination is not read */          \
    OP(code, BY_PREFIX(I(name, Pq, Qq, _, W_R, F0),                   \
                       I(name, Vx, Wx, _, W_R, F0)))
TWIN_W(0x1c, "pabsb")
TWIN_W(0x1d, "pabsw")
TWIN_W(0x1e, "pabsd")
UNDEFINED(0x1f, 0x1f)
// 20 to 41: SSE4.1. The destination of a widening move is not read.
SSE41(0x20, "pmovsxbw", Wq, W_R)
SSE41(0x21, "pmovsxbd", Wd, W_R)
SSE41(0x22, "pmovsxbq", Ww, W_R)
SSE41(0x23, "pmovsxwd", Wq, W_R)
SSE41(0x24, "pmovsxwq", Wd, W_R)
SSE41(0x25, "pmovsxdq", Wq, W_R)
UNDEFINED(0x26, 0x27)
SSE41(0x28, "pmuldq", Wx, RW_R)
SSE41(0x29, "pcmpeqq", Wx, RW_R)
OP(0x2a, BY_PREFIX({0}, BY_MODE(I("movntdqa", Vx, Mx, _, W_R, F0), {0})))
SSE41(0x2b, "packusdw", Wx, RW_R)
UNDEFINED(0x2c, 0x2f)
SSE41(0x30, "pmovzxbw", Wq, W_R)
SSE41(0x31, "pmovzxbd", Wd, W_R)
SSE41(0x32, "pmovzxbq", Ww, W_R)
SSE41(0x33, "pmovzxwd", Wq, W_R)
SSE41(0x34, "pmovzxwq", Wd, W_R)
SSE41(0x35, "pmovzxdq", Wq, W_R)
UNDEFINED(0x36, 0x36)
SSE41(0x37, "pcmpgtq", Wx, RW_R)
SSE41(0x38, "pminsb", Wx, RW_R)
SSE41(0x39, "pminsd", Wx, RW_R)
SSE41(0x3a, "pminuw", Wx, RW_R)
SSE41(0x3b, "pminud", Wx, RW_R)
SSE41(0x3c, "pmaxsb", Wx, RW_R)
SSE41(0x3d, "pmaxsd", Wx, RW_R)
SSE41(0x3e, "pmaxuw", Wx, RW_R)
SSE41(0x3f, "pmaxud", Wx, RW_R)
SSE41(0x40, "pmulld", Wx, RW_R)
SSE41(0x41, "phminposuw", Wx, W_R)
UNDEFINED(0x42, 0x7f)
// 80 to 82: translations of VMX, and INVPCID, which leaves the flags alone.
#define INVALIDATE(code, name) \
    OP(code, BY_PREFIX({0}, BY_MODE(I(name, Gd, Mx, _, R_R, F_ARITH, PRIV, \
                                      .suffix = SUFFIX_NEVER), {0})))
INVALIDATE(0x80, "invept")
INVALIDATE(0x81, "invvpid")
OP(0x82, BY_PREFIX({0}, BY_MODE(I("invpcid", Gd, Mx, _, R_R, F0, PRIV,
                                  .suffix = SUFFIX_NEVER), {0})))
UNDEFINED(0x83, 0xc7)
// c8 to df: SHA, AES. XMM0 is a third source that no bit names.
SHA(0xc8, "sha1nexte")
SHA(0xc9, "sha1msg1")
SHA(0xca, "sha1msg2")
OP(0xcb, BY_PREFIX(I("sha256rnds2", Vx, Wx, XMM0, RW_R_R, F0)))
SHA(0xcc, "sha256msg1")
SHA(0xcd, "sha256msg2")
UNDEFINED(0xce, 0xce)
SSE41(0xcf, "gf2p8mulb", Wx, RW_R)
UNDEFINED(0xd0, 0xd7)
// AES Key Locker: F3, keys in memory as handles.
#define AES_WIDE(name) I(name, M, _, _, R, F_ARITH, .implicit = X_XMM, \
                         .suffix = SUFFIX_NEVER)
#define AES(code, name, locked, register_form)                        \
    OP(code, BY_PREFIX({0}, I(name, Vx, Wx, _, RW_R, F0),             \
        BY_MODE(I(locked, Vx, M, _, RW_R, F_ARITH), register_form)))
OP(0xd8, BY_PREFIX({0}, {0}, BY_MODE(BY_REG(
    AES_WIDE("aesencwide128kl"), AES_WIDE("aesdecwide128kl"),
    AES_WIDE("aesencwide256kl"), AES_WIDE("aesdecwide256kl")), {0})))
UNDEFINED(0xd9, 0xda)
SSE41(0xdb, "aesimc", Wx, W_R)
AES(0xdc, "aesenc", "aesenc128kl",
    I("loadiwkey", Vx, Ux, _, R_R, F_ARITH, .implicit = X_LOADIWKEY, PRIV))
AES(0xdd, "aesenclast", "aesdec128kl", {0})
AES(0xde, "aesdec", "aesenc256kl", {0})
AES(0xdf, "aesdeclast", "aesdec256kl", {0})
UNDEFINED(0xe0, 0xef)
// f0 to fc: general registers. 66 makes a MOVBE one of 16 bits, and so its row
// is there twice; behind F2 it is CRC32.
#define MOVBE_LOAD BY_MODE(I("movbe", Gv, Mv, _, W_R, F0), {0})
#define MOVBE_STORE BY_MODE(I("movbe", Mv, Gv, _, W_R, F0), {0})
OP(0xf0, BY_PREFIX(MOVBE_LOAD, MOVBE_LOAD, {0},
                   I("crc32", Gd, Eb, _, RW_R, F0,
                     .suffix = SUFFIX_MEMORY)))
OP(0xf1, BY_PREFIX(MOVBE_STORE, MOVBE_STORE, {0},
                   I("crc32", Gd, Ev, _, RW_R, F0,
                     .suffix = SUFFIX_MEMORY)))
UNDEFINED(0xf2, 0xf4)
OP(0xf5, BY_PREFIX({0}, BY_MODE(I("wrussd", Md, Gd, _, W_R, F0, PRIV,
                                  .suffix = SUFFIX_NEVER), {0})))
OP(0xf6, BY_PREFIX(BY_MODE(I("wrssd", Md, Gd, _, W_R, F0,
                             .suffix = SUFFIX_NEVER), {0}),
                   I("adcx", Gd, Ed, _, RW_R, F_CX),
                   I("adox", Gd, Ed, _, RW_R, F_OX)))
UNDEFINED(0xf7, 0xf7)
#define ENQUEUE(name, ...) \
    BY_MODE(I(name, Ga, M, _, R_R, F_ARITH, .implicit = X_MOVDIR64B, \
              __VA_ARGS__), {0})
OP(0xf8, BY_PREFIX({0}, BY_MODE(I("movdir64b", Ga, M, _, R_R, F0,
                                   .implicit = X_MOVDIR64B), {0}),
                   ENQUEUE("enqcmds", PRIV), ENQUEUE("enqcmd")))
OP(0xf9, BY_PREFIX(BY_MODE(I("movdiri", Md, Gd, _, W_R, F0), {0})))
#define ENCODE_KEY(code, name, x)                                      \
    OP(code, BY_PREFIX({0}, {0}, BY_MODE({0},                         \
        I(name, Gd, Rd, _, W_R, F_ARITH, .implicit = x))))
ENCODE_KEY(0xfa, "encodekey128", X_ENCODEKEY128)
ENCODE_KEY(0xfb, "encodekey256", X_ENCODEKEY256)
#define ATOMIC(name) BY_MODE(I(name, Md, Gd, _, RW_R, F0), {0})
OP(0xfc, BY_PREFIX(ATOMIC("aadd"), ATOMIC("aand"), ATOMIC("axor"),
                   ATOMIC("aor")))
UNDEFINED(0xfd, 0xff)
MAP_END
// clang-format on
