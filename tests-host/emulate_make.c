// SPDX-License-Identifier: MIT
// Instances of forms: bytes, and a state in which they do something.
//
// A random state is nearly always a dull one: pointers point nowhere, a
// division overflows, no selector exists. So registers are random first and
// then steered: whatever addresses memory is changed until it addresses the
// arena or its edges, and a few opcodes get the values they want.
#include "tests-host/emulate_forms.h"
#include "tests-host/emulate_native.h"
#include "tests-host/host.h"
#include <string.h>

// Bytes ---------------------------------------------------------------------

static bool one_in(uint32_t n)
{
    return host_random_below(n) == 0;
}

static bool is_string(const struct form *form)
{
    uint8_t op = form->opcode;
    return form->map == MAP_1 &&
           ((op >= 0xa4 && op <= 0xa7) || (op >= 0xaa && op <= 0xaf));
}

// Strings are mostly repeated. LOCK is mostly #UD, so it is rare.
static uint8_t *put_prefixes(const struct form *form, uint8_t *p)
{
    static const uint8_t overrides[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    if (one_in(3))
        *p++ = 0x66;
    if (one_in(4))
        *p++ = 0x67;
    if (one_in(4))
        *p++ = overrides[host_random_below(sizeof overrides)];
    // With LOOPcc they are reserved: AMD's turn its condition round.
    bool loop = form->map == MAP_1 && (form->opcode | 1) == 0xe1;
    if (is_string(form) ? !one_in(4) : !loop && one_in(16))
        *p++ = one_in(2) ? 0xf2 : 0xf3;
    if (form->memory && one_in(8))
        *p++ = 0xf0;
    return p;
}

// All that follows the opcode is random but for the parts of ModRM that the
// form fixes. INT 80 would be a system call.
//
//   mod 0..2 memory, 3 register | reg: the group's number | rm: random
static void put_bytes(const struct form *form, uint8_t bytes[16])
{
    host_random_bytes(bytes, 16);
    uint8_t *p = put_prefixes(form, bytes);
    if (form->map == MAP_0F)
        *p++ = 0x0f;
    *p++ = form->opcode;
    if (form->modrm) {
        uint8_t mod = form->memory ? (uint8_t)(host_random_below(3) << 6)
                                   : 0xc0;
        *p = (*p & 0x3f) | mod;
        if (form->group >= 0)
            *p = (*p & 0xc7) | (uint8_t)(form->group << 3);
    } else if (form->map == MAP_1 && form->opcode == 0xcd && *p == 0x80) {
        *p = 0x81;
    }
}

// States --------------------------------------------------------------------

// Stacks can be written: else PUSH would do nothing but fault. Of the others
// one is read only, one is a code segment, one ends in the arena.
static void random_segments(struct cpu_state *state, enum insn_mode mode)
{
    static const uint16_t data[] = {NATIVE_DATA,       NATIVE_DATA,
                                    NATIVE_DATA_16,    NATIVE_DATA_16,
                                    NATIVE_DATA_BASED, NATIVE_DATA_SHORT,
                                    NATIVE_DATA_CONST, NATIVE_CODE};
    static const uint16_t stacks[] = {NATIVE_DATA, NATIVE_DATA_SHORT,
                                      NATIVE_DATA_16, NATIVE_DATA_BASED};
    for (unsigned i = 0; i < 6; i++) {
        uint16_t selector = data[host_random_below(8)];
        if (i == SEG_CS)
            selector = mode == INSN_16 ? NATIVE_CODE_16
                       : one_in(4)     ? NATIVE_CODE_BASED
                                       : NATIVE_CODE;
        if (i == SEG_SS)
            selector = stacks[host_random_below(4)];
        native_segment(selector, &state->segment[i]);
    }
}

// Half of the registers get values at which carries and signs change.
static void random_state(struct cpu_state *state, enum insn_mode mode)
{
    for (int i = 0; i < 8; i++)
        state->gpr[i] = one_in(2) ? host_random() : host_random_edge();
    random_segments(state, mode);
    // Interrupts are on and single steps, too: else there would be no trap.
    state->eflags = (host_random() & (FLAG_C | FLAG_P | FLAG_A | FLAG_Z |
                                      FLAG_S | FLAG_D | FLAG_O)) |
                    FLAG_I | FLAG_T | 2;
    state->cpl = 3;
    state->interrupt_shadow = false;
    state->eip = (uint32_t)native_code - state->segment[SEG_CS].base;
}

// A place in the arena: well inside, or at one of the edges between pages of
// different rights, or where the short segment ends.
// -16 .. +7 about an edge: an access of eight bytes may cross it.
static uint32_t somewhere(void)
{
    static const uint32_t edges[] = {0, NATIVE_PAGE, NATIVE_WRITABLE,
                                     NATIVE_ARENA, 0x1800};
    uint32_t offset = 256 + host_random_below(NATIVE_WRITABLE - 512);
    if (one_in(4))
        offset = edges[host_random_below(5)] + host_random_below(24) - 16;
    return (uint32_t)native_arena + offset;
}

// Makes a register point somewhere, as an offset in the segment.
// With 16-bit addresses only the low half counts; the other stays random.
static void steer(struct cpu_state *state, unsigned reg, unsigned segment,
                  unsigned size)
{
    uint32_t offset = somewhere() - state->segment[segment].base;
    if (size == 4)
        state->gpr[reg] = offset;
    else
        memcpy(&state->gpr[reg], &offset, 2);
}

// Bytes and struct: the struct is used until it is decoded again.
static void put_displacement(struct instance *n, uint32_t value)
{
    memcpy(n->bytes + n->insn.disp_at, &value, n->insn.disp_size);
    n->insn.disp = (int32_t)value;
}

// The address that ModRM makes, worked out here once more and backwards: one
// register, or the displacement if there is none, takes up the difference.
//
//   rm         0      1      2      3      4   5           6    7
//   16 bits    bx+si  bx+di  bp+si  bp+di  si  di          bp*  bx
//   32 bits    eax    ecx    edx    ebx    SIB ebp*        esi  edi
//   * if mod is 0: no register, a displacement of full size
//
// The stack segment is the default if the base is ESP or EBP. [SDM2 2.1.5]
// What is divided by a scale meets the target about, not to the byte.
static void steer_modrm(struct instance *n)
{
    static const int8_t base_16[] = {3, 3, 5, 5, 6, 7, 5, 3};
    static const int8_t index_16[] = {6, 7, 6, 7, -1, -1, -1, -1};
    const struct insn *insn = &n->insn;
    unsigned rm = insn->modrm & 7, mod = insn->modrm >> 6, scale = 1;
    int base = rm, index = -1;
    if (insn->address_size == 2) {
        base = mod == 0 && rm == 6 ? -1 : base_16[rm];
        index = index_16[rm];
    } else {
        if (rm == 4) {
            base = insn->sib & 7;
            index = (insn->sib >> 3 & 7) == 4 ? -1 : insn->sib >> 3 & 7;
            scale = 1u << (insn->sib >> 6);
        }
        base = mod == 0 && base == 5 ? -1 : base;
    }
    unsigned segment = base == 4 || base == 5 ? SEG_SS : SEG_DS;
    if (insn->segment != SEG_NONE)
        segment = insn->segment;
    uint32_t *gpr = n->state.gpr;
    n->target = somewhere();
    uint32_t rest = n->target - n->state.segment[segment].base;
    if (base < 0 && index < 0) {
        put_displacement(n, rest);
        return;
    }
    rest -= (uint32_t)insn->disp;
    if (base < 0)
        rest /= scale;
    else if (base == index)
        rest /= 1 + scale;
    else if (index >= 0)
        rest -= gpr[index] * scale;
    memcpy(&gpr[base < 0 ? index : base], &rest, insn->address_size);
}

// Registers that address memory without being named.
static void steer_implied(const struct form *form, struct instance *n)
{
    struct cpu_state *state = &n->state;
    const struct insn *insn = &n->insn;
    unsigned wide = state->segment[SEG_SS].rights & SEGMENT_BIG ? 4 : 2;
    unsigned data = insn->segment == SEG_NONE ? SEG_DS : insn->segment;
    steer(state, REG_SP, SEG_SS, wide);
    if (form->map != MAP_1)
        return;
    if ((form->opcode == 0xc8 || form->opcode == 0xc9) && !one_in(4))
        steer(state, REG_BP, SEG_SS, wide);
    if (form->opcode >= 0xa0 && form->opcode <= 0xa3)
        put_displacement(n, somewhere() - state->segment[data].base);
    if (form->opcode == 0xd7)
        steer(state, REG_BX, data, insn->address_size);
    if (is_string(form)) {
        steer(state, REG_SI, data, insn->address_size);
        steer(state, REG_DI, SEG_ES, insn->address_size);
    }
}

// Decoding comes twice: the first tells which parts there are to steer, the
// second sees the bytes that steering has changed. A random pool is cut
// anywhere, since filling the arena anew each time would take most of the run.
void forms_make(const struct form *form, struct instance *n)
{
    enum { POOL = 1 << 16 };
    static uint8_t pool[POOL];
    static bool filled;
    if (!filled)
        host_random_bytes(pool, POOL);
    filled = true;
    memcpy(native_arena, pool + host_random_below(POOL - NATIVE_WRITABLE),
           NATIVE_WRITABLE);
    enum insn_mode mode = one_in(3) ? INSN_16 : INSN_32;
    put_bytes(form, n->bytes);
    random_state(&n->state, mode);
    n->status = insn_decode(&n->insn, n->bytes, 15, mode);
    if (n->status != INSN_OK)
        return;
    steer_implied(form, n);
    forms_fit_registers(form, n);
    if (n->insn.modrm_at && n->insn.modrm < 0xc0)
        steer_modrm(n);
    forms_fit_memory(form, n);
    n->status = insn_decode(&n->insn, n->bytes, 15, mode);
}
