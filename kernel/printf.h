// SPDX-License-Identifier: MIT
// Formatted output. Understands %d %i %u %x %X %c %s %p %%, the flags `-`
// and `0`, a width and a precision (a number or *), and the sizes l, ll, z.
// A precision counts for %s only. %p is always 0x and eight digits. A letter
// that is not known is printed with its %. There is no floating point.
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

// The compiler checks arguments against the format at every call.
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

// Prints on the console. May be called from any context, interrupts included.
void kprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
void kvprintf(const char *fmt, va_list ap);

// As in ISO C: always ends `out` with a NUL when size > 0 and returns the
// length that the whole text would have had.
int ksnprintf(char *out, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
int kvsnprintf(char *out, size_t size, const char *fmt, va_list ap);

// Writes `len` bytes as "cd 80 c3" into `out`, cut to fit: 3 * len characters
// with the NUL hold all. Only whole bytes are written. Returns `out`.
char *hex_bytes(char *out, size_t size, const void *bytes, size_t len);

// Divides *n by `base` in place and returns the remainder. The kernel links
// no libgcc, so 64-bit division goes through here. Requires base > 0.
uint32_t u64_divmod(uint64_t *n, uint32_t base);
static inline uint64_t u64_div(uint64_t n, uint32_t base)
{
    u64_divmod(&n, base);
    return n;
}
