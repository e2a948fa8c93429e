// SPDX-License-Identifier: MIT
// VEX and EVEX instructions of the map 0F. Unknown: what is left out.
// [SDM2 chapters 4, 5]
//
// Two rows with one name: VEX compares into a vector, EVEX into a mask; and
// shifts by an immediate take memory in EVEX only. Where a name ends in 32 or
// 64, EVEX needs W for its mask, and VEX has the name without a number.

// clang-format off
// 10 to 17: moves. VMOVSS has three operands between registers, two with
// memory: the other elements come from the second source or are cleared.
OP(0x10,
   X2(NP, "vmovups", AVX, W0 | FVM),
   X2(P66, "vmovupd", AVX, W1 | FVM),
   V(F3, "vmovss", Vdq, Hdq, Udq, _, W_R_R, AVX, W0 | FVM),
   V(F3, "vmovss", Vdq, Md, _, _, W_R, AVX, W0 | FVM),
   V(F2, "vmovsd", Vdq, Hdq, Udq, _, W_R_R, AVX, W1 | FVM),
   V(F2, "vmovsd", Vdq, Mq, _, _, W_R, AVX, W1 | FVM))
OP(0x11,
   V(NP, "vmovups", Wx, Vx, _, _, W_R, AVX, W0 | FVM),
   V(P66, "vmovupd", Wx, Vx, _, _, W_R, AVX, W1 | FVM),
   V(F3, "vmovss", Udq, Hdq, Vdq, _, W_R_R, AVX, W0 | FVM),
   V(F3, "vmovss", Md, Vdq, _, _, W_R, AVX, W0 | FVM),
   V(F2, "vmovsd", Udq, Hdq, Vdq, _, W_R_R, AVX, W1 | FVM),
   V(F2, "vmovsd", Mq, Vdq, _, _, W_R, AVX, W1 | FVM))
OP(0x12,
   V(NP, "vmovhlps", Vx, Hx, Ux, _, W_R_R, AVX128, W0 | L128),
   V(NP, "vmovlps", Vx, Hx, Mq, _, W_R_R, AVX128, W0 | L128),
   V(P66, "vmovlpd", Vx, Hx, Mq, _, W_R_R, AVX128, W1 | L128),
   X2(F3, "vmovsldup", AVX, W0 | FVM),
   V(F2, "vmovddup", Vx, Wdup, _, _, W_R, AVX, W1 | FVM))
OP(0x13,
   V(NP, "vmovlps", Mq, Vx, _, _, W_R, AVX128, W0 | L128),
   V(P66, "vmovlpd", Mq, Vx, _, _, W_R, AVX128, W1 | L128))
OP(0x14, PS_PD("vunpckl"))
OP(0x15, PS_PD("vunpckh"))
OP(0x16,
   V(NP, "vmovhps", Vx, Hx, Mq, _, W_R_R, AVX128, W0 | L128),
   V(NP, "vmovlhps", Vx, Hx, Ux, _, W_R_R, AVX128, W0 | L128),
   V(P66, "vmovhpd", Vx, Hx, Mq, _, W_R_R, AVX128, W1 | L128),
   X2(F3, "vmovshdup", AVX, W0 | FVM))
OP(0x17,
   V(NP, "vmovhps", Mq, Vx, _, _, W_R, AVX128, W0 | L128),
   V(P66, "vmovhpd", Mq, Vx, _, _, W_R, AVX128, W1 | L128))
// 28 to 2f: moves, conversions, comparisons. ER_IGNORED: a double holds any
// integer of 32 bits, so there is nothing to round.

OP(0x28, X2(NP, "vmovaps", AVX, W0 | FVM), X2(P66, "vmovapd", AVX, W1 | FVM))
OP(0x29,
   V(NP, "vmovaps", Wx, Vx, _, _, W_R, AVX, W0 | FVM),
   V(P66, "vmovapd", Wx, Vx, _, _, W_R, AVX, W1 | FVM))
OP(0x2a,
   V(F3, "vcvtsi2ss", Vdq, Hdq, Ed, _, W_R_R, AVX, WIG | LALL | ER),
   V(F2, "vcvtsi2sd", Vdq, Hdq, Ed, _, W_R_R, AVX, WIG | LALL | ER_IGNORED))
OP(0x2b,
   V(NP, "vmovntps", Mx, Vx, _, _, W_R, AVX, W0 | LALL),
   V(P66, "vmovntpd", Mx, Vx, _, _, W_R, AVX, W1 | LALL))
OP(0x2c,
   V(F3, "vcvttss2si", Gd, Wd, _, _, W_R, AVX, WIG | LALL | SAE),
   V(F2, "vcvttsd2si", Gd, Wq, _, _, W_R, AVX, WIG | LALL | SAE))
OP(0x2d,
   V(F3, "vcvtss2si", Gd, Wd, _, _, W_R, AVX, WIG | LALL | ER),
   V(F2, "vcvtsd2si", Gd, Wq, _, _, W_R, AVX, WIG | LALL | ER))
OP(0x2e,
   V(NP, "vucomiss", Vdq, Wd, _, _, R_R, AVX, W0 | LALL | SAE,
     .row.flags = F_ARITH),
   V(P66, "vucomisd", Vdq, Wq, _, _, R_R, AVX, W1 | LALL | SAE,
     .row.flags = F_ARITH))
OP(0x2f,
   V(NP, "vcomiss", Vdq, Wd, _, _, R_R, AVX, W0 | LALL | SAE,
     .row.flags = F_ARITH),
   V(P66, "vcomisd", Vdq, Wq, _, _, R_R, AVX, W1 | LALL | SAE,
     .row.flags = F_ARITH))
// 41 to 4b: mask registers, VEX only.
OP(0x41, MASKS("kand", GK, Kv, RK, W_R_R, L256))
OP(0x42, MASKS("kandn", GK, Kv, RK, W_R_R, L256))
OP(0x44, MASKS("knot", GK, RK, _, W_R, L128))
OP(0x45, MASKS("kor", GK, Kv, RK, W_R_R, L256))
OP(0x46, MASKS("kxnor", GK, Kv, RK, W_R_R, L256))
OP(0x47, MASKS("kxor", GK, Kv, RK, W_R_R, L256))
OP(0x4a, MASKS("kadd", GK, Kv, RK, W_R_R, L256))
OP(0x4b,
   V(NP, "kunpckdq", GK, Kv, RK, _, W_R_R, W1 | L256, 0),
   V(NP, "kunpckwd", GK, Kv, RK, _, W_R_R, W0 | L256, 0),
   V(P66, "kunpckbw", GK, Kv, RK, _, W_R_R, W0 | L256, 0))
// 50 to 5f: floating point.
OP(0x50,
   V(NP, "vmovmskps", Gd, Ux, _, _, W_R, AVX, 0),
   V(P66, "vmovmskpd", Gd, Ux, _, _, W_R, AVX, 0))
OP(0x51,
   X2(NP, "vsqrtps", AVX, W0 | FV | ER),
   X2(P66, "vsqrtpd", AVX, W1 | FV | ER),
   V(F3, "vsqrtss", Vdq, Hdq, Wd, _, W_R_R, AVX, W0 | FVM | ER),
   V(F2, "vsqrtsd", Vdq, Hdq, Wq, _, W_R_R, AVX, W1 | FVM | ER))
OP(0x52,
   X2(NP, "vrsqrtps", AVX, 0),
   V(F3, "vrsqrtss", Vdq, Hdq, Wd, _, W_R_R, AVX, 0))
OP(0x53,
   X2(NP, "vrcpps", AVX, 0),
   V(F3, "vrcpss", Vdq, Hdq, Wd, _, W_R_R, AVX, 0))
OP(0x54, PS_PD("vand"))
OP(0x55, PS_PD("vandn"))
OP(0x56, PS_PD("vor"))
OP(0x57, PS_PD("vxor"))
OP(0x58, FLOATS("vadd", ER))
OP(0x59, FLOATS("vmul", ER))
OP(0x5a,
   V(NP, "vcvtps2pd", Vx, Wh, _, _, W_R, AVX, W0 | FV | SAE),
   V(P66, "vcvtpd2ps", Vh, Wx, _, _, W_R, AVX, W1 | FV | ER, X_OR_Y),
   V(F3, "vcvtss2sd", Vdq, Hdq, Wd, _, W_R_R, AVX, W0 | FVM | SAE),
   V(F2, "vcvtsd2ss", Vdq, Hdq, Wq, _, W_R_R, AVX, W1 | FVM | ER))
OP(0x5b,
   X2(NP, "vcvtdq2ps", AVX, W0 | FV | ER),
   V(NP, "vcvtqq2ps", Vh, Wx, _, _, W_R, 0, W1 | FV | ER, X_OR_Y),
   X2(P66, "vcvtps2dq", AVX, W0 | FV | ER),
   X2(F3, "vcvttps2dq", AVX, W0 | FV | SAE))
OP(0x5c, FLOATS("vsub", ER))
OP(0x5d, FLOATS("vmin", SAE))
OP(0x5e, FLOATS("vdiv", ER))
OP(0x5f, FLOATS("vmax", SAE))
// 60 to 76: integers. Bytes and words have no broadcast (FVM), and W means
// nothing to them; doublewords and quadwords have both (FV).
OP(0x60, X3(P66, "vpunpcklbw", AVX, WIG | FVM))
OP(0x61, X3(P66, "vpunpcklwd", AVX, WIG | FVM))
OP(0x62, X3(P66, "vpunpckldq", AVX, W0 | FV))
OP(0x63, X3(P66, "vpacksswb", AVX, WIG | FVM))
OP(0x64,
   X3(P66, "vpcmpgtb", AVX, 0),
   V(P66, "vpcmpgtb", GK, Hx, Wx, _, W_R_R, 0, WIG | FVM))
OP(0x65,
   X3(P66, "vpcmpgtw", AVX, 0),
   V(P66, "vpcmpgtw", GK, Hx, Wx, _, W_R_R, 0, WIG | FVM))
OP(0x66,
   X3(P66, "vpcmpgtd", AVX, 0),
   V(P66, "vpcmpgtd", GK, Hx, Wx, _, W_R_R, 0, W0 | FV))
OP(0x67, X3(P66, "vpackuswb", AVX, WIG | FVM))
OP(0x68, X3(P66, "vpunpckhbw", AVX, WIG | FVM))
OP(0x69, X3(P66, "vpunpckhwd", AVX, WIG | FVM))
OP(0x6a, X3(P66, "vpunpckhdq", AVX, W0 | FV))
OP(0x6b, X3(P66, "vpackssdw", AVX, W0 | FV))
OP(0x6c, X3(P66, "vpunpcklqdq", AVX, W1 | FV))
OP(0x6d, X3(P66, "vpunpckhqdq", AVX, W1 | FV))
OP(0x6e, V(P66, "vmovd", Vx, Ed, _, _, W_R, AVX128, WIG | L128, NO_SUFFIX))
OP(0x6f,
   X2(P66, "vmovdqa", AVX, 0),
   X2(P66, "vmovdqa32", 0, W0 | FVM),
   X2(P66, "vmovdqa64", 0, W1 | FVM),
   X2(F3, "vmovdqu", AVX, 0),
   X2(F3, "vmovdqu32", 0, W0 | FVM),
   X2(F3, "vmovdqu64", 0, W1 | FVM),
   X2(F2, "vmovdqu8", 0, W0 | FVM),
   X2(F2, "vmovdqu16", 0, W1 | FVM))
OP(0x70,
   X2I(P66, "vpshufd", AVX, W0 | FV),
   X2I(F3, "vpshufhw", AVX, WIG | FVM),
   X2I(F2, "vpshuflw", AVX, WIG | FVM))
OP(0x71,
   V(P66, "vpsrlw", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(2)),
   V(P66, "vpsrlw", Hx, Wx, Ib, _, W_R_R, 0, WIG | FVM, REG(2)),
   V(P66, "vpsraw", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(4)),
   V(P66, "vpsraw", Hx, Wx, Ib, _, W_R_R, 0, WIG | FVM, REG(4)),
   V(P66, "vpsllw", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(6)),
   V(P66, "vpsllw", Hx, Wx, Ib, _, W_R_R, 0, WIG | FVM, REG(6)))
OP(0x72,
   V(P66, "vprord", Hx, Wx, Ib, _, W_R_R, 0, W0 | FV, REG(0)),
   V(P66, "vprorq", Hx, Wx, Ib, _, W_R_R, 0, W1 | FV, REG(0)),
   V(P66, "vprold", Hx, Wx, Ib, _, W_R_R, 0, W0 | FV, REG(1)),
   V(P66, "vprolq", Hx, Wx, Ib, _, W_R_R, 0, W1 | FV, REG(1)),
   V(P66, "vpsrld", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(2)),
   V(P66, "vpsrld", Hx, Wx, Ib, _, W_R_R, 0, W0 | FV, REG(2)),
   V(P66, "vpsrad", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(4)),
   V(P66, "vpsrad", Hx, Wx, Ib, _, W_R_R, 0, W0 | FV, REG(4)),
   V(P66, "vpsraq", Hx, Wx, Ib, _, W_R_R, 0, W1 | FV, REG(4)),
   V(P66, "vpslld", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(6)),
   V(P66, "vpslld", Hx, Wx, Ib, _, W_R_R, 0, W0 | FV, REG(6)))
OP(0x73,
   V(P66, "vpsrlq", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(2)),
   V(P66, "vpsrlq", Hx, Wx, Ib, _, W_R_R, 0, W1 | FV, REG(2)),
   V(P66, "vpsrldq", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(3)),
   V(P66, "vpsrldq", Hx, Wx, Ib, _, W_R_R, 0, WIG | LALL, REG(3)),
   V(P66, "vpsllq", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(6)),
   V(P66, "vpsllq", Hx, Wx, Ib, _, W_R_R, 0, W1 | FV, REG(6)),
   V(P66, "vpslldq", Hx, Ux, Ib, _, W_R_R, AVX, 0, REG(7)),
   V(P66, "vpslldq", Hx, Wx, Ib, _, W_R_R, 0, WIG | LALL, REG(7)))
OP(0x74,
   X3(P66, "vpcmpeqb", AVX, 0),
   V(P66, "vpcmpeqb", GK, Hx, Wx, _, W_R_R, 0, WIG | FVM))
OP(0x75,
   X3(P66, "vpcmpeqw", AVX, 0),
   V(P66, "vpcmpeqw", GK, Hx, Wx, _, W_R_R, 0, WIG | FVM))
OP(0x76,
   X3(P66, "vpcmpeqd", AVX, 0),
   V(P66, "vpcmpeqd", GK, Hx, Wx, _, W_R_R, 0, W0 | FV))
// 77 to 7f. L tells the first two apart.
OP(0x77,
   V(NP, "vzeroall", _, _, _, _, U0, AVX256, 0, .row.implicit = X_ZEROUPPER),
   V(NP, "vzeroupper", _, _, _, _, U0, AVX128, 0, .row.implicit = X_ZEROUPPER))
OP(0x78,
   X2(NP, "vcvttps2udq", 0, W0 | FV | SAE),
   V(NP, "vcvttpd2udq", Vh, Wx, _, _, W_R, 0, W1 | FV | SAE, X_OR_Y),
   V(P66, "vcvttps2uqq", Vx, Wh, _, _, W_R, 0, W0 | FV | SAE),
   X2(P66, "vcvttpd2uqq", 0, W1 | FV | SAE),
   V(F3, "vcvttss2usi", Gd, Wd, _, _, W_R, 0, WIG | LALL | SAE),
   V(F2, "vcvttsd2usi", Gd, Wq, _, _, W_R, 0, WIG | LALL | SAE))
OP(0x79,
   X2(NP, "vcvtps2udq", 0, W0 | FV | ER),
   V(NP, "vcvtpd2udq", Vh, Wx, _, _, W_R, 0, W1 | FV | ER, X_OR_Y),
   V(P66, "vcvtps2uqq", Vx, Wh, _, _, W_R, 0, W0 | FV | ER),
   X2(P66, "vcvtpd2uqq", 0, W1 | FV | ER),
   V(F3, "vcvtss2usi", Gd, Wd, _, _, W_R, 0, WIG | LALL | ER),
   V(F2, "vcvtsd2usi", Gd, Wq, _, _, W_R, 0, WIG | LALL | ER))
OP(0x7a,
   V(P66, "vcvttps2qq", Vx, Wh, _, _, W_R, 0, W0 | FV | SAE),
   X2(P66, "vcvttpd2qq", 0, W1 | FV | SAE),
   V(F3, "vcvtudq2pd", Vx, Wh, _, _, W_R, 0, W0 | FV | ER_IGNORED),
   X2(F3, "vcvtuqq2pd", 0, W1 | FV | ER),
   X2(F2, "vcvtudq2ps", 0, W0 | FV | ER),
   V(F2, "vcvtuqq2ps", Vh, Wx, _, _, W_R, 0, W1 | FV | ER, X_OR_Y))
OP(0x7b,
   V(P66, "vcvtps2qq", Vx, Wh, _, _, W_R, 0, W0 | FV | ER),
   X2(P66, "vcvtpd2qq", 0, W1 | FV | ER),
   V(F3, "vcvtusi2ss", Vdq, Hdq, Ed, _, W_R_R, 0, WIG | LALL | ER),
   V(F2, "vcvtusi2sd", Vdq, Hdq, Ed, _, W_R_R, 0, WIG | LALL | ER_IGNORED))
OP(0x7c, X3(P66, "vhaddpd", AVX, 0), X3(F2, "vhaddps", AVX, 0))
OP(0x7d, X3(P66, "vhsubpd", AVX, 0), X3(F2, "vhsubps", AVX, 0))
OP(0x7e,
   V(P66, "vmovd", Ed, Vx, _, _, W_R, AVX128, WIG | L128, NO_SUFFIX),
   V(F3, "vmovq", Vx, Wq, _, _, W_R, AVX128, W1 | L128))
OP(0x7f,
   V(P66, "vmovdqa", Wx, Vx, _, _, W_R, AVX, 0),
   V(P66, "vmovdqa32", Wx, Vx, _, _, W_R, 0, W0 | FVM),
   V(P66, "vmovdqa64", Wx, Vx, _, _, W_R, 0, W1 | FVM),
   V(F3, "vmovdqu", Wx, Vx, _, _, W_R, AVX, 0),
   V(F3, "vmovdqu32", Wx, Vx, _, _, W_R, 0, W0 | FVM),
   V(F3, "vmovdqu64", Wx, Vx, _, _, W_R, 0, W1 | FVM),
   V(F2, "vmovdqu8", Wx, Vx, _, _, W_R, 0, W0 | FVM),
   V(F2, "vmovdqu16", Wx, Vx, _, _, W_R, 0, W1 | FVM))
// 90 to 99: mask registers, to and from memory and general registers.
OP(0x90,
   V(NP, "kmovq", GK, EKq, _, _, W_R, W1 | L128, 0),
   V(NP, "kmovw", GK, EKw, _, _, W_R, W0 | L128, 0),
   V(P66, "kmovb", GK, EKb, _, _, W_R, W0 | L128, 0),
   V(P66, "kmovd", GK, EKd, _, _, W_R, W1 | L128, 0))
OP(0x91,
   V(NP, "kmovq", Mq, GK, _, _, W_R, W1 | L128, 0),
   V(NP, "kmovw", Mw, GK, _, _, W_R, W0 | L128, 0),
   V(P66, "kmovb", Mb, GK, _, _, W_R, W0 | L128, 0),
   V(P66, "kmovd", Md, GK, _, _, W_R, W1 | L128, 0))
OP(0x92,
   V(NP, "kmovw", GK, Rd, _, _, W_R, W0 | L128, 0, NO_SUFFIX),
   V(P66, "kmovb", GK, Rd, _, _, W_R, W0 | L128, 0, NO_SUFFIX),
   V(F2, "kmovd", GK, Rd, _, _, W_R, AVX128, 0, NO_SUFFIX))
OP(0x93,
   V(NP, "kmovw", Gd, RK, _, _, W_R, W0 | L128, 0),
   V(P66, "kmovb", Gd, RK, _, _, W_R, W0 | L128, 0),
   V(F2, "kmovd", Gd, RK, _, _, W_R, AVX128, 0))
OP(0x98, MASKS("kortest", GK, RK, _, R_R, L128, .row.flags = F_ARITH))
OP(0x99, MASKS("ktest", GK, RK, _, R_R, L128, .row.flags = F_ARITH))
OP(0xae,
   V(NP, "vldmxcsr", Md, _, _, _, R, AVX128, 0, REG(2), NO_SUFFIX,
     .row.implicit = X_MXCSR_W),
   V(NP, "vstmxcsr", Md, _, _, _, W, AVX128, 0, REG(3), NO_SUFFIX,
     .row.implicit = X_MXCSR_R))
// c2 to c6: an immediate each.
OP(0xc2,
   X3I(NP, "vcmpps", AVX, 0),
   V(NP, "vcmpps", GK, Hx, Wx, Ib, W_R_R_R, 0, W0 | FV | SAE),
   X3I(P66, "vcmppd", AVX, 0),
   V(P66, "vcmppd", GK, Hx, Wx, Ib, W_R_R_R, 0, W1 | FV | SAE),
   V(F3, "vcmpss", Vdq, Hdq, Wd, Ib, W_R_R_R, AVX, 0),
   V(F3, "vcmpss", GK, Hdq, Wd, Ib, W_R_R_R, 0, W0 | FVM | SAE),
   V(F2, "vcmpsd", Vdq, Hdq, Wq, Ib, W_R_R_R, AVX, 0),
   V(F2, "vcmpsd", GK, Hdq, Wq, Ib, W_R_R_R, 0, W1 | FVM | SAE))
OP(0xc4, V(P66, "vpinsrw", Vx, Hx, EdRw, Ib, W_R_R_R, AVX128, WIG | L128,
           NO_SUFFIX))
OP(0xc5, V(P66, "vpextrw", Gd, Ux, Ib, _, W_R_R, AVX128, WIG | L128))
OP(0xc6, X3I(NP, "vshufps", AVX, W0 | FV), X3I(P66, "vshufpd", AVX, W1 | FV))
// d0 to fe: integers again. Shifts by a register: the count is in 128 bits
// (Wdq) whatever the length, and is never broadcast.

OP(0xd0, X3(P66, "vaddsubpd", AVX, 0), X3(F2, "vaddsubps", AVX, 0))
OP(0xd1, V(P66, "vpsrlw", Vx, Hx, Wdq, _, W_R_R, AVX, WIG | FVM))
OP(0xd2, V(P66, "vpsrld", Vx, Hx, Wdq, _, W_R_R, AVX, W0 | FVM))
OP(0xd3, V(P66, "vpsrlq", Vx, Hx, Wdq, _, W_R_R, AVX, W1 | FVM))
OP(0xd4, X3(P66, "vpaddq", AVX, W1 | FV))
OP(0xd5, X3(P66, "vpmullw", AVX, WIG | FVM))
OP(0xd6, V(P66, "vmovq", Wq, Vx, _, _, W_R, AVX128, W1 | L128))
OP(0xd7, V(P66, "vpmovmskb", Gd, Ux, _, _, W_R, AVX, 0))
OP(0xd8, X3(P66, "vpsubusb", AVX, WIG | FVM))
OP(0xd9, X3(P66, "vpsubusw", AVX, WIG | FVM))
OP(0xda, X3(P66, "vpminub", AVX, WIG | FVM))
OP(0xdb, X3(P66, "vpand", AVX, 0), X3_W(P66, "vpand", "d", "q", FV))
OP(0xdc, X3(P66, "vpaddusb", AVX, WIG | FVM))
OP(0xdd, X3(P66, "vpaddusw", AVX, WIG | FVM))
OP(0xde, X3(P66, "vpmaxub", AVX, WIG | FVM))
OP(0xdf, X3(P66, "vpandn", AVX, 0), X3_W(P66, "vpandn", "d", "q", FV))
OP(0xe0, X3(P66, "vpavgb", AVX, WIG | FVM))
OP(0xe1, V(P66, "vpsraw", Vx, Hx, Wdq, _, W_R_R, AVX, WIG | FVM))
OP(0xe2,
   V(P66, "vpsrad", Vx, Hx, Wdq, _, W_R_R, AVX, W0 | FVM),
   V(P66, "vpsraq", Vx, Hx, Wdq, _, W_R_R, 0, W1 | FVM))
OP(0xe3, X3(P66, "vpavgw", AVX, WIG | FVM))
OP(0xe4, X3(P66, "vpmulhuw", AVX, WIG | FVM))
OP(0xe5, X3(P66, "vpmulhw", AVX, WIG | FVM))
OP(0xe6,
   V(P66, "vcvttpd2dq", Vh, Wx, _, _, W_R, AVX, W1 | FV | SAE, X_OR_Y),
   V(F3, "vcvtdq2pd", Vx, Wh, _, _, W_R, AVX, W0 | FV | ER_IGNORED),
   X2(F3, "vcvtqq2pd", 0, W1 | FV | ER),
   V(F2, "vcvtpd2dq", Vh, Wx, _, _, W_R, AVX, W1 | FV | ER, X_OR_Y))
OP(0xe7, V(P66, "vmovntdq", Mx, Vx, _, _, W_R, AVX, W0 | LALL))
OP(0xe8, X3(P66, "vpsubsb", AVX, WIG | FVM))
OP(0xe9, X3(P66, "vpsubsw", AVX, WIG | FVM))
OP(0xea, X3(P66, "vpminsw", AVX, WIG | FVM))
OP(0xeb, X3(P66, "vpor", AVX, 0), X3_W(P66, "vpor", "d", "q", FV))
OP(0xec, X3(P66, "vpaddsb", AVX, WIG | FVM))
OP(0xed, X3(P66, "vpaddsw", AVX, WIG | FVM))
OP(0xee, X3(P66, "vpmaxsw", AVX, WIG | FVM))
OP(0xef, X3(P66, "vpxor", AVX, 0), X3_W(P66, "vpxor", "d", "q", FV))
OP(0xf0, V(F2, "vlddqu", Vx, Mx, _, _, W_R, AVX, 0))
OP(0xf1, V(P66, "vpsllw", Vx, Hx, Wdq, _, W_R_R, AVX, WIG | FVM))
OP(0xf2, V(P66, "vpslld", Vx, Hx, Wdq, _, W_R_R, AVX, W0 | FVM))
OP(0xf3, V(P66, "vpsllq", Vx, Hx, Wdq, _, W_R_R, AVX, W1 | FVM))
OP(0xf4, X3(P66, "vpmuludq", AVX, W1 | FV))
OP(0xf5, X3(P66, "vpmaddwd", AVX, WIG | FVM))
OP(0xf6, X3(P66, "vpsadbw", AVX, WIG | LALL))
OP(0xf7, V(P66, "vmaskmovdqu", Vx, Ux, DIx, _, R_R_W, AVX128, 0))
OP(0xf8, X3(P66, "vpsubb", AVX, WIG | FVM))
OP(0xf9, X3(P66, "vpsubw", AVX, WIG | FVM))
OP(0xfa, X3(P66, "vpsubd", AVX, W0 | FV))
OP(0xfb, X3(P66, "vpsubq", AVX, W1 | FV))
OP(0xfc, X3(P66, "vpaddb", AVX, WIG | FVM))
OP(0xfd, X3(P66, "vpaddw", AVX, WIG | FVM))
OP(0xfe, X3(P66, "vpaddd", AVX, W0 | FV))
// clang-format on
