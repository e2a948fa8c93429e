// SPDX-License-Identifier: MIT
// The two DLLs that the kernel stands in for. KERNEL32 is stdcall: the
// callee pops its arguments. msvcrt is cdecl: the caller does.
#include "smc/load/host/host.h"

#define STDCALL __attribute__((stdcall))

// A critical section keeps other threads out. There are none: calls into
// images come from the shell, one at a time.
static STDCALL void critical_section(void *section)
{
    (void)section;
}

// 0 is ERROR_SUCCESS: no function here has failed, as none that could is
// offered.
static STDCALL uint32_t get_last_error(void)
{
    return 0;
}

// No thread-local slot was ever allocated, so each of them reads as empty.
static STDCALL void *tls_get_value(uint32_t slot)
{
    (void)slot;
    return NULL;
}

// The names in a DLL's import table are bare, even if an object's symbol for
// the same function is _GetLastError@0: the decoration is for linkers.
static const struct host_symbol kernel32[] = {
    {"DeleteCriticalSection", (const void *)critical_section},
    {"EnterCriticalSection", (const void *)critical_section},
    {"GetLastError", (const void *)get_last_error},
    {"InitializeCriticalSection", (const void *)critical_section},
    {"LeaveCriticalSection", (const void *)critical_section},
    {"TlsGetValue", (const void *)tls_get_value},
};

// Only ASCII letters: what else a name may hold, a locale decides, and there
// is none here.
bool host_same_dll(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        char y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (x != y)
            return false;
    }
    return *a == *b;
}

uint32_t host_dll_symbol(const char *dll, const char *symbol)
{
    if (host_same_dll(dll, "msvcrt.dll"))
        return host_c_symbol(symbol);
    if (host_same_dll(dll, "kernel32.dll"))
        return host_find(kernel32, sizeof kernel32 / sizeof kernel32[0],
                         symbol);
    return 0;
}
