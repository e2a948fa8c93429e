// SPDX-License-Identifier: MIT
// Reading an operand: a register, an immediate, or memory.
//
//   *%fs:0x10(%ebx,%ecx,4)
//   | |  |    |    |    scale
//   | |  |    base index
//   | |  displacement: line_value
//   | segment
//   indirect: JMP and CALL
//
// An operand is read without regard to the instruction, and no operand tells
// its own size but a register:
//
//   $5         immediate
//   5, name    memory at an address, or the target of a jump
//   %eax       register
//   %fs:...    memory: only what follows tells it from a register
//   ...(...)   memory
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"

// Registers ------------------------------------------------------------------

// Names of two characters each, one behind the other; the place is the number
// in the encoding.
static bool in_list(const char *list, const char *name, uint8_t *index)
{
    for (unsigned i = 0; list[2 * i]; i++)
        if (list[2 * i] == name[0] && list[2 * i + 1] == name[1]) {
            *index = (uint8_t)i;
            return true;
        }
    return false;
}

static bool set(struct operand *o, enum register_class class, unsigned size)
{
    o->kind = OPERAND_REG;
    o->class = (uint8_t) class;
    o->size = (uint16_t)size;
    return true;
}

// Families whose names end in a digit. The length must fit as well: "mm" is in
// "xmm1", too. %ymm and %zmm are not known, for VEX is not assembled. Control
// registers that do not exist, %cr1, are left to the decoder.
static bool numbered(const char *name, size_t length, struct operand *o)
{
    static const struct {
        const char *stem;
        uint8_t class, size;
    } families[] = {
        {"cr", CLASS_CONTROL, 4}, {"db", CLASS_DEBUG, 4},
        {"dr", CLASS_DEBUG, 4},   {"tr", CLASS_TEST, 4},
        {"mm", CLASS_MMX, 8},     {"xmm", CLASS_VECTOR, 16},
        {"bnd", CLASS_BOUND, 16},
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        size_t stem = strlen(families[i].stem);
        if (length != stem + 1 || strncmp(name, families[i].stem, stem) != 0 ||
            name[stem] < '0' || name[stem] > '7')
            continue;
        o->reg = (uint8_t)(name[stem] - '0');
        return set(o, families[i].class, families[i].size);
    }
    return false;
}

// The order in each list is that of the encoding.
//
// %eiz is no register but the absence of one. REG_NONE as an index says so;
// anywhere else it is a number that nothing encodes, and the line is refused.
// A bare %st is %st(0).
static bool named(const char *name, size_t length, struct operand *o)
{
    if (length == 3 && name[0] == 'e' &&
        in_list("axcxdxbxspbpsidi", name + 1, &o->reg))
        return set(o, CLASS_GPR, 4);
    if (length == 3 && strncmp(name, "eiz", 3) == 0) {
        o->reg = REG_NONE; // "no index", as disassemblers write it
        return set(o, CLASS_GPR, 4);
    }
    if (length == 2 && in_list("alcldlblahchdhbh", name, &o->reg))
        return set(o, CLASS_GPR, 1);
    if (length == 2 && in_list("axcxdxbxspbpsidi", name, &o->reg))
        return set(o, CLASS_GPR, 2);
    if (length == 2 && in_list("escsssdsfsgs", name, &o->reg))
        return set(o, CLASS_SEGMENT, 2);
    if (length == 2 && strncmp(name, "st", 2) == 0)
        return set(o, CLASS_X87, 10);
    return numbered(name, length, o);
}

// %st(3) is the only name with more than letters and digits. Without this the
// parenthesis would look like the beginning of an address.
static bool stack_number(struct line *l, struct operand *o)
{
    if (o->class != CLASS_X87 || l->at[0] != '(')
        return true;
    if (l->at[1] < '0' || l->at[1] > '7' || l->at[2] != ')')
        return line_error(l, l->at, 3, "is not a number of the x87 stack");
    o->reg = (uint8_t)(l->at[1] - '0');
    l->at += 3;
    return true;
}

// The % is part of the word in an error, not of the name.
static bool reg(struct line *l, struct operand *o)
{
    line_skip(l);
    const char *word = l->at;
    if (*word != '%')
        return line_error(l, word, 0, "a register is missing");
    l->at++;
    size_t length = line_word(l);
    if (!named(l->at, length, o))
        return line_error(l, word, length + 1, "is not a register");
    l->at += length;
    return stack_number(l, o);
}

static bool expect(struct line *l, char c, const char *what)
{
    line_skip(l);
    if (*l->at != c)
        return line_error(l, l->at, 0, what);
    l->at++;
    return true;
}

// Operands -------------------------------------------------------------------

// Refused by value: two bits hold the scale, so 3 would become another one.
static bool scale(struct line *l, struct operand *o)
{
    uint32_t value;
    line_skip(l);
    const char *word = l->at;
    if (!line_value(l, &value))
        return false;
    if (value != 1 && value != 2 && value != 4 && value != 8)
        return line_error(l, word, (size_t)(l->at - word),
                          "is not a scale: 1, 2, 4 or 8");
    o->scale = (uint8_t)value;
    return true;
}

// One register of an address. All of them have the same size: one prefix, 67,
// is for both.
static bool address_register(struct line *l, struct typed *t, uint8_t *number)
{
    struct operand r = {0};
    line_skip(l);
    const char *word = l->at;
    if (!reg(l, &r))
        return false;
    bool is_first = t->value.base == REG_NONE && t->value.index == REG_NONE;
    if (r.class != CLASS_GPR || r.size == 1 ||
        (!is_first && t->short_names != (r.size == 2)))
        return line_error(l, word, (size_t)(l->at - word),
                          "cannot be part of this address");
    if (is_first)
        t->short_names = r.size == 2;
    *number = r.reg;
    return true;
}

// (base,index,scale), each of which may be left out, but not its comma:
//
//   (%eax)   (%eax,%ecx)   (%eax,%ecx,4)   (,%ecx,4)   (,%ecx)
static bool address(struct line *l, struct typed *t)
{
    if (!expect(l, '(', "`(` is missing"))
        return false;
    line_skip(l);
    if (*l->at == '%' && !address_register(l, t, &t->value.base))
        return false;
    line_skip(l);
    if (*l->at == ',') {
        l->at++;
        line_skip(l);
        // "(%eax,,2)" has no index, "(,%eax)" no scale.
        if (*l->at == '%' && !address_register(l, t, &t->value.index))
            return false;
        line_skip(l);
    }
    if (*l->at == ',') {
        l->at++;
        if (!scale(l, &t->value))
            return false;
    }
    return expect(l, ')', "`)` is missing");
}

// The displacement first: a bare number is an address. What begins with a
// parenthesis has none, so values cannot be put in parentheses.
static bool memory(struct line *l, struct typed *t)
{
    uint32_t disp = 0;
    t->value.kind = OPERAND_MEM;
    t->value.base = t->value.index = REG_NONE;
    t->value.scale = 1;
    line_skip(l);
    if (*l->at != '(' && !line_value(l, &disp))
        return false;
    t->value.disp = (int32_t)disp;
    line_skip(l);
    return *l->at != '(' || address(l, t);
}

// %eax, or %fs:0x10(%eax). Behind the colon all begins anew: what was read as
// a register becomes the segment of an operand that is not there yet.
static bool reg_or_segment(struct line *l, struct typed *t)
{
    if (!reg(l, &t->value))
        return false;
    line_skip(l);
    if (*l->at != ':')
        return true;
    if (t->value.class != CLASS_SEGMENT)
        return line_error(l, l->at, 1, "stands behind a segment only");
    uint8_t segment = t->value.reg;
    l->at++;
    t->value = (struct operand){.segment = segment};
    return memory(l, t);
}

// The first character decides; a * before it only adds.
static bool operand(struct line *l, struct typed *t)
{
    line_skip(l);
    *t = (struct typed){.word = l->at, .value.segment = SEG_NONE};
    if (*l->at == '*') {
        t->indirect = true;
        l->at++;
        line_skip(l);
    }
    if (*l->at == '%')
        return reg_or_segment(l, t);
    if (*l->at != '$')
        return memory(l, t);
    l->at++;
    t->value.kind = OPERAND_IMM;
    return line_value(l, &t->value.imm);
}

// Notes where the operand stands, for an error that comes later: whether it
// fits is known only when all rows have been tried.

bool line_operand(struct line *l, struct typed *t)
{
    bool good = operand(l, t);
    size_t length = (size_t)(l->at - t->word);
    while (length && (t->word[length - 1] == ' '))
        length--;
    t->length = (uint8_t)length;
    return good;
}
