// SPDX-License-Identifier: MIT
// Listings, as people who read objdump's know them.
//
//   * c011ec20: 66 90                  xchg   %ax,%ax  (#7, once)
//   ^ a live patch                                      ^ its journal line
#include "smc/x86/x86_list.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/x86/decode.h"
#include "smc/x86/x86_show.h"

enum { ROW = 7, HEX_DIGITS = 8, NAME_MAX = 64 };

bool x86_lookup(const char *name, uint32_t *value)
{
    const void *at = symbol_find(name);
    *value = (uint32_t)at;
    return at != NULL;
}

// "c0105000" is a number only here, and only whole: a listing's address.
static bool parse_bare_hex(const char *word, uint32_t *value)
{
    char number[2 + HEX_DIGITS + 1] = "0x";
    if (strlen(word) != HEX_DIGITS)
        return false;
    memcpy(number + 2, word, HEX_DIGITS + 1);
    return parse_u32(number, value);
}

bool x86_place(const char *command, const char *word, const uint8_t **at)
{
    char name[NAME_MAX];
    uint32_t base, offset = 0;
    const char *plus = strchr(word, '+');
    size_t length = plus ? (size_t)(plus - word) : strlen(word);
    // Longer than any name: cut, and so not found.
    strlcpy(name, word, length + 1 < NAME_MAX ? length + 1 : NAME_MAX);
    bool known = x86_lookup(name, &base) || parse_u32(name, &base) ||
                 parse_bare_hex(name, &base);
    if (plus && !parse_u32(plus + 1, &offset))
        known = false;
    if (!known)
        kprintf("%s: \"%s\" is neither a symbol nor an address\n", command,
                word);
    *at = (const uint8_t *)(base + offset);
    return known;
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

size_t x86_list(const uint8_t *at, size_t available)
{
    char text[X86_SHOW_MAX];
    uint32_t address = (uint32_t)at;
    size_t n = x86_show(text, sizeof text, at, available, address);
    return list(at, available, address, journal_overlap(at, n, UINT32_MAX));
}

size_t x86_list_bytes(const uint8_t *bytes, size_t available, uint32_t address)
{
    return list(bytes, available, address, NULL);
}
