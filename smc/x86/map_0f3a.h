// SPDX-License-Identifier: MIT
// The three-byte opcodes 0f 3a xx, all with an immediate byte. [SDM2 A.3,
// table A-5]

// clang-format off
#define SSE41I(code, name, to, from, use)                             \
    OP(code, BY_PREFIX({0}, I(name, to, from, Ib, use, F0)))
#define EXTRACT(code, name, to)                                       \
    OP(code, BY_PREFIX({0}, I(name, to, Vx, Ib, W_R_R, F0,            \
                              .suffix = SUFFIX_NEVER)))

UNDEFINED(0x00, 0x07)
SSE41I(0x08, "roundps", Vx, Wx, W_R_R)
SSE41I(0x09, "roundpd", Vx, Wx, W_R_R)
SSE41I(0x0a, "roundss", Vd, Wd, W_R_R)
SSE41I(0x0b, "roundsd", Vq, Wq, W_R_R)
SSE41I(0x0c, "blendps", Vx, Wx, RW_R_R)
SSE41I(0x0d, "blendpd", Vx, Wx, RW_R_R)
SSE41I(0x0e, "pblendw", Vx, Wx, RW_R_R)
OP(0x0f, BY_PREFIX(I("palignr", Pq, Qq, Ib, RW_R_R, F0),
                   I("palignr", Vx, Wx, Ib, RW_R_R, F0)))
UNDEFINED(0x10, 0x13)
EXTRACT(0x14, "pextrb", EdRb)
EXTRACT(0x15, "pextrw", EdRw)
EXTRACT(0x16, "pextrd", Ed)
EXTRACT(0x17, "extractps", Ed)
UNDEFINED(0x18, 0x1f)
OP(0x20, BY_PREFIX({0}, I("pinsrb", Vx, EdRb, Ib, RW_R_R, F0,
                          .suffix = SUFFIX_NEVER)))
SSE41I(0x21, "insertps", Vx, Wd, RW_R_R)
OP(0x22, BY_PREFIX({0}, I("pinsrd", Vx, Ed, Ib, RW_R_R, F0,
                          .suffix = SUFFIX_NEVER)))
UNDEFINED(0x23, 0x3f)
SSE41I(0x40, "dpps", Vx, Wx, RW_R_R)
SSE41I(0x41, "dppd", Vx, Wx, RW_R_R)
SSE41I(0x42, "mpsadbw", Vx, Wx, RW_R_R)
UNDEFINED(0x43, 0x43)
SSE41I(0x44, "pclmulqdq", Vx, Wx, RW_R_R)
UNDEFINED(0x45, 0x5f)
#define COMPARE_STRINGS(code, name, x)                                \
    OP(code, BY_PREFIX({0}, I(name, Vx, Wx, Ib, R_R_R, F_ARITH,       \
                              .implicit = x)))
COMPARE_STRINGS(0x60, "pcmpestrm", X_PCMPESTRM)
COMPARE_STRINGS(0x61, "pcmpestri", X_PCMPESTRI)
COMPARE_STRINGS(0x62, "pcmpistrm", X_PCMPISTRM)
COMPARE_STRINGS(0x63, "pcmpistri", X_PCMPISTRI)
UNDEFINED(0x64, 0xcb)
OP(0xcc, BY_PREFIX(I("sha1rnds4", Vx, Wx, Ib, RW_R_R, F0)))
UNDEFINED(0xcd, 0xcd)
SSE41I(0xce, "gf2p8affineqb", Vx, Wx, RW_R_R)
SSE41I(0xcf, "gf2p8affineinvqb", Vx, Wx, RW_R_R)
UNDEFINED(0xd0, 0xde)
SSE41I(0xdf, "aeskeygenassist", Vx, Wx, W_R_R)
UNDEFINED(0xe0, 0xef)
OP(0xf0, BY_PREFIX({0}, {0}, BY_REG(BY_MODE({0}, BY_RM(
    I("hreset", Ib, _, _, R, F0, .implicit = X_AX_R, PRIV))))))
UNDEFINED(0xf1, 0xff)
MAP_END
// clang-format on
