// SPDX-License-Identifier: MIT
// What the kernel offers to loaded code: three small application interfaces.
//
// Each find function returns the address of a symbol, or 0.
#pragma once
#include "smc/load/image.h"

struct host_symbol {
    const char *name;
    const void *address;
};
uint32_t host_find(const struct host_symbol *table, size_t count,
                   const char *name);

// host_c.c: the C library, cdecl. msvcrt.dll and plain objects ask for it.
uint32_t host_c_symbol(const char *name);
// host_dll.c: by DLL name (in any case) and symbol.
uint32_t host_dll_symbol(const char *dll, const char *symbol);
// Windows compares file names without case: "KERNEL32.dll", "kernel32.DLL".
bool host_same_dll(const char *a, const char *b);
// host_grub.c: the GRUB kernel, -mregparm=3 -mrtd.
uint32_t host_grub_symbol(const char *name);

// host_heap.c: memory for loaded code. Every block remembers the image whose
// call asked for it; host_free_all gives back what an image has left.
void *host_alloc(size_t size);
void *host_zalloc(size_t n, size_t size);
void *host_resize(void *block, size_t size);
// Ends the running call if `block` never came from here.
void host_free(void *block);
void host_free_all(const struct image *owner);
