// SPDX-License-Identifier: MIT
// Memory and string functions. The door depends on them, so this file lies in
// the part of text that is never patched.
//
// Long blocks go by `rep`, others by plain loops: on a processor `rep` takes
// dozens of cycles to start, and emulators do not agree on how many
// instructions it is, which would spoil exact counts. They also take each of
// its words as an instruction with a branch: a loop of sixteen words at a time
// is twice as fast there, and no slower elsewhere up to a few pages. What is
// left goes four words at a time, then by words, then by bytes.
#include "kernel/string.h"
#include "kernel/one_page.h"

enum { LONG = 16384, STEP = 64, SMALL_STEP = 16 }; // bytes

// Keeps a compiler from recognising the loop and calling memcpy for it. In
// memcpy itself that would be an endless recursion; the first symptom is a
// stack overflow in the first copy.
#define KEEP_LOOP() __asm__ volatile("" : : : "memory")

// i386 allows words at any address.
static void copy_short(uint8_t *d, const uint8_t *s, size_t n)
{
    for (; n >= STEP; n -= STEP, d += STEP, s += STEP) {
#pragma GCC unroll 16
        for (int i = 0; i < STEP / 4; i++)
            ((uint32_t *)(void *)d)[i] = ((
                const uint32_t *)(const void *)s)[i];
        KEEP_LOOP();
    }
    for (; n >= SMALL_STEP;
         n -= SMALL_STEP, d += SMALL_STEP, s += SMALL_STEP) {
#pragma GCC unroll 4
        for (int i = 0; i < SMALL_STEP / 4; i++)
            ((uint32_t *)(void *)d)[i] = ((
                const uint32_t *)(const void *)s)[i];
        KEEP_LOOP();
    }
    for (; n >= 4; n -= 4, d += 4, s += 4) {
        *(uint32_t *)(void *)d = *(const uint32_t *)(const void *)s;
        KEEP_LOOP();
    }
    while (n--) {
        *d++ = *s++;
        KEEP_LOOP();
    }
}

// DF is clear: trap_entry.S and memmove see to that.
static void copy_long(void *d, const void *s, size_t n)
{
    size_t words = n / 4, tail = n % 4;
    __asm__ volatile("rep movsl" : "+D"(d), "+S"(s), "+c"(words) : : "memory");
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(tail) : : "memory");
}

ONE_PAGE(512) void *memcpy(void *dst, const void *src, size_t n)
{
    if (n < LONG)
        copy_short(dst, src, n);
    else
        copy_long(dst, src, n);
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;
    // Upwards is right unless dst begins inside src. When dst lies below src
    // the difference wraps to something huge, and upwards is right, too.
    //
    //   src  |abcdef|          src    |abcdef|
    //   dst     |abcdef|       dst  |abcdef|
    //   downwards: d - s < n   upwards: d - s wraps
    if (d - s >= n)
        return memcpy(dst, src, n);
    // From the last byte down. STD must be undone before any other C runs; an
    // interrupt in between is met by the CLD in trap_common.
    void *last_d = (uint8_t *)dst + n - 1;
    const void *last_s = (const uint8_t *)src + n - 1;
    __asm__ volatile("std; rep movsb; cld"
                     : "+D"(last_d), "+S"(last_s), "+c"(n)
                     :
                     : "memory");
    return dst;
}

static void set_short(uint8_t *d, uint32_t pattern, size_t n)
{
    for (; n >= STEP; n -= STEP, d += STEP) {
#pragma GCC unroll 16
        for (int i = 0; i < STEP / 4; i++)
            ((uint32_t *)(void *)d)[i] = pattern;
        KEEP_LOOP();
    }
    for (; n >= SMALL_STEP; n -= SMALL_STEP, d += SMALL_STEP) {
#pragma GCC unroll 4
        for (int i = 0; i < SMALL_STEP / 4; i++)
            ((uint32_t *)(void *)d)[i] = pattern;
        KEEP_LOOP();
    }
    for (; n >= 4; n -= 4, d += 4) {
        *(uint32_t *)(void *)d = pattern;
        KEEP_LOOP();
    }
    while (n--) {
        *d++ = (uint8_t)pattern;
        KEEP_LOOP();
    }
}

static void set_long(void *d, uint32_t pattern, size_t n)
{
    size_t words = n / 4, tail = n % 4;
    __asm__ volatile("rep stosl"
                     : "+D"(d), "+c"(words)
                     : "a"(pattern)
                     : "memory");
    __asm__ volatile("rep stosb"
                     : "+D"(d), "+c"(tail)
                     : "a"(pattern)
                     : "memory");
}

ONE_PAGE(512) void *memset(void *dst, int c, size_t n)
{
    uint32_t pattern = (uint8_t)c * 0x01010101u;
    if (n < LONG)
        set_short(dst, pattern, n);
    else
        set_long(dst, pattern, n);
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;
    size_t i = 0;
    // Whole words while they are equal; the first unequal byte decides.
    while (n - i >= 4 && *(const uint32_t *)(const void *)(x + i) ==
                             *(const uint32_t *)(const void *)(y + i))
        i += 4;
    for (; i < n; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    const uint8_t *p = s;
    for (size_t i = 0; i < n; i++)
        if (p[i] == (uint8_t)c)
            return (void *)(p + i);
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end) {
        end++;
        KEEP_LOOP();
    }
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;
    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i])
            return (uint8_t)a[i] - (uint8_t)b[i];
        if (!a[i])
            break;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}
