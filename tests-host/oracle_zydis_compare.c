// SPDX-License-Identifier: MIT
// Where the two views of an instruction differ.
#include "smc/x86/print.h"
#include "tests-host/oracle_zydis.h"
#include <stdio.h>

// A scale without an index means nothing, and may be any number.
static bool same_memory(const struct operand *a, const struct operand *b)
{
    return a->segment == b->segment && a->base == b->base &&
           a->index == b->index && a->disp == b->disp &&
           (a->scale == b->scale || a->index == REG_NONE);
}

// Theirs are sign-extended to 64 bits wherever that does no harm.
// Compared in the width of the operation, which is ours. 1u << 32 would be
// undefined: hence the other mask from 4 bytes on.
static bool same_immediate(const struct operand *a, const struct operand *b)
{
    uint32_t mask = a->size >= 4 ? ~0u : (1u << 8 * a->size) - 1;
    return ((a->imm ^ b->imm) & mask) == 0;
}

// Every kind has its own members; the rest of the struct is not looked at.
static bool same_operand(const struct operand *a, const struct operand *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case OPERAND_REG: return a->class == b->class && a->reg == b->reg;
    case OPERAND_MEM: return same_memory(a, b);
    case OPERAND_IMM: return same_immediate(a, b);
    case OPERAND_REL: return a->disp == b->disp;
    default: return a->imm == b->imm && a->selector == b->selector;
    }
}

// Immediates have the size of their encoding there (compared as LAYOUT), and
// that of their operation here. What is not touched has no size here.
static bool same_size(const struct operand *a, const struct operand *b)
{
    return (a->kind != OPERAND_REG && a->kind != OPERAND_MEM) ||
           a->size == b->size || (a->kind == OPERAND_MEM && !a->access);
}

// In pairs, in order: both list the destination first. If the numbers differ
// nothing can be paired, and the other differences would be noise.
static uint32_t compare_explicit(const struct view *a, const struct view *b)
{
    uint32_t d = 0;
    if (a->explicit_count != b->explicit_count)
        return OPERANDS;
    for (unsigned i = 0; i < a->explicit_count; i++) {
        const struct operand *ours = &a->explicit[i],
                             *theirs = &b->explicit[i];
        d |= same_operand(ours, theirs) ? 0 : OPERANDS;
        d |= same_size(ours, theirs) ? 0 : SIZES;
        d |= ours->access == theirs->access ? 0 : ACCESS;
    }
    return d;
}

bool pair_same_but_segments(const struct pair *p)
{
    struct view a = p->ours, b = p->theirs;
    for (unsigned i = 0; i < VIEW_OPERANDS; i++)
        a.explicit[i].segment = b.explicit[i].segment = 0;
    return !(compare_explicit(&a, &b) & OPERANDS);
}

// As a set: no bits of the encoding give implied operands an order.
static bool has_implied(const struct view *v, const struct operand *o)
{
    for (unsigned i = 0; i < v->implied_count; i++)
        if (same_operand(&v->implied[i], o) && same_size(&v->implied[i], o))
            return true;
    return false;
}

// Their hidden operands need not be operands here: registers and memory are
// compared as effects.
//
//   ours       theirs           difference
//   implied    none like it     IMPLIED_MORE
//   none       shown as one     IMPLIED_LESS
//   none       hidden           none: seen in the effects
static uint32_t compare_implied(const struct view *a, const struct view *b)
{
    uint32_t d = 0;
    for (unsigned i = 0; i < a->implied_count; i++)
        d |= has_implied(b, &a->implied[i]) ? 0 : IMPLIED_MORE;
    for (unsigned i = 0; i < b->implied_count; i++)
        if (b->implied[i].implied && !has_implied(a, &b->implied[i]))
            d |= IMPLIED_LESS;
    return d;
}

// In both directions, each under its own name: a quirk may say "we tell more"
// without excusing a register that is missing here. TOLD_BY_FEW excuses what
// we say more, never what we say less.
static uint32_t compare_effects(const struct effects *a,
                                const struct effects *b)
{
    uint32_t d = 0;
    d |= a->reads & ~b->reads & ~TOLD_BY_FEW ? READS_MORE : 0;
    d |= b->reads & ~a->reads ? READS_LESS : 0;
    d |= a->writes & ~b->writes & ~TOLD_BY_FEW ? WRITES_MORE : 0;
    d |= b->writes & ~a->writes ? WRITES_LESS : 0;
    d |= a->flags_read != b->flags_read ? FLAGS_READ : 0;
    d |= a->flags_written != b->flags_written ? FLAGS_WRITTEN : 0;
    d |= a->flags_undefined != b->flags_undefined ? FLAGS_UNDEFINED : 0;
    d |= a->memory != b->memory ? MEMORY : 0;
    d |= a->memory_size != b->memory_size ? MEMORY_SIZE : 0;
    return d;
}

// Offset 0 means absent for both: the first byte is never one of these parts.
static bool same_layout(const struct view *a, const struct view *b)
{
    return a->modrm_at == b->modrm_at && a->sib_at == b->sib_at &&
           a->disp_at == b->disp_at && a->disp_size == b->disp_size &&
           a->imm_at == b->imm_at && a->imm_size == b->imm_size;
}

//   ours       theirs     compared
//   unknown    invalid    nothing
//   valid      invalid    nothing more: ONLY_OURS
//   invalid    valid      nothing more: ONLY_THEIRS
//   invalid    invalid    nothing: the reasons have other words there
//   unknown    valid      the length; and UNKNOWN: which ones needs a reason
//   INSN_OK    valid      all of it
uint32_t pair_compare(const struct pair *p)
{
    const struct view *a = &p->ours, *b = &p->theirs;
    // An unknown instruction is only said to have that length if it is one.
    if (p->status == INSN_UNKNOWN && !b->valid)
        return 0;
    if (a->valid != b->valid)
        return a->valid ? ONLY_OURS : ONLY_THEIRS;
    if (!a->valid)
        return 0;
    uint32_t d = a->length == b->length ? 0 : LENGTH;
    if (p->status == INSN_UNKNOWN)
        return d | UNKNOWN;
    d |= same_layout(a, b) ? 0 : LAYOUT;
    d |= compare_explicit(a, b) | compare_implied(a, b);
    d |= compare_effects(&a->effects, &b->effects);
    d |= a->flow == b->flow ? 0 : FLOW;
    d |= a->target == b->target ? 0 : TARGET;
    d |= a->privilege == b->privilege ? 0 : PRIVILEGE;
    return d;
}

// Printing ----------------------------------------------------------------

// Sets as numbers: their bits are enum register_bit and FLAG_*.
static void print_effects(const char *who, const struct view *v)
{
    const struct effects *e = &v->effects;
    printf("    %-6s reads %016llx writes %016llx flags %x %x %x "
           "memory %x, %u bytes; flow %u privilege %u target %x\n",
           who, (unsigned long long)e->reads, (unsigned long long)e->writes,
           e->flags_read, e->flags_written, e->flags_undefined, e->memory,
           e->memory_size, v->flow, v->privilege, v->target);
}

// REG_NONE is -1 here: base and index are shown as signed.
static void print_operand(const char *who, const struct operand *o)
{
    printf("    %-6s kind %u access %u size %u; reg %u:%u; mem %u:%d+%d*%u "
           "disp %x; imm %x:%x\n",
           who, o->kind, o->access, o->size, o->class, o->reg, o->segment,
           (int8_t)o->base, (int8_t)o->index, o->scale, (unsigned)o->disp,
           o->selector, o->imm);
}

static void print_operands(const char *who, const struct view *v)
{
    for (unsigned i = 0; i < v->explicit_count; i++)
        print_operand(who, &v->explicit[i]);
    for (unsigned i = 0; i < v->implied_count; i++)
        if (v->implied[i].implied)
            print_operand("(implied)", &v->implied[i]);
}

// Both in AT&T syntax, to be read by people. Nothing is compared here: the
// texts are the affair of oracle_objdump.c.
static void print_texts(const struct pair *p)
{
    char ours[160] = "", theirs[160] = "";
    if (p->status == INSN_OK)
        insn_print(ours, sizeof ours, &p->insn, VIEW_ADDRESS, NULL);
    else
        snprintf(ours, sizeof ours, "(%s)", insn_status_text(p->status));
    ZydisFormatter formatter;
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
    if (p->theirs.valid)
        ZydisFormatterFormatInstruction(&formatter, &p->their, p->operands,
                                        p->their.operand_count_visible, theirs,
                                        sizeof theirs, VIEW_ADDRESS, NULL);
    else
        snprintf(theirs, sizeof theirs, "(status %x)",
                 ZYAN_STATUS_CODE(p->their_status));
    printf("    ours   %2u %s\n    theirs %2u %s\n", p->insn.length, ours,
           p->theirs.valid ? p->their.length : 0, theirs);
}

// The words are in the order of the bits of enum difference.
void differences_print(const struct pair *p, uint32_t differences)
{
    static const char *const words[] = {"only ours valid",
                                        "only theirs valid",
                                        "length",
                                        "layout",
                                        "operands",
                                        "sizes",
                                        "access",
                                        "implied more",
                                        "implied less",
                                        "reads more",
                                        "reads less",
                                        "writes more",
                                        "writes less",
                                        "flags read",
                                        "flags written",
                                        "flags undefined",
                                        "memory",
                                        "memory size",
                                        "flow",
                                        "target",
                                        "privilege",
                                        "not in our tables"};
    printf("%u-bit", p->mode == INSN_16 ? 16 : 32);
    for (size_t i = 0; i < 15 && i < p->available; i++)
        printf(" %02x", p->bytes[i]);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (differences >> i & 1)
            printf("; %s", words[i]);
    putchar('\n');
    print_texts(p);
    if (p->status == INSN_OK && p->theirs.valid) {
        print_operands("ours", &p->ours);
        print_operands("theirs", &p->theirs);
        print_effects("ours", &p->ours);
        print_effects("theirs", &p->theirs);
    }
}
