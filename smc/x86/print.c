// SPDX-License-Identifier: MIT
// Printing: prefixes that are not part of anything else, the mnemonic with
// its suffix, and the operands in AT&T order, source first.
//
//   data16 nopw %cs:0x0(%eax,%eax,1)
//   |      |  | |
//   |      |  | segment prefix: used up by the operand
//   |      |  suffix: no register tells the size; uses up one 66
//   |      name
//   a second 66, which nothing uses
//
// The parts are in print_prefix.c, print_pseudo.c and print_operand.c.
#include "smc/x86/print_text.h"
#include "smc/x86/vector.h"

static bool is_gpr(const struct operand *o)
{
    return o->kind == OPERAND_REG && o->class == CLASS_GPR;
}

// Suffixes ----------------------------------------------------------------

// There is no letter for a descriptor of 6 bytes or the 16 of SSE.
static void put_size(struct text *t, unsigned size)
{
    if (size == 1 || size == 2 || size == 4)
        put(t, size == 1 ? 'b' : size == 2 ? 'w' : 'l');
}

// A register as operand makes the suffix superfluous; a shift count does not:
// `shl %cl,(%eax)` could be of any size.
static bool register_tells_size(const struct printing *p)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->operands[i].kind == OPERAND_REG &&
            p->insn->row->operands[i] != CL)
            return true;
    return false;
}

// The length of a vector in memory, where the other operand does not tell it:
// one half as long is the same register for 128 and 256 bits, and a mask
// register says nothing.
static void put_vector_size(struct printing *p)
{
    unsigned size = 16u << p->insn->vector_length;
    if (!p->memory || p->insn->evex_broadcast) // {1to4} tells it, too
        return;
    if (size < 64)
        put(&p->text, size == 16 ? 'x' : 'y');
    else if (p->operands[0].class == CLASS_MASK)
        put(&p->text, 'z');
}

// The row says which of these habits of AT&T syntax its mnemonic has:
//
//             suffix                   none
//   AUTO      addl   $0x1,(%eax)       add    %ecx,(%eax)
//   ALWAYS    movsb  %ds:(%esi),..     -
//   MEMORY    crc32b (%eax),%ecx       crc32  %al,%ecx
//   STACK     pushw  $0x5              push   $0x5
//   X87       fldenvs (%eax)           fldenv (%eax)
//   TABLE     lgdtl  (%eax)            -
//   WIDEN     movzbl %al,%ecx          -
//   ADDRESS   loopw  0x1000            loop   0x1000
//   X         vcvtpd2psx (%eax),%xmm0  vcvtpd2ps %zmm0,%ymm0
//
// STACK, X87 and ADDRESS name a size only if it is not that of the code
// segment: the assembler would choose that anyway.
static void print_suffix(struct printing *p)
{
    const struct insn *insn = p->insn;
    const struct operand *o = p->operands;
    struct text *t = &p->text;
    bool other = insn->operand_size != own_size(insn);
    switch (insn->row->suffix) {
    case SUFFIX_AUTO:
        if (p->memory && !register_tells_size(p))
            put_size(t, p->memory->size);
        break;
    case SUFFIX_ALWAYS:
    case SUFFIX_MEMORY:
        if (p->memory)
            put_size(t, p->memory->size);
        break;
    case SUFFIX_STACK:
        if (other && !(p->count && is_gpr(&o[0])))
            put_size(t, insn->operand_size);
        break;
    case SUFFIX_X87: // s is short here
        if (other)
            put(t, insn->operand_size == 2 ? 's' : 'l');
        break;
    case SUFFIX_TABLE: put_size(t, insn->operand_size); break;
    case SUFFIX_WIDEN:
        put_size(t, o[1].size);
        put_size(t, o[0].size);
        break;
    case SUFFIX_ADDRESS:
        if (insn->address_size != own_size(insn))
            put_size(t, insn->address_size);
        break;
    case SUFFIX_X: put_vector_size(p); break;
    }
}

// Operands ----------------------------------------------------------------

// Registers that are fixed and yet named, by the ModRM byte behind 0f 01. The
// first of MONITOR is an address. No bit chooses them, so they are no operands
// in the tables; insn_effects has them from the row's bundle.
static const char *named_registers(const struct insn *insn)
{
    if (insn->map != MAP_0F || insn->opcode != 0x01)
        return NULL;
    bool wide = insn->address_size == 4;
    switch (insn->modrm) {
    case 0xc8: // MONITOR
    case 0xfa: // MONITORX
        return wide ? "%eax,%ecx,%edx" : "%ax,%ecx,%edx";
    case 0xc9: return "%eax,%ecx";      // MWAIT
    case 0xfb: return "%eax,%ecx,%ebx"; // MWAITX
    }
    return NULL;
}

// The encoding is named where it is not the one that the assembler would
// choose: EVEX where VEX would do, and VEX where EVEX was first.
//
// Rows of VEX and EVEX are the first member of a struct vector_opcode, and
// rows of the other maps are not: hence the encoding is asked before the rest
// of that struct is looked at.
static void print_encoding(struct text *t, const struct insn *insn)
{
    const struct vector_opcode *both = (const void *)insn->row;
    if (insn->encoding == ENCODING_LEGACY || !both->vex || !both->evex)
        return;
    if (insn->encoding == ENCODING_EVEX && insn->vector_length < 2 &&
        !insn->evex_mask && !insn->evex_broadcast && !insn->evex_rounding)
        put_string(t, "{evex} ");
    // VPDPBUSD to VPDPWSSDS, VPMADD52LUQ and VPMADD52HUQ
    if (insn->encoding == ENCODING_VEX && insn->map == MAP_0F38 &&
        ((insn->opcode & 0xfc) == 0x50 || (insn->opcode & 0xfe) == 0xb4))
        put_string(t, "{vex} ");
}

// AT&T order is Intel's reversed, but for ENTER and BOUND.
static bool keeps_order(const struct insn *insn)
{
    return insn->map == MAP_1 && insn->encoding == ENCODING_LEGACY &&
           (insn->opcode == 0xc8 || insn->opcode == 0x62);
}

// Mnemonics are padded to six letters, prefixes included, and one space is the
// least: a name that fills the field must not touch its operand.
static void pad(struct text *t, const char *start)
{
    do
        put(t, ' ');
    while (t->at < t->end && t->at < start + 7);
}

static void print_rounding(struct text *t, const struct insn *insn)
{
    static const char names[][9] = {
        [ROUNDING_NEAREST] = "{rn-sae}", [ROUNDING_DOWN] = "{rd-sae}",
        [ROUNDING_UP] = "{ru-sae}",      [ROUNDING_ZERO] = "{rz-sae}",
        [ROUNDING_SAE] = "{sae}",
    };
    put_string(t, names[insn->evex_rounding]);
    put(t, ',');
}

// Those before `count`: a pseudo mnemonic has taken the last. The padding
// comes with the first that is shown, so that "ret" has no spaces behind it.
static void print_operands(struct printing *p, unsigned count,
                           const char *start)
{
    struct text *t = &p->text;
    bool first = true, rounding = p->insn->evex_rounding;
    for (unsigned n = 0; n < count; n++) {
        unsigned i = keeps_order(p->insn) ? n : count - 1 - n;
        if (is_hidden(p->insn->row->operands[i]))
            continue;
        if (first)
            pad(t, start);
        else
            put(t, ',');
        first = false;
        // It stands before the vectors, behind an immediate or %eax.
        if (rounding && p->operands[i].class == CLASS_VECTOR) {
            print_rounding(t, p->insn);
            rounding = false;
        }
        print_operand(p, i);
    }
}

// p.count stays the number of all operands: prefixes and suffixes go by the
// whole instruction, whatever the mnemonic has taken in. `end` keeps a byte
// for the NUL, so that cutting needs no case of its own.
size_t insn_print(char *out, size_t size, const struct insn *insn,
                  uint32_t address, insn_symbolizer *symbolizer)
{
    struct printing p = {.text = {out, out + size - 1},
                         .insn = insn,
                         .address = address,
                         .symbolizer = symbolizer};
    unsigned count = p.count = insn_operands(insn, p.operands);
    for (unsigned i = 0; i < count && !p.memory; i++)
        if (p.operands[i].kind == OPERAND_MEM &&
            !is_hidden(insn->row->operands[i]))
            p.memory = &p.operands[i];
    print_prefixes(&p);
    print_encoding(&p.text, insn);
    if (print_pseudo(&p.text, insn))
        count--;
    else
        put_string(&p.text, insn->row->name);
    print_suffix(&p);
    put_string(&p.text, branch_hint(insn));
    const char *named = named_registers(insn);
    if (named) {
        pad(&p.text, out);
        put_string(&p.text, named);
    } else {
        print_operands(&p, count, out);
    }
    *p.text.at = 0;
    return (size_t)(p.text.at - out);
}
