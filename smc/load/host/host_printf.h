// SPDX-License-Identifier: MIT
// printf for loaded code, which may use any format that ISO C has.
#pragma once
#include "kernel/printf.h"

// Where the characters go. Returns false to stop.
struct host_sink {
    void (*put)(struct host_sink *sink, char c);
    char *out;    // host_vsnprintf: the buffer
    size_t size;  // and its room
    size_t count; // characters so far, with or without room
};

// Conversions d i u o x X c C s p %, flags - + blank # 0, width and precision
// (a number or *), sizes hh h l ll j z t q and Windows' I64, I32.
// C is one character beyond ASCII, printed as UTF-8. Floating point is printed
// as "(float)", as no kernel code computes with it. %n, which stores through a
// pointer, ends the call. Returns the number of characters.
int host_format(struct host_sink *sink, const char *fmt, va_list ap);

// As in ISO C: NUL-terminated if size > 0; returns the full length.
int host_vsnprintf(char *out, size_t size, const char *fmt, va_list ap);

// The whole text in a block of host_alloc, or NULL.
char *host_vasprintf(const char *fmt, va_list ap);

// On the console. Returns the number of characters.
int host_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);
int host_vprintf(const char *fmt, va_list ap);
