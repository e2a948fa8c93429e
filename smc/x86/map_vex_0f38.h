// SPDX-License-Identifier: MIT
// VEX and EVEX instructions of the map 0F38. Unknown: what is left out.
// [SDM2 chapters 4, 5]

// clang-format off
OP(0x00, X3(P66, "vpshufb", AVX, WIG | FVM))
OP(0x01, X3(P66, "vphaddw", AVX, 0))
OP(0x02, X3(P66, "vphaddd", AVX, 0))
OP(0x03, X3(P66, "vphaddsw", AVX, 0))
OP(0x04, X3(P66, "vpmaddubsw", AVX, WIG | FVM))
OP(0x05, X3(P66, "vphsubw", AVX, 0))
OP(0x06, X3(P66, "vphsubd", AVX, 0))
OP(0x07, X3(P66, "vphsubsw", AVX, 0))
OP(0x08, X3(P66, "vpsignb", AVX, 0))
OP(0x09, X3(P66, "vpsignw", AVX, 0))
OP(0x0a, X3(P66, "vpsignd", AVX, 0))
OP(0x0b, X3(P66, "vpmulhrsw", AVX, WIG | FVM))
OP(0x0c, X3(P66, "vpermilps", W0 | VL, W0 | FV))
OP(0x0d, X3(P66, "vpermilpd", W0 | VL, W1 | FV))
OP(0x0e, V(P66, "vtestps", Vx, Wx, _, _, R_R, W0 | VL, 0,
           .row.flags = F_ARITH))
OP(0x0f, V(P66, "vtestpd", Vx, Wx, _, _, R_R, W0 | VL, 0,
           .row.flags = F_ARITH))
OP(0x10,
   X3(P66, "vpsrlvw", 0, W1 | FVM),
   V(F3, "vpmovuswb", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x11,
   X3(P66, "vpsravw", 0, W1 | FVM),
   V(F3, "vpmovusdb", Wf, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x12,
   X3(P66, "vpsllvw", 0, W1 | FVM),
   V(F3, "vpmovusqb", We, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x13,
   V(P66, "vcvtph2ps", Vx, Wh, _, _, W_R, W0 | VL, W0 | FVM | SAE),
   V(F3, "vpmovusdw", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x14,
   X3_W(P66, "vprorv", "d", "q", FV),
   V(F3, "vpmovusqw", Wf, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x15,
   X3_W(P66, "vprolv", "d", "q", FV),
   V(F3, "vpmovusqd", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x16,
   X3(P66, "vpermps", W0 | L256, W0 | LONG | BCAST),
   X3(P66, "vpermpd", 0, W1 | LONG | BCAST))
OP(0x17, V(P66, "vptest", Vx, Wx, _, _, R_R, AVX, 0, .row.flags = F_ARITH))
OP(0x18, V(P66, "vbroadcastss", Vx, Wd, _, _, W_R, W0 | VL, W0 | FVM))
OP(0x19,
   V(P66, "vbroadcastsd", Vx, Wq, _, _, W_R, W0 | L256, W1 | LONG),
   V(P66, "vbroadcastf32x2", Vx, Wq, _, _, W_R, 0, W0 | LONG))
OP(0x1a,
   V(P66, "vbroadcastf128", Vx, Mdq, _, _, W_R, W0 | L256, 0),
   V(P66, "vbroadcastf32x4", Vx, Mdq, _, _, W_R, 0, W0 | LONG),
   V(P66, "vbroadcastf64x2", Vx, Mdq, _, _, W_R, 0, W1 | LONG))
OP(0x1b,
   V(P66, "vbroadcastf32x8", Vx, Mqq, _, _, W_R, 0, W0 | L512 | MASK),
   V(P66, "vbroadcastf64x4", Vx, Mqq, _, _, W_R, 0, W1 | L512 | MASK))
OP(0x1c, X2(P66, "vpabsb", AVX, WIG | FVM))
OP(0x1d, X2(P66, "vpabsw", AVX, WIG | FVM))
OP(0x1e, X2(P66, "vpabsd", AVX, W0 | FV))
OP(0x1f, X2(P66, "vpabsq", 0, W1 | FV))
OP(0x20,
   V(P66, "vpmovsxbw", Vx, Wh, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovswb", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x21,
   V(P66, "vpmovsxbd", Vx, Wf, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovsdb", Wf, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x22,
   V(P66, "vpmovsxbq", Vx, We, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovsqb", We, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x23,
   V(P66, "vpmovsxwd", Vx, Wh, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovsdw", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x24,
   V(P66, "vpmovsxwq", Vx, Wf, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovsqw", Wf, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x25,
   V(P66, "vpmovsxdq", Vx, Wh, _, _, W_R, AVX, W0 | FVM),
   V(F3, "vpmovsqd", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x26,
   V_W(P66, "vptestm", "b", "w", GK, Hx, Wx, _, W_R_R, FVM),
   V_W(F3, "vptestnm", "b", "w", GK, Hx, Wx, _, W_R_R, FVM))
OP(0x27,
   V_W(P66, "vptestm", "d", "q", GK, Hx, Wx, _, W_R_R, FV),
   V_W(F3, "vptestnm", "d", "q", GK, Hx, Wx, _, W_R_R, FV))
OP(0x28,
   X3(P66, "vpmuldq", AVX, W1 | FV),
   V_W(F3, "vpmovm2", "b", "w", Vx, RK, _, _, W_R, LALL))
OP(0x29,
   X3(P66, "vpcmpeqq", AVX, 0),
   V(P66, "vpcmpeqq", GK, Hx, Wx, _, W_R_R, 0, W1 | FV),
   V(F3, "vpmovb2m", GK, Ux, _, _, W_R, 0, W0 | LALL),
   V(F3, "vpmovw2m", GK, Ux, _, _, W_R, 0, W1 | LALL))
OP(0x2a,
   V(P66, "vmovntdqa", Vx, Mx, _, _, W_R, AVX, W0 | LALL),
   V(F3, "vpbroadcastmb2q", Vx, RK, _, _, W_R, 0, W1 | LALL))
OP(0x2b, X3(P66, "vpackusdw", AVX, W0 | FV))
OP(0x2c,
   V(P66, "vmaskmovps", Vx, Hx, Mx, _, W_R_R, W0 | VL, 0),
   X3_W(P66, "vscalef", "ps", "pd", FV | ER))
OP(0x2d,
   V(P66, "vmaskmovpd", Vx, Hx, Mx, _, W_R_R, W0 | VL, 0),
   S3_W(P66, "vscalef", FVM | ER))
OP(0x2e, V(P66, "vmaskmovps", Mx, Hx, Vx, _, W_R_R, W0 | VL, 0))
OP(0x2f, V(P66, "vmaskmovpd", Mx, Hx, Vx, _, W_R_R, W0 | VL, 0))
OP(0x30,
   V(P66, "vpmovzxbw", Vx, Wh, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovwb", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x31,
   V(P66, "vpmovzxbd", Vx, Wf, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovdb", Wf, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x32,
   V(P66, "vpmovzxbq", Vx, We, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovqb", We, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x33,
   V(P66, "vpmovzxwd", Vx, Wh, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovdw", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x34,
   V(P66, "vpmovzxwq", Vx, Wf, _, _, W_R, AVX, WIG | FVM),
   V(F3, "vpmovqw", Wf, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x35,
   V(P66, "vpmovzxdq", Vx, Wh, _, _, W_R, AVX, W0 | FVM),
   V(F3, "vpmovqd", Wh, Vx, _, _, W_R, 0, W0 | FVM))
OP(0x36,
   X3(P66, "vpermd", W0 | L256, W0 | LONG | BCAST),
   X3(P66, "vpermq", 0, W1 | LONG | BCAST))
OP(0x37,
   X3(P66, "vpcmpgtq", AVX, 0),
   V(P66, "vpcmpgtq", GK, Hx, Wx, _, W_R_R, 0, W1 | FV))
OP(0x38,
   X3(P66, "vpminsb", AVX, WIG | FVM),
   V_W(F3, "vpmovm2", "d", "q", Vx, RK, _, _, W_R, LALL))
OP(0x39,
   X3(P66, "vpminsd", AVX, W0 | FV),
   X3(P66, "vpminsq", 0, W1 | FV),
   V(F3, "vpmovd2m", GK, Ux, _, _, W_R, 0, W0 | LALL),
   V(F3, "vpmovq2m", GK, Ux, _, _, W_R, 0, W1 | LALL))
OP(0x3a,
   X3(P66, "vpminuw", AVX, WIG | FVM),
   V(F3, "vpbroadcastmw2d", Vx, RK, _, _, W_R, 0, W0 | LALL))
OP(0x3b, X3(P66, "vpminud", AVX, W0 | FV), X3(P66, "vpminuq", 0, W1 | FV))
OP(0x3c, X3(P66, "vpmaxsb", AVX, WIG | FVM))
OP(0x3d, X3(P66, "vpmaxsd", AVX, W0 | FV), X3(P66, "vpmaxsq", 0, W1 | FV))
OP(0x3e, X3(P66, "vpmaxuw", AVX, WIG | FVM))
OP(0x3f, X3(P66, "vpmaxud", AVX, W0 | FV), X3(P66, "vpmaxuq", 0, W1 | FV))
OP(0x40, X3(P66, "vpmulld", AVX, W0 | FV), X3(P66, "vpmullq", 0, W1 | FV))
OP(0x41, X2(P66, "vphminposuw", AVX128, 0))
OP(0x42, X2_W(P66, "vgetexp", "ps", "pd", FV | SAE))
OP(0x43, S3_W(P66, "vgetexp", FVM | SAE))
OP(0x44, X2_W(P66, "vplzcnt", "d", "q", FV))
OP(0x45,
   X3(P66, "vpsrlvd", W0 | VL, W0 | FV),
   X3(P66, "vpsrlvq", W1 | VL, W1 | FV))
OP(0x46, X3(P66, "vpsravd", W0 | VL, W0 | FV), X3(P66, "vpsravq", 0, W1 | FV))
OP(0x47,
   X3(P66, "vpsllvd", W0 | VL, W0 | FV),
   X3(P66, "vpsllvq", W1 | VL, W1 | FV))
OP(0x4c, X2_W(P66, "vrcp14", "ps", "pd", FV))
OP(0x4d, S3_W(P66, "vrcp14", FVM))
OP(0x4e, X2_W(P66, "vrsqrt14", "ps", "pd", FV))
OP(0x4f, S3_W(P66, "vrsqrt14", FVM))
OP(0x50, ACC3(P66, "vpdpbusd", W0 | VL, W0 | FV))
OP(0x51, ACC3(P66, "vpdpbusds", W0 | VL, W0 | FV))
OP(0x52,
   ACC3(P66, "vpdpwssd", W0 | VL, W0 | FV),
   ACC3(F3, "vdpbf16ps", 0, W0 | FV))
OP(0x53, ACC3(P66, "vpdpwssds", W0 | VL, W0 | FV))
OP(0x54, X2_W(P66, "vpopcnt", "b", "w", FVM))
OP(0x55, X2_W(P66, "vpopcnt", "d", "q", FV))
OP(0x58, V(P66, "vpbroadcastd", Vx, Wd, _, _, W_R, W0 | VL, W0 | FVM))
OP(0x59,
   V(P66, "vpbroadcastq", Vx, Wq, _, _, W_R, W0 | VL, W1 | FVM),
   V(P66, "vbroadcasti32x2", Vx, Wq, _, _, W_R, 0, W0 | FVM))
OP(0x5a,
   V(P66, "vbroadcasti128", Vx, Mdq, _, _, W_R, W0 | L256, 0),
   V(P66, "vbroadcasti32x4", Vx, Mdq, _, _, W_R, 0, W0 | LONG),
   V(P66, "vbroadcasti64x2", Vx, Mdq, _, _, W_R, 0, W1 | LONG))
OP(0x5b,
   V(P66, "vbroadcasti32x8", Vx, Mqq, _, _, W_R, 0, W0 | L512 | MASK),
   V(P66, "vbroadcasti64x4", Vx, Mqq, _, _, W_R, 0, W1 | L512 | MASK))
OP(0x62, X2_W(P66, "vpexpand", "b", "w", FVM | UNIT_1))
OP(0x63, V_W(P66, "vpcompress", "b", "w", Wx, Vx, _, _, W_R, FVM | UNIT_1))
OP(0x64, BLEND_W("vpblendm", "d", "q", FV))
OP(0x65, BLEND_W("vblendm", "ps", "pd", FV))
OP(0x66, BLEND_W("vpblendm", "b", "w", FVM))
OP(0x68, V_W(F2, "vp2intersect", "d", "q", GK, Hx, Wx, _, W_R_R, LALL | BCAST))
OP(0x70, ACC3(P66, "vpshldvw", 0, W1 | FVM))
OP(0x71, ACC3_W(P66, "vpshldv", "d", "q", FV))
OP(0x72,
   ACC3(P66, "vpshrdvw", 0, W1 | FVM),
   V(F3, "vcvtneps2bf16", Vh, Wx, _, _, W_R, 0, W0 | FV, X_OR_Y),
   X3(F2, "vcvtne2ps2bf16", 0, W0 | FV))
OP(0x73, ACC3_W(P66, "vpshrdv", "d", "q", FV))
OP(0x75, ACC3_W(P66, "vpermi2", "b", "w", FVM))
OP(0x76, ACC3_W(P66, "vpermi2", "d", "q", FV))
OP(0x77, ACC3_W(P66, "vpermi2", "ps", "pd", FV))
OP(0x78, V(P66, "vpbroadcastb", Vx, Wb, _, _, W_R, W0 | VL, W0 | FVM))
OP(0x79, V(P66, "vpbroadcastw", Vx, Ww, _, _, W_R, W0 | VL, W0 | FVM))
OP(0x7a, V(P66, "vpbroadcastb", Vx, Rd, _, _, W_R, 0, W0 | FVM, NO_SUFFIX))
OP(0x7b, V(P66, "vpbroadcastw", Vx, Rd, _, _, W_R, 0, W0 | FVM, NO_SUFFIX))
OP(0x7c, V(P66, "vpbroadcastd", Vx, Rd, _, _, W_R, 0, WIG | FVM, NO_SUFFIX))
OP(0x7d, ACC3_W(P66, "vpermt2", "b", "w", FVM))
OP(0x7e, ACC3_W(P66, "vpermt2", "d", "q", FV))
OP(0x7f, ACC3_W(P66, "vpermt2", "ps", "pd", FV))
OP(0x83, X3(P66, "vpmultishiftqb", 0, W1 | FV))
OP(0x88, X2_W(P66, "vexpand", "ps", "pd", FVM | UNIT_4))
OP(0x89, X2_W(P66, "vpexpand", "d", "q", FVM | UNIT_4))
OP(0x8a, V_W(P66, "vcompress", "ps", "pd", Wx, Vx, _, _, W_R, FVM | UNIT_4))
OP(0x8b, V_W(P66, "vpcompress", "d", "q", Wx, Vx, _, _, W_R, FVM | UNIT_4))
OP(0x8c,
   V(P66, "vpmaskmovd", Vx, Hx, Mx, _, W_R_R, W0 | VL, 0),
   V(P66, "vpmaskmovq", Vx, Hx, Mx, _, W_R_R, W1 | VL, 0))
OP(0x8d, X3_W(P66, "vperm", "b", "w", FVM))
OP(0x8e,
   V(P66, "vpmaskmovd", Mx, Hx, Vx, _, W_R_R, W0 | VL, 0),
   V(P66, "vpmaskmovq", Mx, Hx, Vx, _, W_R_R, W1 | VL, 0))
OP(0x8f, V(P66, "vpshufbitqmb", GK, Hx, Wx, _, W_R_R, 0, W0 | FVM))
OP(0x90,
   GATHER_V("vpgatherdd", Vx, VMd, Hx, RW_R_RW, W0 | VL, 0),
   GATHER_V("vpgatherdq", Vx, VMh, Hx, RW_R_RW, W1 | VL, 0),
   GATHER_V("vpgatherdd", Vx, VMd, _, RW_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vpgatherdq", Vx, VMh, _, RW_R, 0, W1 | LALL | NEEDS_MASK))
OP(0x91,
   GATHER_V("vpgatherqd", Vdq, VMd, Hdq, RW_R_RW, W0 | VL, 0),
   GATHER_V("vpgatherqq", Vx, VMq, Hx, RW_R_RW, W1 | VL, 0),
   GATHER_V("vpgatherqd", Vh, VMd, _, RW_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vpgatherqq", Vx, VMq, _, RW_R, 0, W1 | LALL | NEEDS_MASK))
OP(0x92,
   GATHER_V("vgatherdpd", Vx, VMh, Hx, RW_R_RW, W1 | VL, 0),
   GATHER_V("vgatherdps", Vx, VMd, Hx, RW_R_RW, W0 | VL, 0),
   GATHER_V("vgatherdps", Vx, VMd, _, RW_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vgatherdpd", Vx, VMh, _, RW_R, 0, W1 | LALL | NEEDS_MASK))
OP(0x93,
   GATHER_V("vgatherqpd", Vx, VMq, Hx, RW_R_RW, W1 | VL, 0),
   GATHER_V("vgatherqps", Vdq, VMd, Hdq, RW_R_RW, W0 | VL, 0),
   GATHER_V("vgatherqps", Vh, VMd, _, RW_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vgatherqpd", Vx, VMq, _, RW_R, 0, W1 | LALL | NEEDS_MASK))
OP(0x96, FMA_P("vfmaddsub132", ER))
OP(0x97, FMA_P("vfmsubadd132", ER))
OP(0x98, FMA_P("vfmadd132", ER))
OP(0x99, FMA_S("vfmadd132"))
OP(0x9a, FMA_P("vfmsub132", ER))
OP(0x9b, FMA_S("vfmsub132"))
OP(0x9c, FMA_P("vfnmadd132", ER))
OP(0x9d, FMA_S("vfnmadd132"))
OP(0x9e, FMA_P("vfnmsub132", ER))
OP(0x9f, FMA_S("vfnmsub132"))
OP(0xa0,
   GATHER_V("vpscatterdd", VMd, Vx, _, W_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vpscatterdq", VMh, Vx, _, W_R, 0, W1 | LALL | NEEDS_MASK))
OP(0xa1,
   GATHER_V("vpscatterqd", VMd, Vh, _, W_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vpscatterqq", VMq, Vx, _, W_R, 0, W1 | LALL | NEEDS_MASK))
OP(0xa2,
   GATHER_V("vscatterdps", VMd, Vx, _, W_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vscatterdpd", VMh, Vx, _, W_R, 0, W1 | LALL | NEEDS_MASK))
OP(0xa3,
   GATHER_V("vscatterqps", VMd, Vh, _, W_R, 0, W0 | LALL | NEEDS_MASK),
   GATHER_V("vscatterqpd", VMq, Vx, _, W_R, 0, W1 | LALL | NEEDS_MASK))
OP(0xa6, FMA_P("vfmaddsub213", ER))
OP(0xa7, FMA_P("vfmsubadd213", ER))
OP(0xa8, FMA_P("vfmadd213", ER))
OP(0xa9, FMA_S("vfmadd213"))
OP(0xaa, FMA_P("vfmsub213", ER))
OP(0xab, FMA_S("vfmsub213"))
OP(0xac, FMA_P("vfnmadd213", ER))
OP(0xad, FMA_S("vfnmadd213"))
OP(0xae, FMA_P("vfnmsub213", ER))
OP(0xaf, FMA_S("vfnmsub213"))
OP(0xb4, ACC3(P66, "vpmadd52luq", 0, W1 | FV))
OP(0xb5, ACC3(P66, "vpmadd52huq", 0, W1 | FV))
OP(0xb6, FMA_P("vfmaddsub231", ER))
OP(0xb7, FMA_P("vfmsubadd231", ER))
OP(0xb8, FMA_P("vfmadd231", ER))
OP(0xb9, FMA_S("vfmadd231"))
OP(0xba, FMA_P("vfmsub231", ER))
OP(0xbb, FMA_S("vfmsub231"))
OP(0xbc, FMA_P("vfnmadd231", ER))
OP(0xbd, FMA_S("vfnmadd231"))
OP(0xbe, FMA_P("vfnmsub231", ER))
OP(0xbf, FMA_S("vfnmsub231"))
OP(0xc4, X2_W(P66, "vpconflict", "d", "q", FV))
OP(0xcf, X3(P66, "vgf2p8mulb", W0 | VL, W0 | FVM))
OP(0xdb, X2(P66, "vaesimc", AVX128, 0))
OP(0xdc, X3(P66, "vaesenc", AVX, WIG | LALL))
OP(0xdd, X3(P66, "vaesenclast", AVX, WIG | LALL))
OP(0xde, X3(P66, "vaesdec", AVX, WIG | LALL))
OP(0xdf, X3(P66, "vaesdeclast", AVX, WIG | LALL))
OP(0xf2, BMI(NP, "andn", Gd, By, Ed, W_R_R, F_BMI))
OP(0xf3,
   BMI(NP, "blsr", By, Ed, _, W_R, F_BMI, REG(1)),
   BMI(NP, "blsmsk", By, Ed, _, W_R, F_BMI, REG(2)),
   BMI(NP, "blsi", By, Ed, _, W_R, F_BMI, REG(3)))
OP(0xf5,
   BMI(NP, "bzhi", Gd, Ed, By, W_R_R, F_BMI),
   BMI(F3, "pext", Gd, By, Ed, W_R_R, F0),
   BMI(F2, "pdep", Gd, By, Ed, W_R_R, F0))
OP(0xf6, BMI(F2, "mulx", Gd, By, Ed, W_W_R, F0, .row.implicit = X_MULX))
OP(0xf7,
   BMI(NP, "bextr", Gd, Ed, By, W_R_R, F_BEXTR),
   BMI(P66, "shlx", Gd, Ed, By, W_R_R, F0),
   BMI(F3, "sarx", Gd, Ed, By, W_R_R, F0),
   BMI(F2, "shrx", Gd, Ed, By, W_R_R, F0))
// clang-format on
