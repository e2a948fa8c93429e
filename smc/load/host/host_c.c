// SPDX-License-Identifier: MIT
// The C library for loaded code, as far as a kernel has one.
//
// There are no files, no locale and no threads here, so whatever is about
// them is left out; a caller that needs it is told by a refusing stub.
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"

// A linear search: the tables are short and are read only while loading.
uint32_t host_find(const struct host_symbol *table, size_t count,
                   const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0)
            return (uint32_t)(uintptr_t)table[i].address;
    return 0;
}

// Ends the call, not the machine. The return address tells who gave up.
static void c_abort(void)
{
    call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
             "%s called abort", call_owner()->name);
}

static void c_amsg_exit(int code)
{
    call_end((uint32_t)(uintptr_t)__builtin_return_address(0),
             "%s gave up with runtime error %d", call_owner()->name, code);
}

// Wraps on overflow, where ISO C leaves the behaviour open.
static int c_atoi(const char *s)
{
    uint32_t value = 0;
    bool minus;

    while (*s == ' ' || (*s >= '\t' && *s <= '\r'))
        s++;
    minus = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    for (; *s >= '0' && *s <= '9'; s++)
        value = value * 10 + (uint32_t)(*s - '0');
    return (int)(minus ? 0 - value : value);
}

// errno is a macro for *_errno() in msvcrt. Nothing here ever sets it.
static int *c_errno(void)
{
    static int number;

    return &number;
}

// Locks guard against other threads. Calls into images come from the shell,
// one at a time, so there is never another one.
static void c_lock(int number)
{
    (void)number;
}

// Data, not functions: the width of a character, and three streams that
// nobody reads since every function on streams is refused.
static int c_mb_cur_max = 1;
static char c_iob[3][32];

// The kernel's own functions are cdecl, as msvcrt's are, and so can be handed
// out as they are. Those that allocate or give up are wrapped, as the kernel
// wants to know for whom.
static const struct host_symbol symbols[] = {
    {"__mb_cur_max", &c_mb_cur_max},
    {"_amsg_exit", (const void *)c_amsg_exit},
    {"_errno", (const void *)c_errno},
    {"_iob", c_iob},
    {"_lock", (const void *)c_lock},
    {"_unlock", (const void *)c_lock},
    {"abort", (const void *)c_abort},
    {"atoi", (const void *)c_atoi},
    {"calloc", (const void *)host_zalloc},
    {"free", (const void *)host_free},
    {"malloc", (const void *)host_alloc},
    {"memchr", (const void *)memchr},
    {"memcmp", (const void *)memcmp},
    {"memcpy", (const void *)memcpy},
    {"memmove", (const void *)memmove},
    {"memset", (const void *)memset},
    {"realloc", (const void *)host_resize},
    {"strchr", (const void *)strchr},
    {"strcmp", (const void *)strcmp},
    {"strlen", (const void *)strlen},
    {"strncmp", (const void *)strncmp},
};

uint32_t host_c_symbol(const char *name)
{
    return host_find(symbols, sizeof symbols / sizeof symbols[0], name);
}
