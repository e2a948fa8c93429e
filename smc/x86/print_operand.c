// SPDX-License-Identifier: MIT
// One operand as text: %eax, $0x10, %gs:0x8(%esi,%ecx,4), 0xc0101234, and in
// EVEX %ymm1{%k2}{z} and (%eax){1to8}.
//
// What the numbers look like is objdump's habit, and not one habit:
//
//   in an address with registers      signed      -0x8(%ebp)
//   alone, 32 bits or without ModRM   unsigned    0xfffffff0
//   alone, 16 bits by ModRM           signed      -0x10
//   immediate                         unsigned, as wide as its operand
//   target                            no 0x if a symbol follows
#include "smc/x86/print_text.h"

// By the number in the encoding. Two segments are missing: no row lets ModRM
// name the seventh or eighth.
static const char names_8[8][4] = {"al", "cl", "dl", "bl",
                                   "ah", "ch", "dh", "bh"};
static const char names_16[8][4] = {"ax", "cx", "dx", "bx",
                                    "sp", "bp", "si", "di"};
static const char names_32[8][4] = {"eax", "ecx", "edx", "ebx",
                                    "esp", "ebp", "esi", "edi"};
static const char names_segment[8][4] = {"es", "cs", "ss", "ds", "fs", "gs"};

// Numbers -----------------------------------------------------------------

// Lower case, no leading zeros; 0 has one digit.
static void put_hex_digits(struct text *t, uint32_t value)
{
    unsigned shift = 28;
    while (shift && !(value >> shift))
        shift -= 4;
    for (;; shift -= 4) {
        put(t, "0123456789abcdef"[value >> shift & 15]);
        if (!shift)
            break;
    }
}

static void put_hex(struct text *t, uint32_t value)
{
    put(t, '0');
    put(t, 'x');
    put_hex_digits(t, value);
}

// Displacements are signed where something is added to them. Negated without
// sign: -INT32_MIN does not exist, and 0x80000000 is right.
static void put_displacement(struct text *t, int32_t disp)
{
    uint32_t value = (uint32_t)disp;
    if (disp < 0) {
        put(t, '-');
        value = -value;
    }
    put_hex(t, value);
}

// Registers ---------------------------------------------------------------

static void put_register(struct text *t, const char *name)
{
    put(t, '%');
    put_string(t, name);
}

static void put_numbered(struct text *t, const char *stem, uint8_t number)
{
    put_register(t, stem);
    put(t, (char)('0' + number));
}

static void put_gpr(struct text *t, uint8_t number, unsigned size)
{
    put_register(t, size == 1   ? names_8[number]
                    : size == 2 ? names_16[number]
                                : names_32[number]);
}

static void put_vector(struct text *t, uint8_t number, unsigned size)
{
    put_numbered(t, size == 64 ? "zmm" : size == 32 ? "ymm" : "xmm", number);
}

// The top of the stack is %st where the opcode says so, else %st(0): d8 c0 is
// fadd %st(0),%st.
static void put_x87(struct text *t, const struct operand *o)
{
    put_register(t, "st");
    if (o->implied)
        return;
    put(t, '(');
    put(t, (char)('0' + o->reg));
    put(t, ')');
}

// %db0 and not %dr0, as objdump has it; the assembler takes both.
static void print_register(struct text *t, const struct operand *o)
{
    switch (o->class) {
    case CLASS_GPR: put_gpr(t, o->reg, o->size); break;
    case CLASS_SEGMENT: put_register(t, names_segment[o->reg]); break;
    case CLASS_CONTROL: put_numbered(t, "cr", o->reg); break;
    case CLASS_DEBUG: put_numbered(t, "db", o->reg); break;
    case CLASS_TEST: put_numbered(t, "tr", o->reg); break;
    case CLASS_X87: put_x87(t, o); break;
    case CLASS_MMX: put_numbered(t, "mm", o->reg); break;
    case CLASS_VECTOR: put_vector(t, o->reg, o->size); break;
    case CLASS_MASK: put_numbered(t, "k", o->reg); break;
    case CLASS_BOUND: put_numbered(t, "bnd", o->reg); break;
    }
}

// Memory ------------------------------------------------------------------

// The SIB byte can say "no index", which has no AT&T notation of its own: the
// assembler takes %eiz for it. Not shown where only a SIB byte can name the
// base, ESP.
//
//   8d 00      (%eax)          8d 04 24   (%esp)
//   8d 04 20   (%eax,%eiz,1)   8d 04 64   (%esp,%eiz,2)
//
// Left out, the text would hide a byte. `lea 0x0(%esi,%eiz,1),%esi` is what
// GNU as fills functions up with for old processors.
static bool shows_index(const struct insn *insn, const struct operand *o)
{
    return o->index != REG_NONE || o->scale > 1 ||
           (insn->sib_at && o->base != REG_SP);
}

// Vectors of indexes have names of their own length (gather). 16-bit addresses
// have no scale, so none is shown.
static void put_index(struct text *t, const struct insn *insn,
                      const struct operand *o)
{
    put(t, ',');
    if (o->index == REG_NONE)
        put_string(t, "%eiz");
    else if (o->index_size > 4)
        put_vector(t, o->index, o->index_size);
    else
        put_gpr(t, o->index, insn->address_size);
    if (insn->address_size == 4) {
        put(t, ',');
        put(t, (char)('0' + o->scale));
    }
}

// The segment of a string operand is always shown: %es of the destination is
// not the usual one, and no prefix changes it. NOTRACK is a DS that is none.
static bool shows_segment(const struct insn *insn, const struct operand *o)
{
    return (insn->segment != SEG_NONE && !is_notrack(insn)) ||
           (o->implied && o->base != REG_NONE);
}

// Without base and index there is no parenthesis: 0x10, not 0x10(). What the
// bytes have is shown: 8b 45 00 has a displacement and is 0x0(%ebp).

static void print_memory(struct text *t, const struct insn *insn,
                         const struct operand *o)
{
    bool index = shows_index(insn, o), sum = index || o->base != REG_NONE;
    if (shows_segment(insn, o)) {
        put_register(t, names_segment[o->segment]);
        put(t, ':');
    }
    // 16-bit addresses in ModRM are signed even if they are nothing but a
    // displacement.
    if (insn->disp_size && !o->implied) {
        if (sum || (insn->modrm_at && insn->address_size == 2))
            put_displacement(t, o->disp);
        else
            put_hex(t, (uint32_t)o->disp);
    }
    if (sum) {
        put(t, '(');
        if (o->base != REG_NONE)
            put_gpr(t, o->base, insn->address_size);
        if (index)
            put_index(t, insn, o);
        put(t, ')');
    }
    if (!insn->evex_broadcast)
        return;
    put_string(t, "{1to");
    if (insn->evex_broadcast >= 10)
        put(t, (char)('0' + insn->evex_broadcast / 10));
    put(t, (char)('0' + insn->evex_broadcast % 10));
    put(t, '}');
}

// All kinds ---------------------------------------------------------------

// With a symbol objdump leaves out the 0x. An empty answer is "no name": the
// address then has to stand by itself.
static void print_target(struct printing *p)
{
    uint32_t target = 0;
    char symbol[64] = "";
    insn_target(p->insn, p->address, &target);
    if (p->symbolizer)
        p->symbolizer(symbol, sizeof symbol, target);
    if (!symbol[0]) {
        put_hex(&p->text, target);
        return;
    }
    put_hex_digits(&p->text, target);
    put(&p->text, ' ');
    put_string(&p->text, symbol);
}

// Which elements are written, and what becomes of the others. [SDM2 2.7.4]
// Behind the destination, the last operand in AT&T order.
static void print_mask(struct text *t, const struct insn *insn)
{
    if (insn->evex_mask) {
        put(t, '{');
        put_numbered(t, "k", insn->evex_mask);
        put(t, '}');
    }
    if (insn->evex_zero)
        put_string(t, "{z}");
}

// A star, so that "jmp *%eax" cannot be taken for a jump to a name. Immediates
// of 16 bits are cut: they were sign-extended to 32.

void print_operand(struct printing *p, unsigned i)
{
    struct text *t = &p->text;
    const struct operand *o = &p->operands[i];
    if (p->insn->row->operands[i] == DXmem) { // a port, not an address
        put_string(t, "(%dx)");
        return;
    }
    if (p->insn->row->more & INDIRECT)
        put(t, '*');
    switch (o->kind) {
    case OPERAND_REG: print_register(t, o); break;
    case OPERAND_MEM: print_memory(t, p->insn, o); break;
    case OPERAND_IMM:
        put(t, '$');
        put_hex(t, o->size == 2 ? o->imm & 0xffff : o->imm);
        break;
    case OPERAND_REL: print_target(p); break;
    case OPERAND_FAR:
        put(t, '$');
        put_hex(t, o->selector);
        put_string(t, ",$");
        put_hex(t, o->imm);
        break;
    }
    if (i == 0)
        print_mask(t, p->insn);
}
