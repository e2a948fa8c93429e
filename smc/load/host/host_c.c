// SPDX-License-Identifier: MIT
// The C library for loaded code, as far as ISO C names it; cdecl.
//
// There is no locale, there are no signals and no threads here. What is about
// them is left out, or answers for the only one there is. musl and newlib are
// the libraries to compare with: whole ones, for a kernel below them.
#include "smc/load/host/host_c.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_exit.h"
#include "smc/load/host/host_text.h"

_Noreturn void host_give_up(const void *caller, const char *why)
{
    call_end((uint32_t)(uintptr_t)caller, "%s %s", call_owner()->name, why);
}

// Ends the call, not the machine. The return address tells who gave up.
static void c_abort(void)
{
    host_give_up(__builtin_return_address(0), "called abort");
}

static int c_atexit(void (*fn)(void *))
{
    return host_exit_add(fn, NULL, NULL);
}

// Numbers. long is int on the i386, so that one function serves both.

// The result of a signed conversion: at most max, or max + 1 below zero.
static int64_t signed_number(const char *text, const char **end, int base,
                             uint64_t max)
{
    const char *stop, *again;
    int minus, over, ignored;
    uint64_t value = host_number(text, &stop, base, max, &minus, &over);

    // The smallest number has no positive counterpart.
    if (over && minus)
        value = host_number(text, &again, base, max + 1, &ignored, &over);
    if (over)
        host_errno = HOST_ERANGE;
    if (end)
        *end = stop;
    return (int64_t)(minus ? 0 - value : value);
}

// A minus is allowed and negates modulo 2^n, as the standard has it.
static uint64_t unsigned_number(const char *text, const char **end, int base,
                                uint64_t max)
{
    const char *stop;
    int minus, over;
    uint64_t value = host_number(text, &stop, base, max, &minus, &over);

    if (over)
        host_errno = HOST_ERANGE;
    if (end)
        *end = stop;
    return minus && !over ? 0 - value : value;
}

int host_strtol(const char *text, const char **end, int base)
{
    return (int)signed_number(text, end, base, INT32_MAX);
}

uint32_t host_strtoul(const char *text, const char **end, int base)
{
    return (uint32_t)unsigned_number(text, end, base, UINT32_MAX);
}

int64_t host_strtoll(const char *text, const char **end, int base)
{
    return signed_number(text, end, base, INT64_MAX);
}

uint64_t host_strtoull(const char *text, const char **end, int base)
{
    return unsigned_number(text, end, base, UINT64_MAX);
}

static int c_atoi(const char *text)
{
    return host_strtol(text, NULL, 10);
}

static int c_abs(int value)
{
    return value < 0 ? (int)(0 - (uint32_t)value) : value;
}

// The generator that the standard prints as an example (7.22.2.2).
static uint32_t seed = 1;

static int c_rand(void)
{
    seed = seed * 1103515245 + 12345;
    return (int)(seed / 65536 % 32768);
}

static void c_srand(uint32_t value)
{
    seed = value;
}

// Printing.

int host_snprintf(char *out, size_t size, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = host_vsnprintf(out, size, fmt, ap);
    va_end(ap);
    return len;
}

// Half of the address space is "no limit": a larger one would wrap.
static int c_vsprintf(char *out, const char *fmt, va_list ap)
{
    return host_vsnprintf(out, INT32_MAX, fmt, ap);
}

static PRINTF_LIKE(2, 3) int c_sprintf(char *out, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = c_vsprintf(out, fmt, ap);
    va_end(ap);
    return len;
}

static PRINTF_LIKE(2, 3) int c_fprintf(struct host_stream *stream,
                                       const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = host_vfprintf(stream, fmt, ap);
    va_end(ap);
    return len;
}

static int c_puts(const char *text)
{
    kprintf("%s\n", text);
    return 0;
}

static int c_putchar(int c)
{
    kprintf("%c", c);
    return (uint8_t)c;
}

// Characters: ASCII, as in the locale "C".

static int c_isdigit(int c)
{
    return c >= '0' && c <= '9';
}

static int c_isalpha(int c)
{
    c = host_tolower(c);
    return c >= 'a' && c <= 'z';
}

static int c_isalnum(int c)
{
    return c_isdigit(c) || c_isalpha(c);
}

static int c_isupper(int c)
{
    return c != host_tolower(c);
}

static int c_toupper(int c)
{
    return c >= 'a' && c <= 'z' ? c - 32 : c;
}

static int c_islower(int c)
{
    return c != c_toupper(c);
}

static int c_isprint(int c)
{
    return c >= ' ' && c <= '~';
}

// No environment: every variable is missing.
static char *c_getenv(const char *name)
{
    (void)name;
    return NULL;
}

// The kernel's own functions are cdecl, as a C library's are, and so can be
// handed out as they are. Those that allocate or give up are wrapped, as the
// kernel wants to know for whom.
static const struct host_symbol symbols[] = {
    HOST_CODE("abort", c_abort),        HOST_CODE("abs", c_abs),
    HOST_CODE("atexit", c_atexit),      HOST_CODE("atoi", c_atoi),
    HOST_CODE("atol", c_atoi),          HOST_CODE("calloc", host_zalloc),
    HOST_CODE("exit", host_exit),       HOST_CODE("fclose", host_fclose),
    HOST_CODE("feof", host_feof),       HOST_CODE("ferror", host_ferror),
    HOST_CODE("fflush", host_fflush),   HOST_CODE("fgetc", host_fgetc),
    HOST_CODE("fgets", host_fgets),     HOST_CODE("fopen", host_fopen),
    HOST_CODE("fprintf", c_fprintf),    HOST_CODE("fputc", host_fputc),
    HOST_CODE("fputs", host_fputs),     HOST_CODE("fread", host_fread),
    HOST_CODE("free", host_free),       HOST_CODE("fseek", host_fseek),
    HOST_CODE("ftell", host_ftell),     HOST_CODE("fwrite", host_fwrite),
    HOST_CODE("getc", host_fgetc),      HOST_CODE("getenv", c_getenv),
    HOST_CODE("isalnum", c_isalnum),    HOST_CODE("isalpha", c_isalpha),
    HOST_CODE("isdigit", c_isdigit),    HOST_CODE("islower", c_islower),
    HOST_CODE("isprint", c_isprint),    HOST_CODE("isspace", host_isspace),
    HOST_CODE("isupper", c_isupper),    HOST_CODE("labs", c_abs),
    HOST_CODE("malloc", host_alloc),    HOST_CODE("memchr", memchr),
    HOST_CODE("memcmp", memcmp),        HOST_CODE("memcpy", memcpy),
    HOST_CODE("memmove", memmove),      HOST_CODE("memset", memset),
    HOST_CODE("printf", host_printf),   HOST_CODE("putc", host_fputc),
    HOST_CODE("putchar", c_putchar),    HOST_CODE("puts", c_puts),
    HOST_CODE("qsort", host_sort),      HOST_CODE("rand", c_rand),
    HOST_CODE("realloc", host_resize),  HOST_CODE("snprintf", host_snprintf),
    HOST_CODE("sprintf", c_sprintf),    HOST_CODE("srand", c_srand),
    HOST_CODE("strcat", host_strcat),   HOST_CODE("strchr", strchr),
    HOST_CODE("strcmp", strcmp),        HOST_CODE("strcpy", host_strcpy),
    HOST_CODE("strcspn", host_strcspn), HOST_CODE("strerror", host_error_text),
    HOST_CODE("strlen", strlen),        HOST_CODE("strncmp", strncmp),
    HOST_CODE("strncpy", host_strncpy), HOST_CODE("strrchr", host_strrchr),
    HOST_CODE("strspn", host_strspn),   HOST_CODE("strstr", host_strstr),
    HOST_CODE("strtol", host_strtol),   HOST_CODE("strtoll", host_strtoll),
    HOST_CODE("strtoul", host_strtoul), HOST_CODE("strtoull", host_strtoull),
    HOST_CODE("tolower", host_tolower), HOST_CODE("toupper", c_toupper),
    HOST_CODE("ungetc", host_ungetc),   HOST_CODE("vfprintf", host_vfprintf),
    HOST_CODE("vprintf", host_vprintf), HOST_CODE("vsnprintf", host_vsnprintf),
    HOST_CODE("vsprintf", c_vsprintf),
};
HOST_FAMILY(host_c, "c", "ISO C, for plain objects and both libraries",
            symbols);

uint32_t host_c_symbol(const char *name, uint32_t hash)
{
    const struct host_symbol *symbol = host_look_up(&host_c, name, hash);

    return symbol ? (uint32_t)(uintptr_t)symbol->address : 0;
}
