// SPDX-License-Identifier: MIT
// Strings, numbers and sorting for loaded code: ISO C, 7.22 and 7.24.
//
// Written for shortness. A C library has each of these in several versions
// that compare a word or a vector at a time; what loaded code does here is
// dominated by its own loops.
#include "smc/load/host/host_text.h"
#include "kernel/printf.h"
#include "kernel/string.h"

char *host_strcpy(char *dst, const char *src)
{
    return memcpy(dst, src, strlen(src) + 1);
}

// Fills up with NULs and writes none if `src` is too long. Both are in the
// standard, for the fixed fields of old Unix directories.
char *host_strncpy(char *dst, const char *src, size_t n)
{
    size_t len = strnlen(src, n);

    memcpy(dst, src, len);
    memset(dst + len, 0, n - len);
    return dst;
}

char *host_strcat(char *dst, const char *src)
{
    host_strcpy(dst + strlen(dst), src);
    return dst;
}

// The NUL counts as a character that can be looked for.
char *host_strrchr(const char *s, int c)
{
    const char *found = NULL;

    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)(uintptr_t)found;
    }
}

char *host_strstr(const char *s, const char *what)
{
    size_t len = strlen(what);

    for (;; s++) {
        if (strncmp(s, what, len) == 0)
            return (char *)(uintptr_t)s;
        if (!*s)
            return NULL;
    }
}

size_t host_strspn(const char *s, const char *set)
{
    size_t n = 0;

    // strchr would find the NUL that ends `set`.
    while (s[n] && strchr(set, s[n]))
        n++;
    return n;
}

size_t host_strcspn(const char *s, const char *set)
{
    size_t n = 0;

    while (s[n] && !strchr(set, s[n]))
        n++;
    return n;
}

int host_isspace(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int host_tolower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

int host_strcasecmp(const char *a, const char *b)
{
    while (*a && host_tolower(*a) == host_tolower(*b))
        a++, b++;
    return host_tolower((uint8_t)*a) - host_tolower((uint8_t)*b);
}

// The value of a digit, or 36, which is none in any base.
static uint32_t digit(char c)
{
    c = (char)host_tolower(c);
    if (c >= '0' && c <= '9')
        return (uint32_t)(c - '0');
    return c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a' + 10) : 36;
}

// "0x" is a prefix only if a digit follows; "0xg" is the number 0.
static const char *skip_prefix(const char *s, int *base)
{
    bool hex = s[0] == '0' && (s[1] | 32) == 'x' && digit(s[2]) < 16;

    if (*base == 0)
        *base = hex ? 16 : *s == '0' ? 8 : 10;
    return hex && *base == 16 ? s + 2 : s;
}

uint64_t host_number(const char *text, const char **end, int base,
                     uint64_t limit, int *minus, int *overflow)
{
    uint64_t value = 0, room;
    const char *s = text;

    *end = text;
    *overflow = 0;
    while (host_isspace(*s))
        s++;
    *minus = *s == '-';
    s += *s == '-' || *s == '+';
    s = skip_prefix(s, &base);
    for (; base >= 2 && base <= 36 && digit(*s) < (uint32_t)base; *end = ++s) {
        // value * base + digit <= limit, without a product that can wrap.
        room = limit - digit(*s);
        if (digit(*s) > limit || value > u64_div(room, (uint32_t)base))
            *overflow = 1;
        else
            value = value * (uint32_t)base + digit(*s);
    }
    return *overflow ? limit : value;
}

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t c = a[i];
        a[i] = b[i];
        b[i] = c;
    }
}

// Lets element `i` of a heap of `n` sink until no child is larger.
//
//          i
//     2i+1   2i+2
static void sink(uint8_t *base, size_t i, size_t n, size_t size,
                 int (*compare)(const void *, const void *))
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n &&
            compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + i * size, base + child * size) >= 0)
            return;
        swap(base + i * size, base + child * size, size);
    }
}

// No recursion and no memory, so that neither a bad comparison nor a sorted
// input can do harm. An order that contradicts itself gives some permutation.
void host_sort(void *base, size_t n, size_t size,
               int (*compare)(const void *, const void *))
{
    for (size_t i = n / 2; i-- > 0;)
        sink(base, i, n, size, compare);
    for (size_t last = n; last-- > 1;) {
        swap(base, (uint8_t *)base + last * size, size);
        sink(base, 0, last, size, compare);
    }
}
