// SPDX-License-Identifier: MIT
// The prefixes that nothing uses up. objdump shows each as a word before the
// mnemonic, in their order:
//
//   66 66 2e 0f 1f 84 00 ..   data16 nopw %cs:0x0(%eax,%eax,1)
//
// The second 66 is in the w, the 2e is %cs, and the first 66 is left over: of
// several of a kind only the last counts. That one is used up by
//
//   66        an operand of that size, a suffix, or as mandatory prefix
//   67        a register in an address, a counter
//   f2 f3     as mandatory prefix, else it has one of several names
//   segment   an operand in memory, NOTRACK, a branch hint
//   f0        nothing: LOCK is always a word
//
// A word too many or too few would be the first sign that table and decoder
// read a prefix differently: the text, assembled again, has other bytes.
#include "smc/x86/print_text.h"

// The notations whose size is the operand size: they use up 66. sIb is one of
// them, for its one byte is extended to that size.
static const bool sized[SPEC_END] = {
    [eAX] = 1, [Zv] = 1, [Xv] = 1, [Xz] = 1, [Yv] = 1, [Yz] = 1,
    [Ev] = 1,  [Rv] = 1, [Mv] = 1, [Mp] = 1, [Ma] = 1, [Gv] = 1,
    [sIb] = 1, [Iz] = 1, [Jz] = 1, [Ov] = 1, [Ap] = 1,
};

static bool uses_operand_size(const struct printing *p)
{
    const struct insn *insn = p->insn;
    switch (insn->row->suffix) {
    case SUFFIX_NAMED:
    case SUFFIX_STACK:
    case SUFFIX_TABLE:
    case SUFFIX_X87: return true;
    }
    for (unsigned i = 0; i < p->count; i++) {
        uint8_t spec = insn->row->operands[i];
        // SLDT and its kin write a word to memory, whatever 66 says.
        if (sized[spec] || (spec == EwRv && !p->memory))
            return true;
    }
    return insn->mandatory == 0x66;
}

// An address that is a bare number of 32 bits does not show its size; nor does
// one of 16 bits without ModRM, but with ModRM objdump prints that signed, and
// then it counts as shown.
//
//   67 a1 34 12      addr16 mov 0x1234,%eax
//   67 8b 0e f0 ff   mov -0x10,%ecx
static bool uses_address_size(const struct printing *p)
{
    const struct insn *insn = p->insn;
    const struct operand *o = p->memory;
    if (o)
        return o->base != REG_NONE || insn->sib_at ||
               (insn->modrm_at && insn->address_size == 2);
    // LOOP and JECXZ count in %cx or %ecx, MONITOR takes %ax or %eax.
    return (insn->map == MAP_1 && (insn->opcode & 0xfc) == 0xe0) ||
           insn->row->implicit == X_MONITOR || insn->row->operands[0] == Ra;
}

// Not the destination of a string instruction: it is in ES, come what may.
// LEA uses it, too: the text has it, be it that the processor ignores it.
static bool uses_segment(const struct printing *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        uint8_t spec = p->insn->row->operands[i];
        if (p->operands[i].kind == OPERAND_MEM && spec != Yb && spec != Yv &&
            spec != Yz && !is_hidden(spec))
            return true;
    }
    return false;
}

// Hints for lock elision, on what may be locked. XCHG with memory is locked
// by itself, and MOV needs no lock to release one. [SDM1 16.3.3]
static bool is_elision(const struct printing *p, uint8_t byte)
{
    const struct insn *insn = p->insn;
    uint16_t alone = byte == 0xf3 ? XRELEASE : XACQUIRE;
    return p->memory &&
           (insn->row->more & alone ||
            (insn->row->more & LOCKABLE && insn->prefixes & PREFIX_LOCK));
}

// What F2 and F3 are called. NULL: used up.
//
//                    f3         f2
//   chose the row    -          -
//   lock elision     xrelease   xacquire
//   string           rep        repnz
//   CMPS, SCAS       repz       repnz
//   near branch      repz       bnd
//   anything else    repz       repnz
static const char *repeat_name(const struct printing *p, uint8_t byte)
{
    uint16_t more = p->insn->row->more;
    if (p->insn->mandatory == byte && !(more & IGNORES_PREFIX))
        return NULL;
    if (is_elision(p, byte))
        return byte == 0xf3 ? "xrelease" : "xacquire";
    if (more & REPEATS && byte == 0xf3)
        return "rep";
    if (more & NEAR && byte == 0xf2)
        return "bnd";
    return byte == 0xf3 ? "repz" : "repnz";
}

// "Probably not taken", "probably taken": CS and DS before a Jcc, but not
// both. [SDM2 2.1.1]
const char *branch_hint(const struct insn *insn)
{
    bool not_taken = false, taken = false;
    if (insn->row->flow != FLOW_BRANCH || insn->segment == SEG_NONE)
        return "";
    for (unsigned i = 0; i < insn->opcode_at; i++) {
        not_taken |= insn->bytes[i] == 0x2e;
        taken |= insn->bytes[i] == 0x3e;
    }
    return not_taken == taken ? "" : taken ? ",pt" : ",pn";
}

// Of prefixes: the others are 66, 67, f0, f2 and f3.
static bool is_segment(uint8_t byte)
{
    return byte < 0x66;
}

// The name of a prefix that means nothing.
static const char *plain_name(const struct insn *insn, uint8_t byte)
{
    static const char segments[6][3] = {"es", "cs", "ss", "ds", "fs", "gs"};
    bool wide = insn->mode == INSN_32;
    switch (byte) {
    case 0x66: return wide ? "data16" : "data32";
    case 0x67: return wide ? "addr16" : "addr32";
    case 0xf0: return "lock";
    case 0xf2: return "repnz";
    case 0xf3: return "repz";
    }
    // 26 2e 36 3e are es cs ss ds; 64 65 are fs gs.
    return segments[byte < 0x64 ? byte >> 3 & 3 : byte & 7];
}

// The name of the last prefix of its kind. NULL: used up.
static const char *last_name(const struct printing *p, uint8_t byte)
{
    const struct insn *insn = p->insn;
    if (byte == 0x66 && uses_operand_size(p))
        return NULL;
    if (byte == 0x67 && uses_address_size(p))
        return NULL;
    if (byte == 0xf2 || byte == 0xf3)
        return repeat_name(p, byte);
    if (!is_segment(byte))
        return plain_name(insn, byte);
    if (is_notrack(insn))
        return "notrack";
    if (uses_segment(p))
        return NULL;
    if (branch_hint(insn)[0])
        return NULL; // it is behind the mnemonic
    return plain_name(insn, byte);
}

// All six segments are of one kind. F2 and F3 are two here, each with a name
// of its own, though the decoder goes by the last of both.
static bool is_last_of_kind(const struct insn *insn, unsigned at)
{
    uint8_t byte = insn->bytes[at];
    for (unsigned i = at + 1; i < insn->opcode_at; i++)
        if (insn->bytes[i] == byte ||
            (is_segment(byte) && is_segment(insn->bytes[i])))
            return false;
    return true;
}

// From the bytes: struct insn has each kind once and no order.
void print_prefixes(struct printing *p)
{
    const struct insn *insn = p->insn;
    for (unsigned i = 0; i < insn->opcode_at; i++) {
        uint8_t byte = insn->bytes[i];
        const char *name = is_last_of_kind(insn, i) ? last_name(p, byte)
                                                    : plain_name(insn, byte);
        if (name) {
            put_string(&p->text, name);
            put(&p->text, ' ');
        }
    }
}
