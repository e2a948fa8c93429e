// SPDX-License-Identifier: MIT
// Reading a typed line: words, numbers, names, and what is wrong with them.
//
// All readers have one contract: spaces before the piece are skipped, `at` is
// left behind it, and false means that an error has been told. `at` never
// passes the NUL, which is no space, word or operator: nobody needs to know
// how long the line is.
#include "smc/x86/assemble_line.h"
#include "kernel/printf.h"
#include "kernel/string.h"

// The word is cut, so that the reason fits behind it whatever was typed. With
// length 0 something is missing: there is no word to show, only a place.
bool line_error(struct line *l, const char *word, size_t length,
                const char *what)
{
    unsigned column = (unsigned)(word - l->start) + 1;
    int shown = length < 24 ? (int)length : 24;
    l->out->column = column < UINT8_MAX ? (uint8_t)column : UINT8_MAX;
    if (length == 0)
        ksnprintf(l->out->error, sizeof l->out->error, "column %u: %s", column,
                  what);
    else
        ksnprintf(l->out->error, sizeof l->out->error, "column %u: `%.*s` %s",
                  column, shown, word, what);
    return false;
}

void line_skip(struct line *l)
{
    while (*l->at == ' ' || *l->at == '\t')
        l->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Mnemonics, names and numbers alike; directives and `.` begin with a point.
static bool is_word(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_' || c == '.';
}

// A word is taken whole and then judged. Read digit by digit, "0x12g" would be
// 0x12, and the g somebody else's error.
size_t line_word(const struct line *l)
{
    size_t n = 0;
    while (is_word(l->at[n]))
        n++;
    return n;
}

// A `#` begins a comment, as in GNU as for i386. Anything else is refused, not
// passed over: "push $1 2" would else be half of what somebody meant.
bool line_end(struct line *l)
{
    line_skip(l);
    if (*l->at == '\0' || *l->at == '#')
        return true;
    return line_error(l, l->at, strlen(l->at), "is not expected here");
}

// Numbers --------------------------------------------------------------------

// 16 is too much in any base.
static unsigned digit_value(char c)
{
    if (is_digit(c))
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

// 10, 0xa, 012 and 0b1010, as GNU as reads them. Beyond 32 bits is an error,
// not a remainder: `mov $0x100000000,%eax` would else load 0. The question is
// turned round, so that it cannot overflow itself:
//
//   total * base + digit <= MAX   as   total <= (MAX - digit) / base
static bool number(struct line *l, size_t length, uint32_t *value)
{
    const char *p = l->at, *end = l->at + length;
    unsigned base = 10;
    if (length > 1 && *p == '0') {
        char mark = p[1] | 0x20;
        base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
        p += base == 8 ? 1 : 2;
    }
    bool good = p < end;
    uint32_t total = 0;
    for (; p < end && good; p++) {
        unsigned digit = digit_value(*p);
        good = digit < base && total <= (UINT32_MAX - digit) / base;
        total = total * base + digit;
    }
    if (!good)
        return line_error(l, l->at, length, "is not a number of 32 bits");
    *value = total;
    return true;
}

// Only copied because the lookup wants it ended by a NUL. What is too long for
// the copy is too long for a symbol: unknown, not cut to some other name.
static bool name_value(struct line *l, size_t length, uint32_t *value)
{
    char name[64];
    if (length < sizeof name) {
        memcpy(name, l->at, length);
        name[length] = '\0';
        if (l->lookup && l->lookup(name, value))
            return true;
    }
    return line_error(l, l->at, length, "is not a known name");
}

// `.` is the address of the line itself: "jmp ." loops for ever. A sign is the
// term's, so "5-3" is 5 and then -3, and no operator has to be remembered.
static bool term(struct line *l, uint32_t *value)
{
    line_skip(l);
    char sign = *l->at;
    if (sign == '-' || sign == '~' || sign == '+')
        l->at++;
    line_skip(l);
    size_t length = line_word(l);
    if (length == 0)
        return line_error(l, l->at, 0, "a number or a name is missing");
    bool good = length == 1 && *l->at == '.' ? (*value = l->address, true)
                : is_digit(*l->at)           ? number(l, length, value)
                                             : name_value(l, length, value);
    if (!good)
        return false;
    l->at += length;
    if (sign == '-')
        *value = -*value;
    if (sign == '~')
        *value = ~*value;
    return true;
}

// Terms added and subtracted; wraps at 32 bits, as addresses do. What a
// disassembler puts behind an address, <name+0x12>, is passed over: a line of
// a listing can be assembled again as it is.
bool line_value(struct line *l, uint32_t *value)
{
    if (!term(l, value))
        return false;
    line_skip(l);
    while (*l->at == '+' || *l->at == '-') {
        uint32_t next; // the sign belongs to the term
        if (!term(l, &next))
            return false;
        *value += next;
        line_skip(l);
    }
    const char *close = *l->at == '<' ? strchr(l->at, '>') : NULL;
    if (close)
        l->at = close + 1;
    return true;
}
