// SPDX-License-Identifier: MIT
// Other names for instructions, and operands that may be left out.
//
// The tables have one name for each instruction, AT&T's where that differs
// from Intel's. All others end here, before the search: it compares with one
// name, and the printer, which is asked for a second opinion, has no other.
//
//   jz, sal, cwde          another name             aliases, conditions
//   cmpltps                an operand in the name   expand_comparison
//   imul $3,%eax; aam      an operand not typed     repeat_.., add_ten
//   monitor %eax,..        operands too many        drop_fixed, join_far
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"

struct alias {
    const char *typed, *name;
};

// Intel's names for what AT&T calls otherwise, and doubles. The first that
// fits with nothing but a size behind it is taken, so "cwd" before "cwde"
// would do no harm.
static const struct alias aliases[] = {
    {"sal", "shl"},       {"cbw", "cbtw"},       {"cwde", "cwtl"},
    {"cwd", "cwtd"},      {"cdq", "cltd"},       {"loopz", "loope"},
    {"loopnz", "loopne"}, {"wait", "fwait"},     {"xlatb", "xlat"},
    {"icebp", "int1"},    {"pushad", "pusha"},   {"popad", "popa"},
    {"pushfd", "pushf"},  {"popfd", "popf"},     {"iretd", "iret"},
    {"movsx", "movs"},    {"movzx", "movz"},     {"fisttpq", "fisttpll"},
    {"fildq", "fildll"},  {"fistpq", "fistpll"}, {"ud2a", "ud2"},
    {"ud2b", "ud1"},
};

// objdump's names have a remark behind them, which nobody types.
static const struct alias remarks[] = {
    {"fneni", "fneni(8087 only)"},
    {"fndisi", "fndisi(8087 only)"},
    {"fnsetpm", "fnsetpm(287 only)"},
};

// Doubles among the sixteen conditions. Each is tried whole: "jnbe" is not
// "nb" with a suffix e.
static const struct alias conditions[] = {
    {"c", "b"},   {"nae", "b"}, {"nc", "ae"}, {"nb", "ae"}, {"z", "e"},
    {"nz", "ne"}, {"na", "be"}, {"nbe", "a"}, {"pe", "p"},  {"po", "np"},
    {"nge", "l"}, {"nl", "ge"}, {"ng", "le"}, {"nle", "g"},
};
static const char *const conditional[] = {"j", "set", "cmov"};

// The comparisons of CMPPS and its like, by the immediate's value. The first
// eight; further ones are VEX's (print_pseudo.c).
static const char *const comparisons[] = {"eq",  "lt",  "le",  "unord",
                                          "neq", "nlt", "nle", "ord"};

static bool begins(const char *s, const char *stem)
{
    return strncmp(s, stem, strlen(stem)) == 0;
}

// What may follow a stem: "sall", but not "salc", an instruction of its own.
// strchr would find the NUL, too: hence the question before it.
static bool is_suffix(const char *s)
{
    return s[0] == '\0' || (strchr("bwl", s[0]) && s[1] == '\0');
}

// Puts `name` in place of the first `length` characters behind `start`. What
// does not fit is cut: no such mnemonic exists, so nothing true is lost.
static void replace(struct line *l, size_t start, size_t length,
                    const char *name)
{
    char rest[MNEMONIC_MAX];
    strlcpy(rest, l->mnemonic + start + length, sizeof rest);
    strlcpy(l->mnemonic + start, name, MNEMONIC_MAX - start);
    size_t n = strlen(l->mnemonic);
    strlcpy(l->mnemonic + n, rest, MNEMONIC_MAX - n);
}

// The alias `stem` + X + optional size suffix.
static bool rename_from(struct line *l, size_t start, const struct alias *list,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(list[i].typed);
        if (begins(l->mnemonic + start, list[i].typed) &&
            is_suffix(l->mnemonic + start + length)) {
            replace(l, start, length, list[i].name);
            return true;
        }
    }
    return false;
}

// Only after J, SET and CMOV: "setz" is SETE, "fcmovz" is nothing. J is short,
// but what follows it in "jmp" and "jcxz" is no condition.
static void rename_condition(struct line *l)
{
    for (size_t i = 0; i < sizeof conditional / sizeof conditional[0]; i++)
        if (begins(l->mnemonic, conditional[i]))
            rename_from(l, strlen(conditional[i]), conditions,
                        sizeof conditions / sizeof conditions[0]);
}

// "cmpltps %xmm1,%xmm2" is "cmpps $1,%xmm1,%xmm2". Two operands tell it from
// CMPS; the rest of the name must be ps, pd, ss or sd. `rest` may point behind
// the end of a short mnemonic, but never out of its array of 24, which is
// zeroed.
static void expand_comparison(struct line *l)
{
    if (!begins(l->mnemonic, "cmp") || l->count != 2)
        return;
    for (uint32_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++) {
        size_t length = strlen(comparisons[i]);
        const char *rest = l->mnemonic + 3 + length;
        if (!begins(l->mnemonic + 3, comparisons[i]) || strlen(rest) != 2 ||
            !strchr("ps", rest[0]) || !strchr("sd", rest[1]))
            continue;
        replace(l, 3, length, "");
        l->operands[2] = l->operands[1];
        l->operands[1] = l->operands[0];
        l->operands[0].value = (struct operand){.kind = OPERAND_IMM, .imm = i};
        l->count = 3;
        return;
    }
}

// "imul $3,%eax" is "imul $3,%eax,%eax". The encoding has three operands, and
// the printer shows all.
static void repeat_destination(struct line *l)
{
    if (!begins(l->mnemonic, "imul") || l->count != 2 ||
        l->operands[0].value.kind != OPERAND_IMM)
        return;
    l->operands[2] = l->operands[1];
    l->count = 3;
}

// "ljmp $8,$0x1000" has two immediates for one operand. A selector beyond 16
// bits is not joined, and the number of operands is then wrong.
static void join_far(struct line *l)
{
    if ((!begins(l->mnemonic, "ljmp") && !begins(l->mnemonic, "lcall")) ||
        l->count != 2 || l->operands[0].value.kind != OPERAND_IMM ||
        l->operands[1].value.kind != OPERAND_IMM ||
        l->operands[0].value.imm > UINT16_MAX)
        return;
    struct operand *o = &l->operands[0].value;
    o->kind = OPERAND_FAR;
    o->selector = (uint16_t)o->imm;
    o->imm = l->operands[1].value.imm;
    l->count = 1;
}

// "monitor %eax,%ecx,%edx": registers that no bit chooses, so that the tables
// do not list them. The third is %edx or, for MWAITX, %ebx. Others, %edi say,
// stay, and the number of operands is then wrong.
static void drop_fixed(struct line *l)
{
    static const char *const names[] = {"monitor", "mwait",  "vmrun",
                                        "vmload",  "vmsave", "invlpga",
                                        "skinit",  "mwaitx", "monitorx"};
    for (unsigned i = 0; i < l->count; i++) {
        const struct operand *o = &l->operands[i].value;
        if (o->kind != OPERAND_REG || o->class != CLASS_GPR || o->size != 4 ||
            (o->reg != i && !(i == 2 && o->reg == REG_BX)))
            return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(l->mnemonic, names[i]) == 0)
            l->count = 0;
}

// AAM and AAD alone are decimal; the base is in the encoding all the same.
static void add_ten(struct line *l)
{
    if (l->count ||
        (strcmp(l->mnemonic, "aam") != 0 && strcmp(l->mnemonic, "aad") != 0))
        return;
    l->operands[0].value = (struct operand){.kind = OPERAND_IMM, .imm = 10};
    l->count = 1;
}

// Two prefixes make another instruction of 90: "rep nop" is how PAUSE was
// written before assemblers knew it, "data16 nop" is `xchg %ax,%ax`.
static void rename_nop(struct line *l)
{
    if (strcmp(l->mnemonic, "nop") != 0 || l->count)
        return;
    if (line_has_prefix(l, 0xf3)) {
        replace(l, 0, 3, "pause");
    } else if (line_has_prefix(l, 0x66)) {
        replace(l, 0, 3, "xchg");
        l->operands[0].value = (struct operand){
            .kind = OPERAND_REG, .class = CLASS_GPR, .reg = REG_AX, .size = 2};
        l->operands[1] = l->operands[0];
        l->count = 2;
    }
}

// "xchg %eax,%eax" is 90, which the tables call by its other name.
static void rename_exchange(struct line *l)
{
    if (!begins(l->mnemonic, "xchg") ||
        (l->mnemonic[4] && strcmp(l->mnemonic, "xchgl") != 0) || l->count != 2)
        return;
    for (unsigned i = 0; i < 2; i++) {
        const struct operand *o = &l->operands[i].value;
        if (o->kind != OPERAND_REG || o->class != CLASS_GPR || o->size != 4 ||
            o->reg != REG_AX)
            return;
    }
    l->count = 0;
    replace(l, 0, strlen(l->mnemonic), "nop");
}

void line_rename(struct line *l)
{
    // INT $3 has an opcode of its own, of one byte, which fits over any
    // instruction: that is what breakpoints are made of. [SDM2 INT n]
    if (strcmp(l->mnemonic, "int") == 0 && l->count == 1 &&
        l->operands[0].value.kind == OPERAND_IMM &&
        l->operands[0].value.imm == 3) {
        replace(l, 0, 3, "int3");
        l->count = 0;
    }
    rename_from(l, 0, remarks, sizeof remarks / sizeof remarks[0]);
    rename_exchange(l);
    // Names first: the functions below them know instructions by one name.
    if (!rename_from(l, 0, aliases, sizeof aliases / sizeof aliases[0]))
        rename_condition(l);
    rename_nop(l);
    expand_comparison(l);
    repeat_destination(l);
    join_far(l);
    drop_fixed(l);
    add_ten(l);
}
