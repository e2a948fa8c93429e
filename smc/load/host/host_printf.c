// SPDX-License-Identifier: MIT
// printf for loaded code: integers and strings with all that ISO C allows
// (7.21.6.1), while the kernel's own printf has what the kernel uses.
//
// A format may come from foreign data. That is why %n, a store through a
// pointer, is refused: it is the classic way to turn a log message into a
// write to any address. Windows and Android refuse it as well.
#include "smc/load/host/host_printf.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"

struct spec {
    bool left, plus, blank, alternate, zero;
    int width, precision; // precision -1: none given
    int size;             // bytes of an integer argument
};

static void put(struct host_sink *sink, char c)
{
    sink->count++;
    sink->put(sink, c);
}

static void pad(struct host_sink *sink, char c, int n)
{
    while (n-- > 0)
        put(sink, c);
}

// |blanks| prefix | zeros | body | blanks|, of which the outer two share
// what the width leaves.
static void field(struct host_sink *sink, const struct spec *spec,
                  const char *prefix, int zeros, const char *body, int len)
{
    int rest = spec->width - (int)strlen(prefix) - zeros - len;

    if (!spec->left)
        pad(sink, ' ', rest);
    while (*prefix)
        put(sink, *prefix++);
    pad(sink, '0', zeros);
    for (int i = 0; i < len; i++)
        put(sink, body[i]);
    if (spec->left)
        pad(sink, ' ', rest);
}

// The precision is the least number of digits, and 0 prints nothing for 0.
// The flag 0 fills the width instead, unless there is a precision.
static void number(struct host_sink *sink, const struct spec *spec, uint64_t v,
                   uint32_t base, const char *digits, const char *prefix)
{
    char buffer[24]; // 2^64 has 22 octal digits
    char *p = buffer + sizeof buffer;
    int len, zeros;

    for (uint64_t rest = v; rest;)
        *--p = digits[u64_divmod(&rest, base)];
    if (!v && spec->precision != 0)
        *--p = '0';
    len = (int)(buffer + sizeof buffer - p);
    zeros = spec->precision - len;
    if (spec->precision < 0 && spec->zero && !spec->left)
        zeros = spec->width - len - (int)strlen(prefix);
    // # makes the first octal digit a 0.
    if (base == 8 && spec->alternate && zeros <= 0 && (!len || *p != '0'))
        zeros = 1;
    field(sink, spec, prefix, zeros > 0 ? zeros : 0, p, len);
}

static const char *read_int(const char *fmt, int *value, va_list *ap)
{
    *value = 0;
    if (*fmt == '*') {
        *value = va_arg(*ap, int);
        return fmt + 1;
    }
    // More than any field; a larger number would only wrap.
    for (; *fmt >= '0' && *fmt <= '9'; fmt++)
        if (*value < 100000)
            *value = *value * 10 + (*fmt - '0');
    return fmt;
}

static const char *read_flags(const char *fmt, struct spec *spec)
{
    for (;; fmt++)
        switch (*fmt) {
        case '-': spec->left = true; break;
        case '+': spec->plus = true; break;
        case ' ': spec->blank = true; break;
        case '#': spec->alternate = true; break;
        case '0': spec->zero = true; break;
        default: return fmt;
        }
}

// Everything but ll, j, q and Windows' I64 fits a word on the i386. A short
// argument was widened by the caller and is cut back here.
static const char *read_size(const char *fmt, struct spec *spec)
{
    spec->size = 4;
    if (strncmp(fmt, "I64", 3) == 0 || strncmp(fmt, "I32", 3) == 0) {
        spec->size = fmt[1] == '6' ? 8 : 4;
        return fmt + 3;
    }
    for (;; fmt++)
        switch (*fmt) {
        case 'h': spec->size /= 2; break;
        case 'l': spec->size = fmt[1] == 'l' ? 8 : spec->size; break;
        case 'j':
        case 'q': spec->size = 8; break;
        case 'z':
        case 't': break;
        default: return fmt;
        }
}

static const char *read_spec(const char *fmt, struct spec *spec, va_list *ap)
{
    *spec = (struct spec){.precision = -1};
    fmt = read_flags(fmt, spec);
    fmt = read_int(fmt, &spec->width, ap);
    // A negative * is the flag - and its amount.
    if (spec->width < 0) {
        spec->left = true;
        spec->width = -spec->width;
    }
    if (*fmt == '.')
        fmt = read_int(fmt + 1, &spec->precision, ap);
    return read_size(fmt, spec);
}

static uint64_t read_unsigned(const struct spec *spec, va_list *ap)
{
    uint32_t word;

    if (spec->size == 8)
        return va_arg(*ap, uint64_t);
    word = va_arg(*ap, uint32_t);
    return spec->size == 4   ? word
           : spec->size == 2 ? (uint16_t)word
                             : (uint8_t)word;
}

static int64_t read_signed(const struct spec *spec, va_list *ap)
{
    uint64_t v = read_unsigned(spec, ap);

    return spec->size == 8   ? (int64_t)v
           : spec->size == 4 ? (int32_t)v
           : spec->size == 2 ? (int16_t)v
                             : (int8_t)v;
}

static void print_signed(struct host_sink *sink, const struct spec *spec,
                         va_list *ap)
{
    int64_t v = read_signed(spec, ap);
    const char *sign = v < 0 ? "-" : spec->plus ? "+" : spec->blank ? " " : "";

    // 0 - v also negates the smallest number; -v would overflow.
    number(sink, spec, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, "0123456789",
           sign);
}

static void print_hex(struct host_sink *sink, const struct spec *spec,
                      bool upper, va_list *ap)
{
    uint64_t v = read_unsigned(spec, ap);
    const char *prefix = upper ? "0X" : "0x";

    number(sink, spec, v, 16, upper ? "0123456789ABCDEF" : "0123456789abcdef",
           spec->alternate && v ? prefix : "");
}

static void print_text(struct host_sink *sink, const struct spec *spec,
                       const char *s)
{
    size_t max = spec->precision < 0 ? SIZE_MAX : (size_t)spec->precision;

    if (!s)
        s = "(null)";
    field(sink, spec, "", 0, s, (int)strnlen(s, max));
}

// GRUB's texts are Unicode; the console takes UTF-8. [RFC 3629]
//
//   up to 7 bits  0xxxxxxx          up to 16  1110xxxx 10xxxxxx 10xxxxxx
//   up to 11      110xxxxx 10xxxxxx up to 21  11110xxx and three of 10xxxxxx
static void print_wide(struct host_sink *sink, const struct spec *spec,
                       uint32_t c)
{
    char text[4];
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

    if (c > 0x10ffff)
        c = '?', more = 0;
    text[0] = (char)(more ? 0xff00 >> (more + 1) | c >> 6 * more : c);
    for (int i = 1; i <= more; i++)
        text[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3f));
    field(sink, spec, "", 0, text, more + 1);
}

// An unknown letter is printed as it stands, with its %.
static void convert(struct host_sink *sink, struct spec *spec, char kind,
                    va_list *ap)
{
    char c;

    switch (kind) {
    case 'd':
    case 'i': print_signed(sink, spec, ap); break;
    case 'u':
        number(sink, spec, read_unsigned(spec, ap), 10, "0123456789", "");
        break;
    case 'o':
        number(sink, spec, read_unsigned(spec, ap), 8, "01234567", "");
        break;
    case 'x':
    case 'X': print_hex(sink, spec, kind == 'X', ap); break;
    // As glibc prints it.
    case 'p':
        spec->alternate = true;
        print_hex(sink, spec, false, ap);
        break;
    case 'c':
        c = (char)va_arg(*ap, int);
        field(sink, spec, "", 0, &c, 1);
        break;
    case 'C': print_wide(sink, spec, va_arg(*ap, uint32_t)); break;
    case 's': print_text(sink, spec, va_arg(*ap, const char *)); break;
    case 'n':
        call_end(0, "%s printed with %%n, which is not offered",
                 call_owner()->name);
    default:
        // The eight bytes are skipped, so that later arguments are right.
        if (strchr("fFeEgGaA", kind)) {
            va_arg(*ap, uint64_t);
            field(sink, spec, "", 0, "(float)", 7);
            break;
        }
        put(sink, '%');
        if (kind != '%')
            put(sink, kind);
    }
}

// A va_list that is an array cannot be handed on by address as a parameter;
// a copy can, on every ABI.
int host_format(struct host_sink *sink, const char *fmt, va_list ap)
{
    struct spec spec;
    va_list copy;

    va_copy(copy, ap);
    sink->count = 0;
    while (*fmt) {
        if (*fmt != '%') {
            put(sink, *fmt++);
            continue;
        }
        fmt = read_spec(fmt + 1, &spec, &copy);
        if (!*fmt)
            break;
        convert(sink, &spec, *fmt++, &copy);
    }
    va_end(copy);
    return (int)sink->count;
}
