// SPDX-License-Identifier: MIT
// Does an instruction, decoded again, say what was typed? First its operands,
// one by one, then the mnemonic with its size suffix.
//
// This is where the assembler is strict. All before may guess, for nothing is
// taken that does not pass here.
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"
#include "smc/x86/print.h"
#include "smc/x86/table.h"

// Operands -------------------------------------------------------------------

// The segment of memory as typed: with it, as a word before the mnemonic, or
// what goes without saying.
//
//   %fs:(%eax)       the operand's
//   fs mov (%eax)    the last word's: the decoder goes by the last, too
//   (%ebp)           SS; string destinations ES; else DS
static uint8_t segment_of(const struct line *l, const struct operand *want,
                          const struct operand *got)
{
    if (want->segment != SEG_NONE)
        return want->segment;
    for (unsigned i = l->prefix_count; i-- > 0;) {
        uint8_t byte = l->prefixes[i];
        if (byte == 0x64 || byte == 0x65)
            return byte & 7;
        if ((byte & 0xe7) == 0x26)
            return byte >> 3 & 3;
    }
    if (got->implied && got->base == REG_DI)
        return got->segment; // %es of string destinations
    return want->base == REG_BP || want->base == REG_SP ? SEG_SS : SEG_DS;
}

// A scale without an index has no effect; not all encodings of it have one.
static bool same_memory(const struct line *l, const struct operand *want,
                        const struct operand *got)
{
    return want->base == got->base && want->index == got->index &&
           (want->index == REG_NONE || want->scale == got->scale) &&
           want->disp == got->disp && segment_of(l, want, got) == got->segment;
}

// A value that stands in `size` bytes may be written with or without sign.
//
//   size   typed                      decoded    verdict
//   1      0xff, -1                   ff         SAME
//   1      0x100                      00         OUT_OF_RANGE
//   4      0x80, where a byte is      ffffff80   OUT_OF_RANGE: 83 extends it;
//          sign-extended                         81 is tried as well
static enum verdict same_value(uint32_t want, uint32_t got, unsigned size)
{
    uint32_t max = size == 1 ? 0xff : size == 2 ? 0xffff : UINT32_MAX;
    if (want > max && want < ~(max >> 1))
        return OUT_OF_RANGE;
    return (want & max) == (got & max) ? SAME : OUT_OF_RANGE;
}

static bool same_register(const struct operand *want,
                          const struct operand *got, uint8_t spec)
{
    // Of a register, loads of segments use the low half only: `mov %ax,%ds`
    // and `mov %eax,%ds` do the same.
    bool any_size = spec == EwRv && got->access == OPERAND_READ;
    return want->class == got->class && want->reg == got->reg &&
           (want->size == got->size || (any_size && want->size != 1));
}

// IN and OUT take %dx as GNU as has it and (%dx) as objdump prints it.
static bool is_port(const struct operand *o)
{
    return (o->kind == OPERAND_REG && o->class == CLASS_GPR && o->size == 2 &&
            o->reg == REG_DX) ||
           (o->kind == OPERAND_MEM && o->base == REG_DX &&
            o->index == REG_NONE && o->disp == 0);
}

// The distance was put in blindly; one that did not fit leads elsewhere. So
// the range of a short jump is nowhere written down: 128 bytes on, eb 80 leads
// backwards, and e9 is what stays.
static enum verdict same_target(const struct line *l, const struct insn *insn,
                                const struct operand *want)
{
    uint32_t target;
    if (want->kind != OPERAND_MEM || want->segment != SEG_NONE ||
        !insn_target(insn, l->address, &target))
        return DIFFERENT;
    // With 66 the target is cut to 16 bits, which nobody means by "jmp 64".
    if (insn->operand_size == 2 && !line_has_prefix(l, 0x66) &&
        l->mnemonic[strlen(l->mnemonic) - 1] != 'w')
        return DIFFERENT;
    return (uint32_t)want->disp == target ? SAME : OUT_OF_RANGE;
}

// Memory at a number: no register tells the address's size.
static bool is_bare(const struct operand *o)
{
    return o->kind == OPERAND_MEM && o->base == REG_NONE &&
           o->index == REG_NONE;
}

// The kind first, and of memory all but the operand's size: that is for the
// mnemonic to tell (line_compare_name).
enum verdict line_compare(const struct line *l, const struct insn *insn,
                          const struct typed *typed, const struct operand *got,
                          uint8_t spec)
{
    const struct operand *want = &typed->value;
    if (typed->indirect && !(insn->row->more & INDIRECT))
        return DIFFERENT;
    // "jmp 0x10" goes there; only "jmp *0x10" reads a pointer there.
    if (insn->row->more & INDIRECT && !typed->indirect && is_bare(want))
        return DIFFERENT;
    if (spec == DXmem)
        return is_port(want) ? SAME : DIFFERENT;
    if (got->kind == OPERAND_REL)
        return same_target(l, insn, want);
    if (want->kind != got->kind)
        return DIFFERENT;
    switch (want->kind) {
    case OPERAND_REG: return same_register(want, got, spec) ? SAME : DIFFERENT;
    case OPERAND_MEM:
        return same_memory(l, want, got) &&
                       (is_bare(want) ||
                        typed->short_names == (insn->address_size == 2))
                   ? SAME
                   : DIFFERENT;
    case OPERAND_IMM: return same_value(want->imm, got->imm, got->size);
    default:
        return want->selector == got->selector
                   ? same_value(want->imm, got->imm, insn->operand_size)
                   : OUT_OF_RANGE;
    }
}

// The mnemonic ---------------------------------------------------------------

// 0 for no size: no operand is as small, so it compares as different.
static unsigned letter_size(char c)
{
    return c == 'b' ? 1 : c == 'w' ? 2 : c == 'l' ? 4 : 0;
}

// A first, coarse sieve: without it "movsb" would be tried as MOV. What passes
// is judged by line_compare_name, when the operands are known.
bool line_is_suffix(const struct opcode *row, const char *rest)
{
    if (!rest[0])
        return true;
    if (!letter_size(rest[0]) && rest[0] != 's') // FLDENVS
        return false;
    return !rest[1] ||
           (row->suffix == SUFFIX_WIDEN && letter_size(rest[1]) && !rest[2]);
}

// The size that a suffix must repeat: that of the first operand that has one,
// else the operand size. 0: no suffix goes with these.
static unsigned size_of(const struct attempt *a, const struct insn *insn,
                        const struct operand *operands, unsigned count)
{
    unsigned size = 0;
    bool any = insn->row->suffix != SUFFIX_NEVER; // but %ds: "movw %ds,%ax"
    for (unsigned i = 0; i < count; i++) {
        const struct operand *o = &operands[i];
        uint8_t spec = insn->row->operands[i];
        bool is_reg = o->kind == OPERAND_REG;
        bool is_sum = i == 0 && insn->row->suffix == SUFFIX_MEMORY; // CRC32
        if (spec == CL || spec == DXmem || is_sum)
            continue;
        if (is_reg && o->class != CLASS_GPR && o->class != CLASS_SEGMENT)
            return 0;
        any |= is_reg && o->class == CLASS_SEGMENT;
        if (!size &&
            (o->kind == OPERAND_MEM || (is_reg && o->class == CLASS_GPR)))
            size = is_reg && spec == EwRv && a->given[i]
                       ? a->given[i]->value.size
                       : o->size;
    }
    if (!any)
        return 0;
    return size == 1 || size == 2 || size == 4 ? size : insn->operand_size;
}

// No suffix where the printer would put one. Right if the size is the usual
// one, and nothing else is likely to have been meant.
//
//   mov $1,(%eax)      no    one byte, two or four?
//   push (%eax)        yes   the stack's own size
//   movzx %al,%ecx     yes   the register tells
//   movzx (%eax),%ecx  no    one byte or two?
static bool bare_is_clear(const struct attempt *a)
{
    const struct opcode *row = a->row;
    if (row->suffix == SUFFIX_WIDEN)
        return a->given[1] && a->given[1]->value.kind == OPERAND_REG;
    if (row->suffix == SUFFIX_MEMORY)
        return a->given[1]->value.kind == OPERAND_REG;
    if (row->suffix == SUFFIX_ALWAYS || a->small_operand)
        return false;
    bool is_stack = row->implicit == X_PUSH || row->implicit == X_POP;
    return is_stack || (row->operands[0] != Eb && row->operands[0] != Ev);
}

// Up to a space or the end.
static size_t first_word(const char *s)
{
    size_t n = 0;
    while (s[n] && s[n] != ' ')
        n++;
    return n;
}

// How the printer calls the instruction. The address does not matter for the
// name. What the text has before it are prefixes, in words that line_prefix
// knows; a prefix that it did not know would be taken for the name.
static void printed_name(const struct insn *insn, char name[MNEMONIC_MAX])
{
    char text[INSN_TEXT_MAX];
    insn_print(text, sizeof text, insn, 0, NULL);
    const char *at = text;
    size_t length = first_word(at);
    while (at[length] && line_prefix(at, length)) {
        at += length + 1;
        length = first_word(at);
    }
    if (length >= MNEMONIC_MAX)
        length = 0;
    memcpy(name, at, length);
    name[length] = '\0';
}

// The printer is the authority: a name that it prints is right. Else the two
// may differ by a suffix:
//
//   typed    printed   verdict
//   addl     add       right if l is the size of the operands
//   add      addl      right if bare_is_clear
//   movzb    movzbl    right if b is the size of the source
//   incb     inc       wrong for %eax, which has four bytes
enum name_verdict line_compare_name(const struct line *l,
                                    const struct attempt *a,
                                    const struct insn *insn,
                                    const struct operand *operands,
                                    unsigned count)
{
    char printed[MNEMONIC_MAX];
    const char *rest = l->mnemonic + strlen(a->row->name);
    printed_name(insn, printed);
    // "lods" alone: the %al that would tell is not there.
    uint8_t first = a->row->operands[0];
    bool is_string = first == AL || first == eAX ||
                     (first >= Xb && first <= Yz);
    if (!rest[0] && !a->given[0] && !a->given[1] && is_string)
        return NAME_UNCLEAR;
    if (strcmp(printed, l->mnemonic) == 0)
        return NAME_RIGHT;
    if (!rest[0])
        return bare_is_clear(a) ? NAME_RIGHT : NAME_UNCLEAR;
    // "movzb" for "movzbl"; "crc32b %al,%eax", whose source has the size.
    if (a->row->suffix == SUFFIX_WIDEN || a->row->suffix == SUFFIX_MEMORY)
        return !rest[1] && letter_size(rest[0]) == operands[1].size
                   ? NAME_RIGHT
                   : NAME_WRONG;
    return strcmp(printed, a->row->name) == 0 && letter_size(rest[0]) &&
                   letter_size(rest[0]) == size_of(a, insn, operands, count)
               ? NAME_RIGHT
               : NAME_WRONG;
}
