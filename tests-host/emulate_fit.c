// SPDX-License-Identifier: MIT
// Values that make opcodes do something: counts that end, quotients that fit,
// numbers that are equal, selectors that exist.
#include "tests-host/emulate_forms.h"
#include "tests-host/emulate_native.h"
#include "tests-host/host.h"
#include <string.h>

// Three times of four. The other time the value stays random: what was fitted
// must not be all that is ever tried.
static bool often(void)
{
    return host_random_below(4) != 0;
}

static bool is(const struct form *form, unsigned map, unsigned first,
               unsigned last)
{
    return form->map == map && form->opcode >= first && form->opcode <= last;
}

// 0 is the null selector: DS takes it, SS and CS do not. [SDM3 3.4.2]
static uint16_t some_selector(void)
{
    static const uint16_t all[] = {
        NATIVE_CODE,       NATIVE_DATA,       NATIVE_CODE_16,
        NATIVE_DATA_16,    NATIVE_DATA_BASED, NATIVE_DATA_SHORT,
        NATIVE_DATA_CONST, NATIVE_CODE_BASED, 0,
    };
    return all[host_random_below(sizeof all / sizeof all[0])];
}

// The accumulator pair as a sign-extended or a small number; now and then the
// lowest quotient that fits, or one beyond a limit, if the divisor is 1 or -1.
// A random EDX is larger than most divisors: most divisions would be #DE.
static void fit_dividend(struct cpu_state *state)
{
    static const uint32_t edges[] = {0xff80,     0x0080,     0x8000,
                                     0x80000000, 0xffffff7f, 0x7fffffff};
    uint32_t *gpr = state->gpr;
    if (!often())
        return;
    gpr[REG_DX] = host_random_below(2) ? (uint32_t)((int32_t)gpr[0] >> 31)
                                       : host_random_below(16);
    if (host_random_below(2)) {
        gpr[REG_AX] &= ~0xff00u;
        gpr[REG_AX] |= host_random_below(4) << 8;
    } else {
        gpr[REG_AX] = edges[host_random_below(6)];
        gpr[REG_DX] = host_random_below(2) ? UINT32_MAX : 0;
    }
}

// 1 and -1 leave the quotient as large as the dividend; 0 is #DE.
static uint32_t some_divisor(void)
{
    static const uint32_t divisors[] = {0, 1, 2, UINT32_MAX};
    return divisors[host_random_below(4)];
}

// ENTER with a frame that fits and overlaps the caller's.
//
//   c8 | size low | size high | level
//        ^ imm_at   ^ cleared: less than 256 bytes
static void fit_frame(struct instance *n)
{
    uint32_t *gpr = n->state.gpr;
    n->bytes[n->insn.imm_at + 1] = 0;
    gpr[REG_BP] = gpr[REG_SP] + host_random_below(64) - 32;
}

// Called before ModRM's address is steered, so a register that is part of it
// may be changed again.
void forms_fit_registers(const struct form *form, struct instance *n)
{
    uint32_t *gpr = n->state.gpr;
    unsigned rm = n->insn.modrm & 7, reg = n->insn.modrm >> 3 & 7;
    // A random count never ends: every LOOP would branch, and no repetition
    // would be the last one. CX or ECX: the address size decides.
    bool counts = is(form, MAP_1, 0xe0, 0xe3) || is(form, MAP_1, 0xa4, 0xaf);
    if (counts && often()) {
        uint16_t count = (uint16_t)host_random_below(4);
        memcpy(&gpr[REG_CX], &count, sizeof count);
        if (host_random_below(2))
            gpr[REG_CX] = count;
    }
    if (is(form, MAP_1, 0xf6, 0xf7)) {
        fit_dividend(&n->state);
        if (rm != REG_AX && rm != REG_DX && !often())
            gpr[rm] = some_divisor();
    }
    if (is(form, MAP_1, 0xc8, 0xc8) && often())
        fit_frame(n);
    // The bit number reaches 2 KiB, both ways: not beyond the guards.
    if (form->map == MAP_0F && (form->opcode & 0xe7) == 0xa3 && often())
        gpr[reg] = host_random_below(0x8000) - 0x4000;
    if (is(form, MAP_1, 0x8e, 0x8e) && often())
        gpr[rm] = (gpr[rm] & ~0xffffu) | some_selector();
    // CMPXCHG: two random numbers are hardly ever equal.
    if (is(form, MAP_0F, 0xb0, 0xb1) && !form->memory && often())
        gpr[rm] = gpr[REG_AX];
}

// Only inside the arena; an address at its edge keeps what it has.
static void poke(uint32_t address, const void *bytes, size_t size)
{
    uint32_t offset = address - (uint32_t)native_arena;
    if (offset <= NATIVE_WRITABLE - size)
        memcpy(native_arena + offset, bytes, size);
}

// A change of level would switch stacks: not the emulator's business.
static void poke_selector(uint32_t address)
{
    uint16_t selector = (uint16_t)(host_random() | 3); // no change of level
    if (often())
        selector = some_selector();
    poke(address, &selector, sizeof selector);
}

// An offset that is inside the short code segments.
// Any other is a #GP there, which hides what the instruction does.
static void poke_short(uint32_t address, unsigned size)
{
    uint32_t offset = host_random() & 0xffff;
    if (host_random_below(2))
        poke(address, &offset, size);
}

// Far pointers and plain ones that instructions read from the stack.
//
//   RET             offset
//   RET far, IRET   offset | selector
//   POP segment     selector
static void fit_stack(const struct form *form, const struct instance *n)
{
    const struct cpu_segment *ss = &n->state.segment[SEG_SS];
    unsigned size = n->insn.operand_size;
    uint32_t top = ss->base + (n->state.gpr[REG_SP] &
                               (ss->rights & SEGMENT_BIG ? ~0u : 0xffff));
    bool far = is(form, MAP_1, 0xca, 0xcb) || is(form, MAP_1, 0xcf, 0xcf);
    bool pop = is(form, MAP_1, 0x07, 0x07) || is(form, MAP_1, 0x17, 0x17) ||
               is(form, MAP_1, 0x1f, 0x1f) || is(form, MAP_0F, 0xa1, 0xa1) ||
               is(form, MAP_0F, 0xa9, 0xa9);
    if (far || is(form, MAP_1, 0xc2, 0xc3))
        poke_short(top, size);
    if (far)
        poke_selector(top + size);
    if (pop)
        poke_selector(top);
}

// LDS and its kin, CALL and JMP through memory: offset first, selector behind
// it. MOV to a segment reads the selector alone.
static void fit_pointer(const struct form *form, const struct instance *n)
{
    unsigned size = n->insn.operand_size;
    bool far = is(form, MAP_1, 0xc4, 0xc5) || is(form, MAP_0F, 0xb2, 0xb2) ||
               is(form, MAP_0F, 0xb4, 0xb5);
    bool jump = is(form, MAP_1, 0xff, 0xff) && form->group >= 2 &&
                form->group <= 5;
    if (is(form, MAP_1, 0x8e, 0x8e))
        poke_selector(n->target);
    if (jump)
        poke_short(n->target, size);
    if (far || jump)
        poke_selector(n->target + size);
}

// All addresses are final here; what is poked is where it will be read.
void forms_fit_memory(const struct form *form, struct instance *n)
{
    const uint32_t *gpr = n->state.gpr;
    fit_stack(form, n);
    if (form->memory)
        fit_pointer(form, n);
    uint32_t divisor = some_divisor();
    if (is(form, MAP_1, 0xf6, 0xf7) && !often())
        poke(n->target, &divisor, 4);
    if (is(form, MAP_0F, 0xb0, 0xb1) && often())
        poke(n->target, &gpr[REG_AX], 4);
    if (is(form, MAP_0F, 0xc7, 0xc7) && often()) {
        poke(n->target, &gpr[REG_AX], 4);
        poke(n->target + 4, &gpr[REG_DX], 4);
    }
    // Strings that are equal for a while, and to the accumulator.
    if (is(form, MAP_1, 0xa6, 0xa7) || is(form, MAP_1, 0xae, 0xaf)) {
        if (often())
            memset(native_arena, (int)gpr[REG_AX], NATIVE_WRITABLE);
    }
    // Direct far transfers have their pointer in the code:
    //
    //   9a, ea | offset, 2 or 4 bytes | selector
    //            ^ imm_at               ^ imm_at + imm_size
    if ((is(form, MAP_1, 0x9a, 0x9a) || is(form, MAP_1, 0xea, 0xea)) &&
        often()) {
        uint16_t selector = some_selector();
        uint8_t *at = n->bytes + n->insn.imm_at;
        memcpy(at + n->insn.imm_size, &selector, sizeof selector);
        if (n->insn.imm_size == 4 && host_random_below(2))
            memset(at + 2, 0, 2);
    }
}
