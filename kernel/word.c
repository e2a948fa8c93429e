// SPDX-License-Identifier: MIT
// Words of a line: copied with a limit, read as numbers. The rest of string.h
// is in string.c, where the door needs it and nothing may be patched. These
// the door does not need.
#include "kernel/string.h"

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t n = strlen(src);
    if (size) {
        size_t copied = n < size ? n : size - 1;
        memcpy(dst, src, copied);
        dst[copied] = 0;
    }
    return n;
}

// 99 is larger than any base.
static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

bool parse_u32(const char *s, uint32_t *value)
{
    uint32_t base = 10, v = 0;
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    }
    if (!*s)
        return false;
    for (; *s; s++) {
        uint32_t digit = (uint32_t)digit_value(*s);
        // v * base + digit <= UINT32_MAX, asked without overflowing.
        if (digit >= base || v > (UINT32_MAX - digit) / base)
            return false;
        v = v * base + digit;
    }
    *value = v;
    return true;
}
