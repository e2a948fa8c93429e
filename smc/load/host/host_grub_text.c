// SPDX-License-Identifier: MIT
// Memory, strings and numbers for GRUB's modules: the kernel's own and those
// of the C library, with GRUB's calling convention and GRUB's errors.
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_c.h"
#include "smc/load/host/host_grub.h"
#include "smc/load/host/host_text.h"

// The wrappers are here for their calling convention alone: each takes its
// arguments from registers and passes them on as the kernel's C wants them.

GRUB void *host_grub_malloc(size_t size)
{
    return host_alloc(size);
}

GRUB void *host_grub_calloc(size_t n, size_t size)
{
    return host_zalloc(n, size);
}

GRUB void *host_grub_zalloc(size_t size)
{
    return host_zalloc(1, size);
}

GRUB void *host_grub_realloc(void *memory, size_t size)
{
    return host_resize(memory, size);
}

GRUB void *host_grub_memalign(size_t align, size_t size)
{
    return host_alloc_aligned(align, size);
}

GRUB void host_grub_free(void *memory)
{
    host_free(memory);
}

GRUB void *host_grub_memmove(void *dst, const void *src, size_t n)
{
    return memmove(dst, src, n);
}

GRUB void *host_grub_memset(void *dst, int c, size_t n)
{
    return memset(dst, c, n);
}

GRUB int host_grub_memcmp(const void *a, const void *b, size_t n)
{
    return memcmp(a, b, n);
}

GRUB size_t host_grub_strlen(const char *text)
{
    return strlen(text);
}

GRUB int host_grub_strcmp(const char *a, const char *b)
{
    return strcmp(a, b);
}

GRUB int host_grub_strncmp(const char *a, const char *b, size_t n)
{
    return strncmp(a, b, n);
}

GRUB char *host_grub_strcpy(char *dst, const char *src)
{
    return host_strcpy(dst, src);
}

GRUB char *host_grub_strchr(const char *text, int c)
{
    return strchr(text, c);
}

GRUB char *host_grub_strrchr(const char *text, int c)
{
    return host_strrchr(text, c);
}

GRUB char *host_grub_strndup(const char *text, size_t n)
{
    size_t len = strnlen(text, n);
    char *copy = host_alloc(len + 1);

    if (copy) {
        memcpy(copy, text, len);
        copy[len] = '\0';
    }
    return copy;
}

GRUB char *host_grub_strdup(const char *text)
{
    return host_grub_strndup(text, strlen(text));
}

GRUB int host_grub_isspace(int c)
{
    return host_isspace(c);
}

// Is `word` one of the blank-separated words of `list`?
GRUB int host_grub_strword(const char *list, const char *word)
{
    size_t len = strlen(word);

    while (*list) {
        while (*list == ' ')
            list++;
        if (strncmp(list, word, len) == 0 &&
            (list[len] == ' ' || list[len] == '\0'))
            return 1;
        while (*list && *list != ' ')
            list++;
    }
    return 0;
}

// Unlike ISO C these take no minus, and answer with an error.
static uint64_t number(const char *text, const char **end, int base,
                       uint64_t limit)
{
    const char *stop;
    int minus, over;
    uint64_t value = host_number(text, &stop, base, limit, &minus, &over);

    if (stop == text || minus) {
        host_grub_error(GRUB_BAD_NUMBER, "unrecognized number");
        value = 0;
    } else if (over) {
        host_grub_error(GRUB_OUT_OF_RANGE, "overflow is detected");
    }
    if (end)
        *end = stop;
    return value;
}

GRUB uint32_t host_grub_strtoul(const char *text, const char **end, int base)
{
    return (uint32_t)number(text, end, base, UINT32_MAX);
}

GRUB uint64_t host_grub_strtoull(const char *text, const char **end, int base)
{
    return number(text, end, base, UINT64_MAX);
}

// Long division, a bit at a time: the kernel links no libgcc, and a divisor
// of more than 32 bits is beyond the DIV instruction.
GRUB uint64_t host_grub_divmod64(uint64_t n, uint64_t d, uint64_t *remainder)
{
    uint64_t quotient = 0, rest = 0;
    bool carry;

    if (d == 0)
        host_give_up(__builtin_return_address(0), "divided by 0");
    for (int bit = 63; bit >= 0; bit--) {
        carry = rest >> 63;
        rest = rest << 1 | (n >> bit & 1);
        if (carry || rest >= d) {
            rest -= d;
            quotient |= 1ull << bit;
        }
    }
    if (remainder)
        *remainder = rest;
    return quotient;
}
