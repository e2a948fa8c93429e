// SPDX-License-Identifier: MIT
// A line as a whole: prefixes, mnemonic, operands; or a directive with data.
//
//   lock   addl      $1,16(%eax)   # any remark
//   |      |         operands, as typed
//   |      mnemonic: the first word that is no prefix
//   prefixes, as bytes
//
// Nothing here knows which of them go together. That is for the search, which
// asks the tables and the decoder.
#include "smc/x86/assemble.h"
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"

struct word_byte {
    const char *word;
    uint8_t byte;
};

// Words before a mnemonic, as GNU as takes them and objdump prints them. f2
// and f3 have four names each: which one is right depends on the instruction,
// and the wrong one gives the same byte.
static const struct word_byte prefixes[] = {
    {"lock", 0xf0},     {"rep", 0xf3},     {"repe", 0xf3},
    {"repz", 0xf3},     {"repne", 0xf2},   {"repnz", 0xf2},
    {"data16", 0x66},   {"addr16", 0x67},  {"xacquire", 0xf2},
    {"xrelease", 0xf3}, {"notrack", 0x3e}, {"bnd", 0xf2},
    {"es", 0x26},       {"cs", 0x2e},      {"ss", 0x36},
    {"ds", 0x3e},       {"fs", 0x64},      {"gs", 0x65},
};
// Words for data, and the bytes of one value. .word is two, as in all of AT&T
// for i386.
static const struct word_byte directives[] = {
    {".byte", 1}, {".word", 2}, {".short", 2}, {".long", 4}, {".int", 4}};

// 0 for "not there": no prefix is 0, and no directive has values of 0 bytes.
static uint8_t find(const struct word_byte *list, size_t count,
                    const char *word, size_t length)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i].word) == length &&
            strncmp(list[i].word, word, length) == 0)
            return list[i].byte;
    return 0;
}
#define FIND(list, word, length) \
    find(list, sizeof(list) / sizeof((list)[0]), word, length)

uint8_t line_prefix(const char *word, size_t length)
{
    return FIND(prefixes, word, length);
}

bool line_has_prefix(const struct line *l, uint8_t byte)
{
    return memchr(l->prefixes, byte, l->prefix_count) != NULL;
}

// "jne,pt": a branch hint is a prefix behind the mnemonic. A comma ends a
// word, so it is still to be read. Any other comma here has lost its operand.
static bool read_hint(struct line *l)
{
    if (*l->at != ',')
        return true;
    uint8_t byte = strncmp(l->at, ",pt", 3) == 0   ? 0x3e
                   : strncmp(l->at, ",pn", 3) == 0 ? 0x2e
                                                   : 0;
    if (!byte || l->prefix_count == TYPED_PREFIXES)
        return line_error(l, l->at, 0, "no operand before the comma");
    l->prefixes[l->prefix_count++] = byte;
    l->at += 3;
    return true;
}

// Reads prefixes up to the mnemonic and that, too. The mnemonic is copied, for
// an alias will replace it; `word` stays in the line, where an error points.
//
// The lengths are asked before anything is copied. The longest mnemonic in
// the tables has 16 letters, so what does not fit is none.
static bool read_mnemonic(struct line *l)
{
    for (;;) {
        line_skip(l);
        size_t length = line_word(l);
        const char *word = l->at;
        uint8_t prefix = line_prefix(word, length);
        if (length == 0)
            return line_error(l, word, 0, "an instruction is missing");
        if (!prefix && length >= MNEMONIC_MAX)
            return line_error(l, word, length, "is not an instruction");
        l->at += length;
        if (!prefix) {
            l->word = word;
            l->word_length = (uint8_t)length;
            memcpy(l->mnemonic, word, length);
            l->mnemonic[length] = '\0';
            return read_hint(l);
        }
        if (l->prefix_count == TYPED_PREFIXES)
            return line_error(l, word, length, "is one prefix too many");
        l->prefixes[l->prefix_count++] = prefix;
    }
}

// As typed, in AT&T's order; which way round they go the row will tell.
static bool read_operands(struct line *l)
{
    line_skip(l);
    if (*l->at == '\0' || *l->at == '#')
        return true;
    for (;;) {
        if (l->count == INSN_OPERANDS)
            return line_error(l, l->at, 0, "more operands than any has");
        if (!line_operand(l, &l->operands[l->count++]))
            return false;
        line_skip(l);
        if (*l->at != ',')
            return line_end(l);
        l->at++;
    }
}

// Data is not decoded: it may be anything, half an instruction included. A
// value is right if it fits with or without a sign; what is negative comes
// from line_value as 32 bits:
//
//   .byte   0..255     ffffff80..ffffffff for -128..-1
//   .word   0..65535   ffff8000..ffffffff
//   .long   all
static bool read_data(struct line *l, unsigned size)
{
    struct assembled *out = l->out;
    for (;;) {
        uint32_t value, max = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
        line_skip(l);
        const char *word = l->at;
        if (!line_value(l, &value))
            return false;
        if (value > max && value < ~(max >> 1))
            return line_error(l, word, (size_t)(l->at - word), "does not fit");
        if (out->len + size > INSN_MAX)
            return line_error(l, word, 0, "more than 15 bytes");
        for (unsigned i = 0; i < size; i++)
            out->bytes[out->len++] = (uint8_t)(value >> 8 * i);
        line_skip(l);
        if (*l->at != ',')
            return line_end(l);
        l->at++;
    }
}

// Each step leaves its error in the line; the first one ends it. Renaming
// comes after the operands, since some names depend on their number.
static bool read_line(struct line *l)
{
    if (!read_mnemonic(l))
        return false;
    unsigned size = FIND(directives, l->mnemonic, strlen(l->mnemonic));
    if (size)
        return read_data(l, size);
    if (!read_operands(l))
        return false;
    line_rename(l);
    return line_encode(l);
}

// A directive may have stored some values before its error: with len 0 nobody
// takes them for code.
bool assemble(struct assembled *out, const char *line, uint32_t address,
              assemble_lookup *lookup)
{
    struct line l = {.start = line,
                     .at = line,
                     .out = out,
                     .lookup = lookup,
                     .address = address};
    *out = (struct assembled){0};
    if (read_line(&l))
        return true;
    out->len = 0;
    return false;
}
