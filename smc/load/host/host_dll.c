// SPDX-License-Identifier: MIT
// The two DLLs that the kernel stands in for, and handles of DLLs.
//
// On Windows a module's handle is its base. The kernel's own two have no
// base; the address of their table serves, which no image can have.
#include "smc/load/host/host_dll.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/names.h"

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

static const struct host_family *family_of(const char *dll)
{
    if (host_same_dll(dll, "msvcrt.dll"))
        return &host_msvcrt;
    return host_same_dll(dll, "kernel32.dll") ? &host_kernel32 : NULL;
}

bool host_dll(const char *name)
{
    return family_of(name);
}

static uint32_t family_symbol(const struct host_family *family,
                              const char *symbol)
{
    uint32_t hash = names_hash(symbol);
    const struct host_symbol *found = host_look_up(family, symbol, hash);

    if (found)
        return (uint32_t)(uintptr_t)found->address;
    return family == &host_msvcrt ? host_c_symbol(symbol, hash) : 0;
}

// The names in a DLL's import table are bare, even if an object's symbol for
// the same function is _GetLastError@0: the decoration is for linkers.
uint32_t host_dll_symbol(const char *dll, const char *symbol)
{
    const struct host_family *family = family_of(dll);

    return family ? family_symbol(family, symbol) : 0;
}

static struct image *image_at(uint32_t base)
{
    struct image *image = image_of(base);

    return image && (uint32_t)(uintptr_t)image->base == base ? image : NULL;
}

// NULL asks for the program, that is, the image that was called. The newest
// image of a name wins, as in an import table. LoadLibraryA does the same:
// there is no disk that a DLL could come from.
STDCALL uint32_t host_module_handle(const char *name)
{
    const struct host_family *family = name ? family_of(name) : NULL;

    if (!name)
        return (uint32_t)(uintptr_t)call_owner()->base;
    if (family)
        return (uint32_t)(uintptr_t)family;
    for (struct image *image = image_first(); image; image = image->next)
        if (!image->broken && host_same_dll(image->name, name))
            return (uint32_t)(uintptr_t)image->base;
    return host_last_error(HOST_MOD_NOT_FOUND);
}

STDCALL uint32_t host_module_handle_wide(const uint16_t *name)
{
    char narrow[100];
    size_t n = 0;

    if (!name)
        return host_module_handle(NULL);
    // A name that is cut short or made of question marks is nobody's.
    for (; name[n] && n < sizeof narrow - 1; n++)
        narrow[n] = name[n] < 128 ? (char)name[n] : '?';
    narrow[n] = '\0';
    return host_module_handle(narrow);
}

// Handles are not counted: an image stays until it is unloaded by name.
STDCALL uint32_t host_module_free(uint32_t handle)
{
    return handle == (uint32_t)(uintptr_t)&host_msvcrt ||
           handle == (uint32_t)(uintptr_t)&host_kernel32 || image_at(handle) ||
           host_last_error(HOST_INVALID_HANDLE);
}

// Below 64 KiB the "name" is an ordinal, which nobody promises here.
STDCALL uint32_t host_module_symbol(uint32_t handle, const char *name)
{
    const struct image *image = image_at(handle);
    uint32_t address = 0;

    if (!host_module_free(handle))
        return 0;
    if ((uintptr_t)name >= 0x10000)
        address = image ? image_symbol(image, name)
                        : family_symbol((const struct host_family *)handle,
                                        name);
    return address ? address : host_last_error(HOST_PROC_NOT_FOUND);
}
