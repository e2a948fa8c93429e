// SPDX-License-Identifier: MIT
// The tables of VEX and EVEX instructions: what vector.h describes.
//
// The families make them short. Most instructions are the SSE instruction
// with one more source, and come for packed and scalar, single and double.
//
// One opcode has as many rows as it has meanings, by prefix, W, length, mod
// and reg. A row says when it holds in VEX, then when in EVEX; 0 is never.
//
//   X3(P66, "vpaddd", AVX, W0 | FV)
//   X3_W(P66, "vpand", "d", "q", FV)   two rows: vpandd has W 0, vpandq W 1
#include "smc/x86/decode.h"
#include "smc/x86/vector.h"

// A line that is twice there stops the build. One that is missing makes its
// instruction INSN_UNKNOWN: the oracles see that.
#pragma GCC diagnostic error "-Woverride-init"

// clang-format off
enum { NP, P66, F3, F2 };

// Operands that leave ModRM only one form. The row's form follows from its
// operands and cannot be forgotten; intervals of the enumeration in table.h.
#define FORM(s)                                                         \
    (((s) >= M && (s) <= M512) || ((s) >= VMd && (s) <= VMh)            \
         ? FORM_MEMORY                                                  \
     : ((s) >= Rd && (s) <= Rv) || ((s) >= Ux && (s) <= Udq) || (s) == RK \
         ? FORM_REGISTER                                                \
         : 0)

#define V(prefix_, name_, a, b, c, d, use_, vex_, evex_, ...)           \
    {.row = {.kind = ROW_INSN,                                          \
             .shape = SHAPE(a) | SHAPE(b) | SHAPE(c) | SHAPE(d),        \
             .operands = {a, b, c, d}, .use = use_, .name = name_},     \
     .vex = vex_, .evex = evex_, .prefix = prefix_,                     \
     .form = FORM(a) | FORM(b) | FORM(c), __VA_ARGS__}
#define REG(n) .has_reg = 1, .reg = n
#define NO_SUFFIX .row.suffix = SUFFIX_NEVER
#define X_OR_Y .row.suffix = SUFFIX_X

// Whole vectors: two or three operands, with an immediate, accumulating. I at
// the end: Ib. ACC: the destination is a source, too, so it is read.
#define X2(p, name, vex, evex)                                          \
    V(p, name, Vx, Wx, _, _, W_R, vex, evex)
#define X3(p, name, vex, evex)                                          \
    V(p, name, Vx, Hx, Wx, _, W_R_R, vex, evex)
#define X2I(p, name, vex, evex)                                         \
    V(p, name, Vx, Wx, Ib, _, W_R_R, vex, evex)
#define X3I(p, name, vex, evex)                                         \
    V(p, name, Vx, Hx, Wx, Ib, W_R_R_R, vex, evex)
#define ACC3(p, name, vex, evex)                                        \
    V(p, name, Vx, Hx, Wx, _, RW_R_R, vex, evex)

// EVEX only: two names, which W tells apart. Where VEX ignores W and has one
// instruction, VPAND, masks make the size of an element matter.

#define V_W(p, name, n0, n1, a, b, c, d, use, evex)                     \
    V(p, name n0, a, b, c, d, use, 0, W0 | (evex)),                     \
    V(p, name n1, a, b, c, d, use, 0, W1 | (evex))
#define X2_W(p, name, n0, n1, evex)                                     \
    V_W(p, name, n0, n1, Vx, Wx, _, _, W_R, evex)
#define X3_W(p, name, n0, n1, evex)                                     \
    V_W(p, name, n0, n1, Vx, Hx, Wx, _, W_R_R, evex)
#define X2I_W(p, name, n0, n1, evex)                                    \
    V_W(p, name, n0, n1, Vx, Wx, Ib, _, W_R_R, evex)
#define X3I_W(p, name, n0, n1, evex)                                    \
    V_W(p, name, n0, n1, Vx, Hx, Wx, Ib, W_R_R_R, evex)
#define ACC3_W(p, name, n0, n1, evex)                                   \
    V_W(p, name, n0, n1, Vx, Hx, Wx, _, RW_R_R, evex)
#define BLEND_W(name, n0, n1, evex)                                     \
    V(P66, name n0, Vx, Hx, Wx, _, W_R_R, 0, W0 | (evex), CHOOSES),     \
    V(P66, name n1, Vx, Hx, Wx, _, W_R_R, 0, W1 | (evex), CHOOSES)
#define CHOOSES .row.more = BLENDS
// ... scalars, with and without an immediate.
#define S3_W(p, name, evex)                                             \
    V(p, name "ss", Vdq, Hdq, Wd, _, W_R_R, 0, W0 | (evex)),            \
    V(p, name "sd", Vdq, Hdq, Wq, _, W_R_R, 0, W1 | (evex))
#define S3I_W(p, name, evex)                                            \
    V(p, name "ss", Vdq, Hdq, Wd, Ib, W_R_R_R, 0, W0 | (evex)),         \
    V(p, name "sd", Vdq, Hdq, Wq, Ib, W_R_R_R, 0, W1 | (evex))

// packed single, packed double, scalar single, scalar double
#define FLOATS(name, more)                                              \
    X3(NP, name "ps", AVX, W0 | FV | (more)),                           \
    X3(P66, name "pd", AVX, W1 | FV | (more)),                          \
    V(F3, name "ss", Vdq, Hdq, Wd, _, W_R_R, AVX, W0 | FVM | (more)),   \
    V(F2, name "sd", Vdq, Hdq, Wq, _, W_R_R, AVX, W1 | FVM | (more))
#define PS_PD(name)                                                     \
    X3(NP, name "ps", AVX, W0 | FV), X3(P66, name "pd", AVX, W1 | FV)

// FMA3: packed, scalar. FMA4: W swaps the last two operands, so that memory
// may be either; the fourth is in the high four bits of an immediate.
#define FMA_P(name, more)                                               \
    ACC3(P66, name "ps", W0 | VL, W0 | FV | (more)),                    \
    ACC3(P66, name "pd", W1 | VL, W1 | FV | (more))
#define FMA_S(name)                                                     \
    V(P66, name "ss", Vdq, Hdq, Wd, _, RW_R_R, W0 | VL, W0 | FVM | ER), \
    V(P66, name "sd", Vdq, Hdq, Wq, _, RW_R_R, W1 | VL, W1 | FVM | ER)
#define FMA4(name, v, h, w, l)                                          \
    V(P66, name, v, h, w, l, W_R_R_R, W0 | VL, 0),                      \
    V(P66, name, v, h, l, w, W_R_R_R, W1 | VL, 0)
#define FMA4_P(name) FMA4(name, Vx, Hx, Wx, Lx)
#define FMA4_SS(name) FMA4(name, Vdq, Hdq, Wd, Ldq)
#define FMA4_SD(name) FMA4(name, Vdq, Hdq, Wq, Ldq)

// General registers: W chooses 64 bits elsewhere and nothing here. EVEX has
// none of these, so its place goes to the flags.
#define BMI(p, name, a, b, c, use, flags_, ...)                         \
    V(p, name, a, b, c, _, use, AVX128, 0, .row.flags = flags_,         \
      NO_SUFFIX, __VA_ARGS__)

// Memory at a vector of addresses: decode_vex.c checks what only these need.
#define GATHER_V(name, a, b, c, use, vex, evex)                         \
    V(P66, name, a, b, c, _, use, vex, evex, .row.more = GATHER)

// Mask registers: 16, 64, 8 and 32 bits of them. With three operands L is 1,
// with two 0; nothing is 256 bits long.
#define MASKS(name, a, b, c, use, length, ...)                          \
    V(NP, name "w", a, b, c, _, use, W0 | length, 0, __VA_ARGS__),      \
    V(NP, name "q", a, b, c, _, use, W1 | length, 0, __VA_ARGS__),      \
    V(P66, name "b", a, b, c, _, use, W0 | length, 0, __VA_ARGS__),     \
    V(P66, name "d", a, b, c, _, use, W1 | length, 0, __VA_ARGS__)

// A list with its length. Opcodes left out have none: INSN_UNKNOWN, for
// whether they are free or left out of these tables is not known.

#define OP(code, ...)                                                   \
    [code] = {(const struct vector_opcode[]){__VA_ARGS__},              \
              sizeof((const struct vector_opcode[]){__VA_ARGS__}) /     \
                  sizeof(struct vector_opcode)},

const struct vector_list map_vex[3][256] = {
    {
#include "smc/x86/map_vex_0f.h"
    }, {
#include "smc/x86/map_vex_0f38.h"
    }, {
#include "smc/x86/map_vex_0f3a.h"
    }};
// clang-format on
