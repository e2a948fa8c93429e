// SPDX-License-Identifier: MIT
// What the kernel offers to loaded code: one table of names per family.
//
//   asks                          is answered from
//   plain objects                 host_c
//   libc.so.6, ld-linux.so.2      host_libc, then host_c
//   msvcrt.dll                    host_msvcrt, then host_c
//   KERNEL32.dll                  host_kernel32
//   GRUB modules                  host_grub, then host_grub_refused
//
// docs/hosts.md lists every name; a test compares it with the tables.
#pragma once
#include "smc/load/image.h"

struct host_symbol {
    const char *name;
    const void *address;
    uint32_t size; // of data in bytes; 0 for a function
};

// Sorted by name, without doubles: check=hosts compares all neighbours.
struct host_family {
    const char *name, *about;
    const struct host_symbol *symbols;
    size_t count;
    struct host_index *index; // host_table.c: where a name is
};
#define HOST_SLOTS 512u
struct host_index {
    bool made;
    uint16_t slot[HOST_SLOTS];
    uint32_t hash[HOST_SLOTS]; // of that name
};
extern const struct host_family host_c, host_libc, host_msvcrt, host_kernel32,
    host_grub, host_grub_refused;

// One line of a table. The name stands apart from the function, as a function
// of the kernel often serves under a name that is not its own.
#define HOST_CODE(name, function)         \
    {                                     \
        name, (const void *)(function), 0 \
    }
#define HOST_DATA(name, object)         \
    {                                   \
        name, &(object), sizeof(object) \
    }
#define HOST_FAMILY(id, name_, about_, symbols_)                             \
    _Static_assert(sizeof(symbols_) / sizeof((symbols_)[0]) <=               \
                       HOST_SLOTS * 3 / 4,                                   \
                   "too many names for the index");                          \
    static struct host_index id##_index;                                     \
    const struct host_family id = {name_, about_, symbols_,                  \
                                   sizeof(symbols_) / sizeof((symbols_)[0]), \
                                   &id##_index}

// host_table.c: the entry of this name, or NULL. From commands only, as the
// first question makes the index. The second if names_hash(name) is known.
const struct host_symbol *host_find(const struct host_family *family,
                                    const char *name);
const struct host_symbol *host_look_up(const struct host_family *family,
                                       const char *name, uint32_t hash);
// The families by number, NULL behind the last.
const struct host_family *host_family_at(size_t index);

// Each of these returns the address of a symbol, or 0 if nobody offers it.
// `hash` is names_hash(name).
uint32_t host_c_symbol(const char *name, uint32_t hash);
uint32_t host_grub_symbol(const char *name, uint32_t hash);

// host_dll.c: by DLL name (in any case) and symbol. An import by ordinal is
// asked for as "#N"; neither DLL promises any ordinal, so that this is 0.
uint32_t host_dll_symbol(const char *dll, const char *symbol);
// True if this is one of the DLLs that the kernel stands in for.
bool host_dll(const char *name);
// Windows compares file names without case: "KERNEL32.dll", "kernel32.DLL".
bool host_same_dll(const char *a, const char *b);

// host_shared.c: by soname. `version` may be NULL for "any". *size becomes
// the size of data, or 0 for a function. A name is offered in all versions
// that the library has: the kernel keeps no old behaviours apart.
uint32_t host_shared_symbol(const char *soname, const char *name,
                            const char *version, uint32_t *size);
bool host_shared_library(const char *soname);
bool host_shared_version(const char *soname, const char *version);

// host_heap.c: memory for loaded code. Every block remembers the image whose
// call asked for it; host_free_all gives back what an image has left, its
// open files and its exit handlers included.
void *host_alloc(size_t size);
void *host_zalloc(size_t n, size_t size);
// `align` is a power of two up to a page; NULL otherwise.
void *host_alloc_aligned(size_t align, size_t size);
// The same as host_alloc, but of no image: unloading does not free it.
void *host_alloc_kept(size_t size);
void *host_resize(void *block, size_t size);
// Ends the running call if `block` never came from here.
void host_free(void *block);
void host_free_all(const struct image *owner);

// Ends the running call: "M called NAME, which this kernel does not offer".
// `caller` is the address that asked for it.
_Noreturn void host_refuse(const char *name, const void *caller);
