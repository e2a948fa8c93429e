// SPDX-License-Identifier: MIT
// The sixteen conditions in every state of the flags that they may look at,
// all 64 of O, S, Z, A, P and C, and the loops besides: random states meet a
// combination such as "S = O but Z" rarely. A is looked at by none.
//
//   Jcc rel8, Jcc rel32, SETcc, CMOVcc     16 conditions x 64 states
//   LOOPNE, LOOPE, LOOP, JECXZ             4 x 64 states x 5 counts
//
// The table is written down here as the manual words it, each condition for
// itself; the emulator's own derives eight of them. [SDM2 Jcc]
#include "smc/x86/emulate.h"
#include "tests-host/emulate_known.h"
#include "tests-host/host.h"
#include <string.h>

enum { CODE = 0x40000, TARGET = 0x10 };

struct flags {
    bool o, s, z, a, p, c;
};

static bool is_met(unsigned condition, struct flags f)
{
    switch (condition) {
    case 0x0: return f.o == 1;               // O    overflow
    case 0x1: return f.o == 0;               // NO
    case 0x2: return f.c == 1;               // B    below
    case 0x3: return f.c == 0;               // AE
    case 0x4: return f.z == 1;               // E    equal
    case 0x5: return f.z == 0;               // NE
    case 0x6: return f.c == 1 || f.z == 1;   // BE
    case 0x7: return f.c == 0 && f.z == 0;   // A
    case 0x8: return f.s == 1;               // S    sign
    case 0x9: return f.s == 0;               // NS
    case 0xa: return f.p == 1;               // P    parity
    case 0xb: return f.p == 0;               // NP
    case 0xc: return f.s != f.o;             // L    less
    case 0xd: return f.s == f.o;             // GE
    case 0xe: return f.z == 1 || f.s != f.o; // LE
    default: return f.z == 0 && f.s == f.o;  // G
    }
}

// All 64, by a number.
static struct flags flags_of(unsigned n)
{
    return (struct flags){n & 1, n & 2, n & 4, n & 8, n & 16, n & 32};
}

static struct cpu_state state_of(struct flags f)
{
    struct cpu_state state = {.eip = CODE, .eflags = 2};
    emulate_flat(&state);
    state.eflags |= (f.o ? FLAG_O : 0) | (f.s ? FLAG_S : 0) |
                    (f.z ? FLAG_Z : 0) | (f.a ? FLAG_A : 0) |
                    (f.p ? FLAG_P : 0) | (f.c ? FLAG_C : 0);
    state.gpr[REG_AX] = 0xaaaaaaaa;
    state.gpr[REG_DX] = 0xdddddddd;
    return state;
}

// Nothing here has an operand in memory.
static const struct emulate_world nowhere;

// Runs one instruction; `want` is how the state must be then, all of it. No
// flag may change.
static void judge(const char *name, const uint8_t *bytes, unsigned size,
                  struct cpu_state before, const struct cpu_state *want)
{
    struct cpu_state state = before;
    struct insn insn;
    enum insn_status status = insn_decode(&insn, bytes, size, INSN_32);
    if (!host_judge(status == INSN_OK && insn.length == size, "%s: %s", name,
                    insn_status_text(status)))
        return;
    struct emulate_result r = emulate(&state, &insn, &nowhere);
    host_judge(r.kind == EMULATE_OK && memcmp(&state, want, sizeof state) == 0,
               "%s, eflags %x, ecx %x: %s, eip %x, eax %x, ecx %x", name,
               before.eflags, before.gpr[REG_CX], emulate_kind_text(r.kind),
               state.eip, state.gpr[REG_AX], state.gpr[REG_CX]);
}

// jcc .+0x12, jcc .+0x16, setcc %al, cmovcc %edx,%eax
static void check_condition(uint8_t c, struct flags f)
{
    const uint8_t jump[] = {(uint8_t)(0x70 + c), TARGET};
    const uint8_t near[] = {0x0f, (uint8_t)(0x80 + c), TARGET, 0, 0, 0};
    const uint8_t set[] = {0x0f, (uint8_t)(0x90 + c), 0xc0};
    const uint8_t move[] = {0x0f, (uint8_t)(0x40 + c), 0xc2};
    struct cpu_state before = state_of(f), want = before;
    bool met = is_met(c, f);
    want.eip = CODE + sizeof jump + (met ? TARGET : 0);
    judge("jcc rel8", jump, sizeof jump, before, &want);
    want.eip = CODE + sizeof near + (met ? TARGET : 0);
    judge("jcc rel32", near, sizeof near, before, &want);
    want.eip = CODE + sizeof set;
    want.gpr[REG_AX] = met ? 0xaaaaaa01 : 0xaaaaaa00;
    judge("setcc", set, sizeof set, before, &want);
    want.eip = CODE + sizeof move;
    want.gpr[REG_AX] = met ? 0xdddddddd : 0xaaaaaaaa;
    judge("cmovcc", move, sizeof move, before, &want);
}

// The count goes down first, and is then compared with 0; JECXZ leaves it
// alone. A count of 0 wraps. [SDM2 LOOP], [SDM2 Jcc]
static void check_loops(uint32_t count, struct flags f)
{
    static const char *const names[] = {"loopne", "loope", "loop", "jecxz"};
    uint32_t down = count - 1;
    const bool goes[] = {down != 0 && f.z == 0, down != 0 && f.z == 1,
                         down != 0, count == 0};
    struct cpu_state before = state_of(f);
    before.gpr[REG_CX] = count;
    for (unsigned i = 0; i < 4; i++) {
        const uint8_t bytes[] = {(uint8_t)(0xe0 + i), TARGET};
        struct cpu_state want = before;
        want.gpr[REG_CX] = i < 3 ? down : count;
        want.eip = CODE + 2 + (goes[i] ? TARGET : 0);
        judge(names[i], bytes, 2, before, &want);
    }
}

void known_conditions(void)
{
    static const uint32_t counts[] = {0, 1, 2, 0x10001, 0x80000000};
    for (unsigned n = 0; n < 64; n++) {
        for (uint8_t c = 0; c < 16; c++)
            check_condition(c, flags_of(n));
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            check_loops(counts[i], flags_of(n));
    }
}
