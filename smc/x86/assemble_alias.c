// SPDX-License-Identifier: MIT
// Other names for instructions, and operands that may be left out.
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"

struct alias {
    const char *typed, *name;
};

// Intel's names for what AT&T calls otherwise, and doubles.
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

// Doubles among the sixteen conditions.
static const struct alias conditions[] = {
    {"c", "b"},   {"nae", "b"}, {"nc", "ae"}, {"nb", "ae"}, {"z", "e"},
    {"nz", "ne"}, {"na", "be"}, {"nbe", "a"}, {"pe", "p"},  {"po", "np"},
    {"nge", "l"}, {"nl", "ge"}, {"ng", "le"}, {"nle", "g"},
};
static const char *const conditional[] = {"j", "set", "cmov"};

// The comparisons of CMPPS and its like, by the immediate's value.
static const char *const comparisons[] = {"eq",  "lt",  "le",  "unord",
                                          "neq", "nlt", "nle", "ord"};

static bool begins(const char *s, const char *stem)
{
    return strncmp(s, stem, strlen(stem)) == 0;
}

// What may follow a stem: "sall", but not "salc".
static bool is_suffix(const char *s)
{
    return s[0] == '\0' || (strchr("bwl", s[0]) && s[1] == '\0');
}

// Puts `name` in place of the first `length` characters behind `start`.
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

// Only after J, SET and CMOV: "setz" is SETE, "fcmovz" is nothing.
static void rename_condition(struct line *l)
{
    for (size_t i = 0; i < sizeof conditional / sizeof conditional[0]; i++)
        if (begins(l->mnemonic, conditional[i]))
            rename_from(l, strlen(conditional[i]), conditions,
                        sizeof conditions / sizeof conditions[0]);
}

// "cmpltps %xmm1,%xmm2" is "cmpps $1,%xmm1,%xmm2".
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

// "imul $3,%eax" is "imul $3,%eax,%eax".
static void repeat_destination(struct line *l)
{
    if (!begins(l->mnemonic, "imul") || l->count != 2 ||
        l->operands[0].value.kind != OPERAND_IMM)
        return;
    l->operands[2] = l->operands[1];
    l->count = 3;
}

// "ljmp $8,$0x1000" has two immediates for one operand.
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
// do not list them. The third is %edx or, for MWAITX, %ebx.
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

// AAM and AAD alone are decimal.
static void add_ten(struct line *l)
{
    if (l->count ||
        (strcmp(l->mnemonic, "aam") != 0 && strcmp(l->mnemonic, "aad") != 0))
        return;
    l->operands[0].value = (struct operand){.kind = OPERAND_IMM, .imm = 10};
    l->count = 1;
}

void line_rename(struct line *l)
{
    // INT $3 has an opcode of its own.
    if (strcmp(l->mnemonic, "int") == 0 && l->count == 1 &&
        l->operands[0].value.kind == OPERAND_IMM &&
        l->operands[0].value.imm == 3) {
        replace(l, 0, 3, "int3");
        l->count = 0;
    }
    if (!rename_from(l, 0, aliases, sizeof aliases / sizeof aliases[0]))
        rename_condition(l);
    expand_comparison(l);
    repeat_destination(l);
    join_far(l);
    drop_fixed(l);
    add_ten(l);
}
