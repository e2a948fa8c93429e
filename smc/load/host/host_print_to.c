// SPDX-License-Identifier: MIT
// Where formatted text goes: a buffer with an end, a block that is as long as
// the text, the console. Each is a function that takes one character.
#include "kernel/printf.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_printf.h"

// The last place is kept for the NUL.
static void put_buffer(struct host_sink *sink, char c)
{
    if (sink->count < sink->size)
        sink->out[sink->count - 1] = c;
}

int host_vsnprintf(char *out, size_t size, const char *fmt, va_list ap)
{
    struct host_sink sink = {.put = put_buffer, .out = out, .size = size};
    int len = host_format(&sink, fmt, ap);

    if (size)
        out[(size_t)len < size ? (size_t)len : size - 1] = '\0';
    return len;
}

// Twice the same work, so that the block is as long as the text.
char *host_vasprintf(const char *fmt, va_list ap)
{
    size_t size = (size_t)host_vsnprintf(NULL, 0, fmt, ap) + 1;
    char *text = host_alloc(size);

    if (text)
        host_vsnprintf(text, size, fmt, ap);
    return text;
}

static void put_console(struct host_sink *sink, char c)
{
    (void)sink;
    kprintf("%c", c);
}

int host_vprintf(const char *fmt, va_list ap)
{
    struct host_sink sink = {.put = put_console};

    return host_format(&sink, fmt, ap);
}

int host_printf(const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = host_vprintf(fmt, ap);
    va_end(ap);
    return len;
}
