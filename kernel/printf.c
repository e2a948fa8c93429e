// SPDX-License-Identifier: MIT
// printf for a kernel: integers, strings, widths; no allocation.
//
// What goes to the console is collected and handed over in pieces: a short
// line stays whole among those of other CPUs, and no argument is read while
// the console is locked, as reading it may fault.
//
// Every conversion ends in `field`, which pads; the sink counts what it is
// given even when it has no room, so that ksnprintf can tell the full length.
#include "kernel/printf.h"
#include "kernel/console.h"
#include "kernel/string.h"
#include <stdbool.h>

struct sink {
    char *out;       // NULL: the console
    size_t size;     // room in out
    size_t count;    // characters produced so far
    char piece[128]; // for the console, count % 128 of them not handed over
};

// What stands between % and the letter.
struct spec {
    bool left, zero; // the flags - and 0
    int width;       // at least so many characters
    int precision;   // -1: none given
};

// One place is kept for the NUL. With out == NULL nothing is limited.
static void sink_put(struct sink *sink, char c)
{
    if (!sink->out)
        sink->piece[sink->count % sizeof sink->piece] = c;
    else if (sink->count + 1 < sink->size)
        sink->out[sink->count] = c;
    sink->count++;
    if (!sink->out && sink->count % sizeof sink->piece == 0)
        console_write(sink->piece, sizeof sink->piece);
}

static void sink_pad(struct sink *sink, char c, int n)
{
    while (n-- > 0)
        sink_put(sink, c);
}

// Emits prefix and body within the field: blanks, prefix, zeros, body. Zeros
// go behind a sign or 0x, blanks before it:
//
//   %6d   |    -7|        %06d  |-00007|        %-6d  |-7    |
static void field(struct sink *sink, const struct spec *spec,
                  const char *prefix, const char *body, int len)
{
    int pad = spec->width - len - (int)strlen(prefix);
    if (!spec->left && !spec->zero)
        sink_pad(sink, ' ', pad);
    while (*prefix)
        sink_put(sink, *prefix++);
    if (!spec->left && spec->zero)
        sink_pad(sink, '0', pad);
    for (int i = 0; i < len; i++)
        sink_put(sink, body[i]);
    if (spec->left)
        sink_pad(sink, ' ', pad);
}

// Digits come out from the last to the first, so the buffer fills backwards.
static void number(struct sink *sink, const struct spec *spec, uint64_t v,
                   uint32_t base, bool upper, const char *prefix)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char buffer[20]; // 2^64 has 20 decimal digits
    char *p = buffer + sizeof buffer;
    do
        *--p = digits[u64_divmod(&v, base)];
    while (v);
    field(sink, spec, prefix, p, (int)(buffer + sizeof buffer - p));
}

// The string need not end with a NUL if a precision says where to stop.
static void text(struct sink *sink, struct spec spec, const char *s)
{
    size_t max = spec.precision < 0 ? SIZE_MAX : (size_t)spec.precision;
    if (!s)
        s = "(null)";
    spec.zero = false;
    field(sink, &spec, "", s, (int)strnlen(s, max));
}

// A number or, for *, the next argument. Returns where it ended.
static const char *read_int(const char *fmt, int *value, va_list *ap)
{
    if (*fmt == '*') {
        *value = va_arg(*ap, int);
        return fmt + 1;
    }
    *value = 0;
    while (*fmt >= '0' && *fmt <= '9')
        *value = *value * 10 + (*fmt++ - '0');
    return fmt;
}

static const char *read_spec(const char *fmt, struct spec *spec, va_list *ap)
{
    *spec = (struct spec){.precision = -1};
    for (;; fmt++) {
        if (*fmt == '-')
            spec->left = true;
        else if (*fmt == '0')
            spec->zero = true;
        else
            break;
    }
    fmt = read_int(fmt, &spec->width, ap);
    if (*fmt == '.')
        fmt = read_int(fmt + 1, &spec->precision, ap);
    return fmt;
}

// int, long and size_t have 32 bits here; only ll has 64. A signed value is
// widened with its sign, so that one path can print both.
static uint64_t read_argument(va_list *ap, int longs, bool is_signed)
{
    if (longs >= 2)
        return va_arg(*ap, uint64_t);
    uint32_t v = va_arg(*ap, uint32_t);
    return is_signed ? (uint64_t)(int64_t)(int32_t)v : v;
}

static void convert(struct sink *sink, struct spec *spec, char kind, int longs,
                    va_list *ap)
{
    if (kind == 'd' || kind == 'i') {
        int64_t v = (int64_t)read_argument(ap, longs, true);
        // 0 - v is right for the smallest number, too; -v would overflow.
        uint64_t magnitude = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
        number(sink, spec, magnitude, 10, false, v < 0 ? "-" : "");
    } else if (kind == 'u') {
        number(sink, spec, read_argument(ap, longs, false), 10, false, "");
    } else if (kind == 'x' || kind == 'X') {
        number(sink, spec, read_argument(ap, longs, false), 16, kind == 'X',
               "");
    } else if (kind == 'p') {
        *spec = (struct spec){.zero = true, .width = 10, .precision = -1};
        number(sink, spec, va_arg(*ap, uint32_t), 16, false, "0x");
    } else if (kind == 'c') {
        char c = (char)va_arg(*ap, int);
        spec->zero = false;
        field(sink, spec, "", &c, 1);
    } else if (kind == 's') {
        text(sink, *spec, va_arg(*ap, const char *));
    } else {
        sink_put(sink, '%');
        if (kind != '%')
            sink_put(sink, kind);
    }
}

// va_list is passed by address: on i386 a callee's progress through a list
// passed by value is lost.
static void format(struct sink *sink, const char *fmt, va_list *ap)
{
    while (*fmt) {
        if (*fmt != '%') {
            sink_put(sink, *fmt++);
            continue;
        }
        struct spec spec;
        int longs = 0;
        fmt = read_spec(fmt + 1, &spec, ap);
        for (; *fmt == 'l' || *fmt == 'z'; fmt++)
            longs++;
        // A lone % at the end: there is no letter to convert.
        if (!*fmt)
            break;
        convert(sink, &spec, *fmt++, longs, ap);
    }
}

void kvprintf(const char *fmt, va_list ap)
{
    struct sink sink;
    va_list copy;
    sink.out = NULL;
    sink.count = 0;
    va_copy(copy, ap);
    format(&sink, fmt, &copy);
    va_end(copy);
    console_write(sink.piece, sink.count % sizeof sink.piece);
}

void kprintf(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    kvprintf(fmt, ap);
    va_end(ap);
}

// Size 0 must write nothing, but the sink with out == NULL would print. So it
// gets one byte of its own to write to.
int kvsnprintf(char *out, size_t size, const char *fmt, va_list ap)
{
    char nowhere;
    struct sink sink;
    va_list copy;
    sink.out = size ? out : &nowhere;
    sink.size = size ? size : 1;
    sink.count = 0;
    va_copy(copy, ap);
    format(&sink, fmt, &copy);
    va_end(copy);
    sink.out[sink.count < sink.size ? sink.count : sink.size - 1] = 0;
    return (int)sink.count;
}

int ksnprintf(char *out, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = kvsnprintf(out, size, fmt, ap);
    va_end(ap);
    return n;
}

char *hex_bytes(char *out, size_t size, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    size_t at = 0;
    if (size)
        out[0] = 0;
    for (size_t i = 0; i < len && at + 3 < size; i++)
        at += (size_t)ksnprintf(out + at, size - at, i ? " %02x" : "%02x",
                                p[i]);
    return out;
}

// Two 64-by-32 divisions, as by hand with digits of 32 bits. Each quotient
// fits because the high half passed down is smaller than the divisor; one that
// did not fit would be a divide error.
//
//   high / base -> quotient's high half, rest
//   rest:low / base -> its low half, the remainder
uint32_t u64_divmod(uint64_t *n, uint32_t base)
{
    uint32_t high = (uint32_t)(*n >> 32), low = (uint32_t)*n, rest = 0;
    __asm__("divl %2" : "+a"(high), "+d"(rest) : "r"(base));
    __asm__("divl %2" : "+a"(low), "+d"(rest) : "r"(base));
    *n = (uint64_t)high << 32 | low;
    return rest;
}
