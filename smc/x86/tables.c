// SPDX-License-Identifier: MIT
// The opcode tables, and the proof that they have no hole.
//
// Each map_*.h lists its 256 opcodes in order: an instruction, a fork, an
// ESCAPE, or UNDEFINED from one to another. map_pass.h reads it three times:
// the compiler counts the lines, checks that each stands where its opcode
// says, and takes the lines as rows. A line that is missing, doubled or out
// of order stops the build.
#include "smc/x86/decode.h"
#include "smc/x86/table.h"

// clang-format off
#define I(name_, a, b, c, use_, flags_, ...)                            \
    {.kind = ROW_INSN, .shape = SHAPE(a) | SHAPE(b) | SHAPE(c),         \
     .operands = {a, b, c}, .use = use_, .flags = flags_, .name = name_, \
     __VA_ARGS__}
#define I4(name_, a, b, c, d, use_, flags_, ...)                        \
    {.kind = ROW_INSN,                                                  \
     .shape = SHAPE(a) | SHAPE(b) | SHAPE(c) | SHAPE(d),                \
     .operands = {a, b, c, d}, .use = use_, .flags = flags_,            \
     .name = name_, __VA_ARGS__}

// A fork's rows are an array of their own. Those left out at its end are
// undefined and take no room; one too many stops the build.
#define ROWS(...) (const struct opcode[]){__VA_ARGS__}
#define AT_MOST(max, n) ((n) + 0 * sizeof(char[(n) <= (max) ? 1 : -1]))
#define FORK(kind_, max, ...)                                           \
    {.kind = kind_, .fork = ROWS(__VA_ARGS__),                          \
     .rows = AT_MOST(max, sizeof(ROWS(__VA_ARGS__)) / sizeof(struct opcode))}
#define BY_PREFIX(...) FORK(FORK_PREFIX, 4, __VA_ARGS__)
#define BY_SIZE(...) FORK(FORK_SIZE, 2, __VA_ARGS__)
#define BY_ADDRESS(...) FORK(FORK_ADDRESS, 2, __VA_ARGS__)
#define BY_MODE(...) FORK(FORK_MODE, 2, __VA_ARGS__)
#define BY_REG(...) FORK(FORK_REG, 8, __VA_ARGS__)
#define BY_RM(...) FORK(FORK_RM, 8, __VA_ARGS__)
// clang-format on

#define MAP_FILE "smc/x86/map_1.h"
#define MAP map_1
#include "smc/x86/map_pass.h"
#define MAP_FILE "smc/x86/map_0f.h"
#define MAP map_0f
#include "smc/x86/map_pass.h"
#define MAP_FILE "smc/x86/map_0f38.h"
#define MAP map_0f38
#include "smc/x86/map_pass.h"
#define MAP_FILE "smc/x86/map_0f3a.h"
#define MAP map_0f3a
#include "smc/x86/map_pass.h"
#define MAP_FILE "smc/x86/map_3dnow.h"
#define MAP map_3dnow
#include "smc/x86/map_pass.h"
