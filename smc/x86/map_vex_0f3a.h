// SPDX-License-Identifier: MIT
// VEX and EVEX instructions of the map 0F3A, all with an immediate byte.
// Unknown: what is left out. [SDM2 chapters 4, 5], [AMD4] for FMA4

// clang-format off
OP(0x00, X2I(P66, "vpermq", W1 | L256, W1 | LONG | BCAST))
OP(0x01, X2I(P66, "vpermpd", W1 | L256, W1 | LONG | BCAST))
OP(0x02, X3I(P66, "vpblendd", W0 | VL, 0))
OP(0x03, X3I_W(P66, "valign", "d", "q", FV))
OP(0x04, X2I(P66, "vpermilps", W0 | VL, W0 | FV))
OP(0x05, X2I(P66, "vpermilpd", W0 | VL, W1 | FV))
OP(0x06, X3I(P66, "vperm2f128", W0 | L256, 0))
OP(0x08,
   X2I(P66, "vroundps", AVX, 0),
   X2I(P66, "vrndscaleps", 0, W0 | FV | SAE))
OP(0x09,
   X2I(P66, "vroundpd", AVX, 0),
   X2I(P66, "vrndscalepd", 0, W1 | FV | SAE))
OP(0x0a,
   V(P66, "vroundss", Vdq, Hdq, Wd, Ib, W_R_R_R, AVX, 0),
   V(P66, "vrndscaless", Vdq, Hdq, Wd, Ib, W_R_R_R, 0, W0 | FVM | SAE))
OP(0x0b,
   V(P66, "vroundsd", Vdq, Hdq, Wq, Ib, W_R_R_R, AVX, 0),
   V(P66, "vrndscalesd", Vdq, Hdq, Wq, Ib, W_R_R_R, 0, W1 | FVM | SAE))
OP(0x0c, X3I(P66, "vblendps", AVX, 0))
OP(0x0d, X3I(P66, "vblendpd", AVX, 0))
OP(0x0e, X3I(P66, "vpblendw", AVX, 0))
OP(0x0f, X3I(P66, "vpalignr", AVX, WIG | FVM))
OP(0x14, V(P66, "vpextrb", EdRb, Vx, Ib, _, W_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0x15, V(P66, "vpextrw", EdRw, Vx, Ib, _, W_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0x16, V(P66, "vpextrd", Ed, Vx, Ib, _, W_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0x17, V(P66, "vextractps", Ed, Vx, Ib, _, W_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0x18,
   V(P66, "vinsertf128", Vx, Hx, Wdq, Ib, W_R_R_R, W0 | L256, 0),
   V(P66, "vinsertf32x4", Vx, Hx, Wdq, Ib, W_R_R_R, 0, W0 | LONG),
   V(P66, "vinsertf64x2", Vx, Hx, Wdq, Ib, W_R_R_R, 0, W1 | LONG))
OP(0x19,
   V(P66, "vextractf128", Wdq, Vx, Ib, _, W_R_R, W0 | L256, 0),
   V(P66, "vextractf32x4", Wdq, Vx, Ib, _, W_R_R, 0, W0 | LONG),
   V(P66, "vextractf64x2", Wdq, Vx, Ib, _, W_R_R, 0, W1 | LONG))
OP(0x1a,
   V(P66, "vinsertf32x8", Vx, Hx, Wqq, Ib, W_R_R_R, 0, W0 | L512 | MASK),
   V(P66, "vinsertf64x4", Vx, Hx, Wqq, Ib, W_R_R_R, 0, W1 | L512 | MASK))
OP(0x1b,
   V(P66, "vextractf32x8", Wqq, Vx, Ib, _, W_R_R, 0, W0 | L512 | MASK),
   V(P66, "vextractf64x4", Wqq, Vx, Ib, _, W_R_R, 0, W1 | L512 | MASK))
OP(0x1d, V(P66, "vcvtps2ph", Wh, Vx, Ib, _, W_R_R, W0 | VL, W0 | FVM | SAE))
OP(0x1e, V_W(P66, "vpcmpu", "d", "q", GK, Hx, Wx, Ib, W_R_R_R, FV))
OP(0x1f, V_W(P66, "vpcmp", "d", "q", GK, Hx, Wx, Ib, W_R_R_R, FV))
OP(0x20, V(P66, "vpinsrb", Vx, Hx, EdRb, Ib, W_R_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0x21, V(P66, "vinsertps", Vx, Hx, Wd, Ib, W_R_R_R, AVX128, W0 | L128))
OP(0x22, V(P66, "vpinsrd", Vx, Hx, Ed, Ib, W_R_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0x23,
   X3I(P66, "vshuff32x4", 0, W0 | LONG | BCAST),
   X3I(P66, "vshuff64x2", 0, W1 | LONG | BCAST))
OP(0x25, V_W(P66, "vpternlog", "d", "q", Vx, Hx, Wx, Ib, RW_R_R_R, FV))
OP(0x26, X2I_W(P66, "vgetmant", "ps", "pd", FV | SAE))
OP(0x27, S3I_W(P66, "vgetmant", FVM | SAE))
OP(0x30,
   V(P66, "kshiftrb", GK, RK, Ib, _, W_R_R, W0 | L128, 0),
   V(P66, "kshiftrw", GK, RK, Ib, _, W_R_R, W1 | L128, 0))
OP(0x31,
   V(P66, "kshiftrd", GK, RK, Ib, _, W_R_R, W0 | L128, 0),
   V(P66, "kshiftrq", GK, RK, Ib, _, W_R_R, W1 | L128, 0))
OP(0x32,
   V(P66, "kshiftlb", GK, RK, Ib, _, W_R_R, W0 | L128, 0),
   V(P66, "kshiftlw", GK, RK, Ib, _, W_R_R, W1 | L128, 0))
OP(0x33,
   V(P66, "kshiftld", GK, RK, Ib, _, W_R_R, W0 | L128, 0),
   V(P66, "kshiftlq", GK, RK, Ib, _, W_R_R, W1 | L128, 0))
OP(0x38,
   V(P66, "vinserti128", Vx, Hx, Wdq, Ib, W_R_R_R, W0 | L256, 0),
   V(P66, "vinserti32x4", Vx, Hx, Wdq, Ib, W_R_R_R, 0, W0 | LONG),
   V(P66, "vinserti64x2", Vx, Hx, Wdq, Ib, W_R_R_R, 0, W1 | LONG))
OP(0x39,
   V(P66, "vextracti128", Wdq, Vx, Ib, _, W_R_R, W0 | L256, 0),
   V(P66, "vextracti32x4", Wdq, Vx, Ib, _, W_R_R, 0, W0 | LONG),
   V(P66, "vextracti64x2", Wdq, Vx, Ib, _, W_R_R, 0, W1 | LONG))
OP(0x3a,
   V(P66, "vinserti32x8", Vx, Hx, Wqq, Ib, W_R_R_R, 0, W0 | L512 | MASK),
   V(P66, "vinserti64x4", Vx, Hx, Wqq, Ib, W_R_R_R, 0, W1 | L512 | MASK))
OP(0x3b,
   V(P66, "vextracti32x8", Wqq, Vx, Ib, _, W_R_R, 0, W0 | L512 | MASK),
   V(P66, "vextracti64x4", Wqq, Vx, Ib, _, W_R_R, 0, W1 | L512 | MASK))
OP(0x3e, V_W(P66, "vpcmpu", "b", "w", GK, Hx, Wx, Ib, W_R_R_R, FVM))
OP(0x3f, V_W(P66, "vpcmp", "b", "w", GK, Hx, Wx, Ib, W_R_R_R, FVM))
OP(0x40, X3I(P66, "vdpps", AVX, 0))
OP(0x41, X3I(P66, "vdppd", AVX128, 0))
OP(0x42, X3I(P66, "vmpsadbw", AVX, 0), X3I(P66, "vdbpsadbw", 0, W0 | FVM))
OP(0x43,
   X3I(P66, "vshufi32x4", 0, W0 | LONG | BCAST),
   X3I(P66, "vshufi64x2", 0, W1 | LONG | BCAST))
OP(0x44, X3I(P66, "vpclmulqdq", AVX, WIG | LALL))
OP(0x46, X3I(P66, "vperm2i128", W0 | L256, 0))
OP(0x4a, V(P66, "vblendvps", Vx, Hx, Wx, Lx, W_R_R_R, W0 | VL, 0))
OP(0x4b, V(P66, "vblendvpd", Vx, Hx, Wx, Lx, W_R_R_R, W0 | VL, 0))
OP(0x4c, V(P66, "vpblendvb", Vx, Hx, Wx, Lx, W_R_R_R, W0 | VL, 0))
OP(0x50, X3I_W(P66, "vrange", "ps", "pd", FV | SAE))
OP(0x51, S3I_W(P66, "vrange", FVM | SAE))
OP(0x54, V_W(P66, "vfixupimm", "ps", "pd", Vx, Hx, Wx, Ib, RW_R_R_R, FV | SAE))
OP(0x55,
   V(P66, "vfixupimmss", Vdq, Hdq, Wd, Ib, RW_R_R_R, 0, W0 | FVM | SAE),
   V(P66, "vfixupimmsd", Vdq, Hdq, Wq, Ib, RW_R_R_R, 0, W1 | FVM | SAE))
OP(0x56, X2I_W(P66, "vreduce", "ps", "pd", FV | SAE))
OP(0x57, S3I_W(P66, "vreduce", FVM | SAE))
OP(0x5c, FMA4_P("vfmaddsubps"))
OP(0x5d, FMA4_P("vfmaddsubpd"))
OP(0x5e, FMA4_P("vfmsubaddps"))
OP(0x5f, FMA4_P("vfmsubaddpd"))
OP(0x60, V(P66, "vpcmpestrm", Vx, Wx, Ib, _, R_R_R, AVX128, 0,
           .row.flags = F_ARITH, .row.implicit = X_PCMPESTRM))
OP(0x61, V(P66, "vpcmpestri", Vx, Wx, Ib, _, R_R_R, AVX128, 0,
           .row.flags = F_ARITH, .row.implicit = X_PCMPESTRI))
OP(0x62, V(P66, "vpcmpistrm", Vx, Wx, Ib, _, R_R_R, AVX128, 0,
           .row.flags = F_ARITH, .row.implicit = X_PCMPISTRM))
OP(0x63, V(P66, "vpcmpistri", Vx, Wx, Ib, _, R_R_R, AVX128, 0,
           .row.flags = F_ARITH, .row.implicit = X_PCMPISTRI))
OP(0x66,
   V(P66, "vfpclassps", GK, Wx, Ib, _, W_R_R, 0, W0 | FV, X_OR_Y),
   V(P66, "vfpclasspd", GK, Wx, Ib, _, W_R_R, 0, W1 | FV, X_OR_Y))
OP(0x67,
   V(P66, "vfpclassss", GK, Wd, Ib, _, W_R_R, 0, W0 | FVM),
   V(P66, "vfpclasssd", GK, Wq, Ib, _, W_R_R, 0, W1 | FVM))
OP(0x68, FMA4_P("vfmaddps"))
OP(0x69, FMA4_P("vfmaddpd"))
OP(0x6a, FMA4_SS("vfmaddss"))
OP(0x6b, FMA4_SD("vfmaddsd"))
OP(0x6c, FMA4_P("vfmsubps"))
OP(0x6d, FMA4_P("vfmsubpd"))
OP(0x6e, FMA4_SS("vfmsubss"))
OP(0x6f, FMA4_SD("vfmsubsd"))
OP(0x70, X3I(P66, "vpshldw", 0, W1 | FVM))
OP(0x71, X3I_W(P66, "vpshld", "d", "q", FV))
OP(0x72, X3I(P66, "vpshrdw", 0, W1 | FVM))
OP(0x73, X3I_W(P66, "vpshrd", "d", "q", FV))
OP(0x78, FMA4_P("vfnmaddps"))
OP(0x79, FMA4_P("vfnmaddpd"))
OP(0x7a, FMA4_SS("vfnmaddss"))
OP(0x7b, FMA4_SD("vfnmaddsd"))
OP(0x7c, FMA4_P("vfnmsubps"))
OP(0x7d, FMA4_P("vfnmsubpd"))
OP(0x7e, FMA4_SS("vfnmsubss"))
OP(0x7f, FMA4_SD("vfnmsubsd"))
OP(0xce, X3I(P66, "vgf2p8affineqb", W1 | VL, W1 | FV))
OP(0xcf, X3I(P66, "vgf2p8affineinvqb", W1 | VL, W1 | FV))
OP(0xdf, X2I(P66, "vaeskeygenassist", AVX128, 0))
OP(0xf0, BMI(F2, "rorx", Gd, Ed, Ib, W_R_R, F0))
// clang-format on
