// SPDX-License-Identifier: MIT
// Listings, as people who read objdump's know them.
//
//   * c011ec20: 66 90                  xchg   %ax,%ax  (#7, once)
//   ^ a live patch                                      ^ its journal line
//
// What has more than seven bytes goes on in a second row, without text:
//
//     c0101234: c7 44 24 04 01 00 00  movl   $0x1,0x4(%esp)
//     c010123b: 00
#include "smc/x86/x86_list.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/x86/decode.h"
#include "smc/x86/x86_show.h"

enum { ROW = 7, HEX_DIGITS = 8, NAME_MAX = 64 };

// The assembler's view of a symbol: `call kprintf` needs the number only.
bool x86_lookup(const char *name, uint32_t *value)
{
    const void *at = symbol_find(name);
    *value = (uint32_t)at;
    return at != NULL;
}

// "c0105000" is a number only here, and only whole: a listing's address. So is
// "00007000", which is no decimal number then.
static bool parse_bare_hex(const char *word, uint32_t *value)
{
    char number[2 + HEX_DIGITS + 1] = "0x";
    if (strlen(word) != HEX_DIGITS)
        return false;
    memcpy(number + 2, word, HEX_DIGITS + 1);
    return parse_u32(number, value);
}

// What stands before the +, or all. Longer than any name: cut, and so not
// found.
static void cut_name(char name[NAME_MAX], const char *word)
{
    const char *plus = strchr(word, '+');
    size_t length = plus ? (size_t)(plus - word) : strlen(word);
    strlcpy(name, word, length + 1 < NAME_MAX ? length + 1 : NAME_MAX);
}

//   name    symbol, else eight hexadecimal digits, else 0x.. or decimal
//   +       0x.. or decimal
//
// The sum may wrap; whether anything is there is the caller's question.
bool x86_place(const char *command, const char *word, const uint8_t **at)
{
    char name[NAME_MAX];
    uint32_t base, offset = 0;
    const char *plus = strchr(word, '+');
    cut_name(name, word);
    bool known = x86_lookup(name, &base) || parse_bare_hex(name, &base) ||
                 parse_u32(name, &base);
    if (plus && !parse_u32(plus + 1, &offset))
        known = false;
    if (!known)
        kprintf("%s: \"%s\" is neither a symbol nor an address\n", command,
                word);
    *at = (const uint8_t *)(base + offset);
    return known;
}

// Static functions of several files may have one name; x86_place takes the
// first.
bool x86_namesakes(const char *command, const char *word)
{
    char name[NAME_MAX];
    uint32_t size = 0, offset, found = 0;
    const uint8_t *first = NULL, *start = text_start;
    cut_name(name, word);
    for (; symbol_range(start, &start, &size); start += size) {
        if (strcmp(symbol_name(start, &offset), name) != 0)
            continue;
        if (!found++)
            first = start;
        else if (found == 2)
            kprintf("%s: \"%s\" is at %08x and %08x", command, name,
                    (uint32_t)first, (uint32_t)start);
        else
            kprintf(" and %08x", (uint32_t)start);
    }
    if (found > 1)
        kprintf("\n");
    return found > 1;
}

static void print_row(uint32_t address, const uint8_t *bytes, size_t n)
{
    char hex[3 * ROW];
    kprintf("%08x: %-21s", address, hex_bytes(hex, sizeof hex, bytes, n));
}

// `patch` may be NULL.
static size_t list(const uint8_t *bytes, size_t available, uint32_t address,
                   const struct journal_entry *patch)
{
    char text[X86_SHOW_MAX];
    size_t n = x86_show(text, sizeof text, bytes, available, address);
    kprintf(patch ? "* " : "  ");
    print_row(address, bytes, n < ROW ? n : ROW);
    kprintf(" %s", text);
    if (patch)
        kprintf("  (#%u, %s)", patch->number, patch->technique);
    kprintf("\n");
    for (size_t at = ROW; at < n; at += ROW) {
        kprintf("  ");
        print_row(address + at, bytes + at, n - at < ROW ? n - at : ROW);
        kprintf("\n");
    }
    return n;
}

// Decoded twice: the length must be known before the journal can be asked for
// a patch that touches any byte of the instruction, not just its first.
size_t x86_list(const uint8_t *at, size_t available)
{
    char text[X86_SHOW_MAX];
    uint32_t address = (uint32_t)at;
    size_t n = x86_show(text, sizeof text, at, available, address);
    return list(at, available, address, journal_overlap(at, n, UINT32_MAX));
}

// Bytes that are not at their address have no patch, whatever is there now.
size_t x86_list_bytes(const uint8_t *bytes, size_t available, uint32_t address)
{
    return list(bytes, available, address, NULL);
}
