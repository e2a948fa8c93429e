// SPDX-License-Identifier: MIT
// Looks for the word kaslr on the loader's command line. boot/info.c knows
// all words, but its code is part of what is to be moved.
//
//   kaslr              a random place
//   kaslr=SEED         decimal, or 0x and hexadecimal; 32 bits
//   kaslr=             bad, as is any other value
//   -- kaslr           belongs to the script, not to us
#include "boot/info.h"
#include "boot/low.h"

// -1 for what is no digit. Both cases of a letter differ in one bit.
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The whole of [p, end) must be the number. What does not fit into 32 bits is
// refused, not cut: a seed that was cut would repeat somebody else's run.
static bool parse(const char *p, const char *end, uint32_t *value)
{
    int base = 10;
    if (end - p > 2 && p[0] == '0' && p[1] == 'x') {
        base = 16;
        p += 2;
    }
    *value = 0;
    if (p == end)
        return false;
    for (; p < end; p++) {
        int d = digit(*p);
        if (d < 0 || d >= base ||
            *value > (UINT32_MAX - (uint32_t)d) / (uint32_t)base)
            return false;
        *value = *value * (uint32_t)base + (uint32_t)d;
    }
    return true;
}

static bool begins(const char *p, const char *end, const char *name)
{
    while (*name && p < end && *p == *name)
        p++, name++;
    return !*name;
}

// Bounded like boot/info.c's copy: a line too long for it counts as empty
// there, and so it does here. Half a line could mean something else.
static const char *end_of(const char *s)
{
    for (uint32_t i = 0; i < BOOT_MAX_TEXT; i++)
        if (!s[i])
            return s + i;
    return s;
}

enum low_word low_word(const char *cmdline, uint32_t *seed)
{
    const char *stop = cmdline ? end_of(cmdline) : cmdline, *end;
    for (const char *p = cmdline; p < stop; p = end) {
        while (p < stop && *p == ' ')
            p++;
        for (end = p; end < stop && *end != ' ';)
            end++;
        if (end - p == 2 && begins(p, end, "--"))
            return LOW_NONE;
        if (end - p == 5 && begins(p, end, "kaslr"))
            return LOW_RANDOM;
        if (begins(p, end, "kaslr="))
            return parse(p + 6, end, seed) ? LOW_SEED : LOW_BAD;
    }
    return LOW_NONE;
}
