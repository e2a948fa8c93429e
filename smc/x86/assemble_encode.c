// SPDX-License-Identifier: MIT
// From a row of the opcode tables and typed operands to bytes.
//
// Where an operand goes is told by its notation; that it may go there (size,
// class, fixed registers) is not asked here, since the decoder is asked after.
//
//   | seg 67 66 f0 f2 f3 | 0f 38 | opcode | ModRM SIB disp | imm .. |
//     put_prefixes         put_opcode       put_modrm        put_code
//
// The row says which of these there are, struct attempt what the forks on the
// way to it have asked for: a mandatory prefix, a size, digits in ModRM.
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"
#include "smc/x86/mem.h"
#include "smc/x86/table.h"

// By intervals of the enumeration in table.h. Nothing is put in for fixed
// registers, nor for those in the opcode's low bits: these are eight rows, all
// eight are tried, and the decoder lets the right one pass.
enum where { IN_NOTHING, IN_REG, IN_RM, IN_CODE };

static enum where where(uint8_t spec)
{
    static const uint8_t in[SPEC_END] = {
        [Eb... EdRw] = IN_RM,   [Gb... Dd] = IN_REG,
        [STi] = IN_RM,          [Pq] = IN_REG,
        [Qq... Nq] = IN_RM,     [Vx... Vh] = IN_REG,
        [Wx... Udq] = IN_RM,    [BndG] = IN_REG,
        [BndE... BndM] = IN_RM, [SPEC_B... SPEC_END - 1] = IN_CODE,
    };
    return (enum where)in[spec];
}

struct code {
    uint8_t *bytes;
    unsigned n;
};

// No check against CODE_MAX: four prefixes as typed, five that are added, and
// all other parts at their longest are less. More than 15 the decoder refuses.
static void put(struct code *c, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        c->bytes[c->n++] = (uint8_t)(value >> 8 * i);
}

// Both kinds of operand that ModRM.rm can hold. An immediate comes out as
// memory with a scale of 0, which modrm_encode refuses.
static struct mem as_mem(const struct operand *o)
{
    return (struct mem){.direct = o->kind == OPERAND_REG,
                        .base = o->kind == OPERAND_REG ? o->reg : o->base,
                        .index = o->index,
                        .scale = o->scale,
                        .segment = o->segment,
                        .disp = o->disp};
}

// 16-bit addressing knows eight sums. [SDM2 table 2-1]
//
//   mod   displacement   but
//   0     none           rm 6 is a bare disp16; (%bp) goes by mod 1
//   1     8 bits
//   2     16 bits
//   3     -              a register
//
// Two bytes of displacement are always written; the length says how many of
// them count, and what is put next goes over the others.
static unsigned modrm_16(uint8_t out[MODRM_MAX], unsigned reg, struct mem m)
{
    static const uint8_t sums[8][2] = {{REG_BX, REG_SI},   {REG_BX, REG_DI},
                                       {REG_BP, REG_SI},   {REG_BP, REG_DI},
                                       {REG_SI, REG_NONE}, {REG_DI, REG_NONE},
                                       {REG_BP, REG_NONE}, {REG_BX, REG_NONE}};
    unsigned rm = 0;
    if (m.direct || (m.base == REG_NONE && m.index == REG_NONE)) {
        out[0] = (uint8_t)((m.direct ? 0xc0 | m.base : 6) | reg << 3);
        out[1] = (uint8_t)m.disp;
        out[2] = (uint8_t)((uint32_t)m.disp >> 8);
        return m.direct ? 1 : 3;
    }
    while (rm < 8 && (sums[rm][0] != m.base || sums[rm][1] != m.index))
        rm++;
    if (rm == 8 || m.scale != 1)
        return 0;
    unsigned size = m.disp == 0 && rm != 6     ? 0
                    : m.disp == (int8_t)m.disp ? 1
                                               : 2;
    out[0] = (uint8_t)(size << 6 | reg << 3 | rm);
    out[1] = (uint8_t)m.disp;
    out[2] = (uint8_t)((uint32_t)m.disp >> 8);
    return 1 + size;
}

// Memory written with 16-bit names; (%dx) of IN and OUT is only a register.
static bool is_short(const struct attempt *a, unsigned i)
{
    return a->given[i] && a->given[i]->short_names &&
           a->row->operands[i] != DXmem;
}

// The order of prefixes is free; ours is that of GNU as, so that bytes can be
// compared: segment, 67, 66, then LOCK and the repetitions.
static unsigned rank(uint8_t prefix)
{
    return prefix == 0x67 ? 1 : prefix == 0x66 ? 2 : prefix >= 0xf0 ? 3 : 0;
}

// Equal ranks stay in the order they came in. So a segment word stands before
// the operand's own, which as the last one counts.
// Adds one where it belongs, but no 66, 67, f2 or f3 twice.
static void put_prefix(struct code *c, uint8_t prefix)
{
    if (rank(prefix) && memchr(c->bytes, prefix, c->n))
        return;
    unsigned at = c->n++;
    for (; at && rank(c->bytes[at - 1]) > rank(prefix); at--)
        c->bytes[at] = c->bytes[at - 1];
    c->bytes[at] = prefix;
}

// Typed ones first, then what operands and row need. "rep" before a row with a
// mandatory f3 is one f3; whether that is what was meant, the decoder tells.
static void put_prefixes(struct code *c, const struct line *l,
                         const struct attempt *a)
{
    bool small_address = a->small_address;
    for (unsigned i = 0; i < l->prefix_count; i++)
        put_prefix(c, l->prefixes[i]);
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        uint8_t spec = a->row->operands[i];
        small_address |= is_short(a, i);
        // No prefix changes the %es of string destinations.
        if (!a->given[i] || a->given[i]->value.kind != OPERAND_MEM ||
            spec == Yb || spec == Yv || spec == Yz)
            continue;
        uint8_t prefix = segment_prefix(as_mem(&a->given[i]->value));
        if (prefix)
            put_prefix(c, prefix);
    }
    if (small_address)
        put_prefix(c, 0x67);
    if (a->small_operand)
        put_prefix(c, 0x66);
    if (a->mandatory)
        put_prefix(c, a->mandatory);
}

// The escape bytes are low byte first here: 0f 38. 3DNow! has its opcode at
// the end (line_build).
static void put_opcode(struct code *c, const struct attempt *a)
{
    static const uint16_t escape[] = {[MAP_0F] = 0x0f,
                                      [MAP_0F38] = 0x380f,
                                      [MAP_0F3A] = 0x3a0f,
                                      [MAP_3DNOW] = 0x0f0f};
    if (a->map != MAP_1)
        put(c, escape[a->map], a->map == MAP_0F ? 1 : 2);
    if (a->map != MAP_3DNOW)
        put(c, a->opcode, 1);
}

// What goes into ModRM: operands, or the digits of the way to the row.
//
//   c1 /4 ib     shl $3,%ebx    reg: the digit   rm: %ebx
//   01 /r        add %eax,%ebx  reg: %eax        rm: %ebx
//   0f 01 c8     monitor        reg: 1           rm: 0, both digits
//   50           push %eax      no ModRM
static bool put_modrm(struct code *c, const struct attempt *a)
{
    unsigned reg = a->reg == REG_NONE ? 0 : a->reg;
    struct mem m = {.direct = true, .base = a->rm == REG_NONE ? 0 : a->rm};
    bool has_modrm = a->reg != REG_NONE || a->rm != REG_NONE, narrow = false;
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        const struct typed *t = a->given[i];
        enum where place = where(a->row->operands[i]);
        if (place != IN_REG && place != IN_RM)
            continue;
        has_modrm = true;
        if (!t) {
            m.base = 1; // FADDP and others without operands mean %st(1)
        } else if (place == IN_RM) {
            m = as_mem(&t->value);
            narrow = t->short_names || a->small_address;
        } else if (t->value.kind == OPERAND_REG) {
            reg = t->value.reg;
        } else {
            return false;
        }
    }
    if (!has_modrm)
        return true;
    unsigned n = narrow ? modrm_16(c->bytes + c->n, reg, m)
                        : modrm_encode(c->bytes + c->n, reg, m);
    c->n += n;
    return n != 0;
}

// The bytes that an operand takes behind ModRM. Iz, Jz and Ap follow 66: where
// it changes them it is a length-changing prefix, which decoders are slow at.
static unsigned code_size(const struct attempt *a, uint8_t spec)
{
    unsigned operand_size = a->small_operand ? 2 : 4;
    uint8_t shape = SHAPE(spec);
    return shape & (SHAPE_B | SHAPE_B2) ? 1
           : shape & SHAPE_W            ? 2
           : shape & SHAPE_O            ? a->small_address ? 2 : 4
                                        : operand_size;
}

// Immediates, distances and absolute addresses, in the row's order.
//
// A distance counts from the end of the instruction. It is the last part, so
// that end is known here: what is there already, and the distance itself.
//
//   address         address + n    address + n + size
//   | prefix opcode | distance     | next
static bool put_code(struct code *c, const struct line *l,
                     const struct attempt *a)
{
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        uint8_t spec = a->row->operands[i];
        if (where(spec) != IN_CODE)
            continue;
        const struct operand *o = &a->given[i]->value;
        unsigned size = code_size(a, spec);
        bool is_jump = spec == Jb || spec == Jz;
        enum operand_kind kind = spec == Ap ? OPERAND_FAR
                                 : is_jump || SHAPE(spec) & SHAPE_O
                                     ? OPERAND_MEM
                                     : OPERAND_IMM;
        if (o->kind != kind || a->given[i]->indirect ||
            (kind == OPERAND_MEM &&
             (o->base != REG_NONE || o->index != REG_NONE)))
            return false;
        uint32_t value = kind == OPERAND_MEM ? (uint32_t)o->disp : o->imm;
        if (is_jump) // the distance is the last part
            value -= l->address + c->n + size;
        put(c, value, size);
        if (kind == OPERAND_FAR)
            put(c, o->selector, 2);
    }
    return true;
}

unsigned line_build(const struct line *l, const struct attempt *a,
                    uint8_t code[CODE_MAX])
{
    struct code c = {code, 0};
    put_prefixes(&c, l, a);
    put_opcode(&c, a);
    if (!put_modrm(&c, a) || !put_code(&c, l, a))
        return 0;
    if (a->map == MAP_3DNOW)
        put(&c, a->opcode, 1);
    return c.n;
}
