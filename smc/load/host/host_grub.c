// SPDX-License-Identifier: MIT
// The GRUB kernel for its modules, as far as they need one here.
//
// GRUB is built with -mregparm=3 -mrtd: three arguments in eax, edx, ecx,
// the rest on the stack and popped by the callee. Functions with a variable
// number of arguments keep to cdecl, as the compiler has no other way.
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"

//   grub_memcmp(a, b, n)   eax a, edx b, ecx n      ret
//   with a fourth one      the same, stack: fourth  ret $4
//
#define GRUB __attribute__((regparm(3), stdcall))

// The wrappers are here for their calling convention alone: each takes its
// arguments from registers and passes them on as the kernel's C wants them.
static GRUB void *grub_malloc(size_t size)
{
    return host_alloc(size);
}

static GRUB void *grub_zalloc(size_t size)
{
    return host_zalloc(1, size);
}

static GRUB void grub_free(void *memory)
{
    host_free(memory);
}

static GRUB void *grub_memmove(void *dst, const void *src, size_t n)
{
    return memmove(dst, src, n);
}

static GRUB void *grub_memset(void *dst, int c, size_t n)
{
    return memset(dst, c, n);
}

static GRUB int grub_memcmp(const void *a, const void *b, size_t n)
{
    return memcmp(a, b, n);
}

static GRUB int grub_vprintf(const char *fmt, va_list ap)
{
    kvprintf(fmt, ap);
    return 0;
}

static PRINTF_LIKE(1, 2) int grub_printf(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    kvprintf(fmt, ap);
    va_end(ap);
    return 0;
}

// GRUB keeps the message until its shell prints it. Here it is printed at
// once, as nobody asks later.
static PRINTF_LIKE(2, 3) int grub_error(int number, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    kvprintf(fmt, ap);
    va_end(ap);
    kprintf(" (GRUB error %d)\n", number);
    return number;
}

// GRUB halts the machine here. A module's idea of fatal ends only its call.
static PRINTF_LIKE(1, 2) void grub_fatal(const char *fmt, ...)
{
    char words[100];
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
             "%s gave up: %s", call_owner()->name, words);
}

// Is `word` one of the blank-separated words of `list`?
static GRUB int grub_strword(const char *list, const char *word)
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

// The environment of this kernel is empty.
static GRUB const char *grub_env_get(const char *name)
{
    (void)name;
    return NULL;
}

// A module that waits for a key would own the console. It is not given away.
static GRUB int grub_getkey(void)
{
    call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
             "%s called grub_getkey, which this kernel does not offer",
             call_owner()->name);
}

// The console shows every character at once: nothing is left to flush.
static GRUB void grub_refresh(void)
{
}

static GRUB void put_string(const char *text)
{
    kprintf("%s", text);
}

// GRUB exports this one as a variable that holds the function.
static GRUB void (*const grub_xputs)(const char *) = put_string;

// What the crypto modules and a few simple others ask for. A module that
// wants more is refused by name, before any of it runs.
static const struct host_symbol symbols[] = {
    {"grub_env_get", (const void *)grub_env_get},
    {"grub_error", (const void *)grub_error},
    {"grub_fatal", (const void *)grub_fatal},
    {"grub_free", (const void *)grub_free},
    {"grub_getkey", (const void *)grub_getkey},
    {"grub_malloc", (const void *)grub_malloc},
    {"grub_memcmp", (const void *)grub_memcmp},
    {"grub_memmove", (const void *)grub_memmove},
    {"grub_memset", (const void *)grub_memset},
    {"grub_printf", (const void *)grub_printf},
    {"grub_refresh", (const void *)grub_refresh},
    {"grub_strword", (const void *)grub_strword},
    {"grub_vprintf", (const void *)grub_vprintf},
    {"grub_xputs", &grub_xputs},
    {"grub_zalloc", (const void *)grub_zalloc},
};

uint32_t host_grub_symbol(const char *name)
{
    return host_find(symbols, sizeof symbols / sizeof symbols[0], name);
}
