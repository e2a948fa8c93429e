// SPDX-License-Identifier: MIT
// Page tables: PAE with NX where the CPU has them, two-level otherwise.
//
// Everything is mapped by 4 KiB pages, so that rights can be as fine as the
// things they protect. The intent "executable" is also kept in a bit that
// the hardware ignores, so that `audit` can judge a machine without NX.
//
//   0x00000000   nothing: null pointers fault
//   0x00010000   arenas at an address of somebody's choice (arena_create_at)
//   0xc0000000   direct map of physical memory, up to 896 MiB
//   0xf8000000   device window, filled from below, never unmapped
//   0xffbfe000   the door's alias, two pages, mapped only while it writes
//   0xffc00000   nothing
//
// Mapping may allocate tables, and may wait until the other CPUs have
// forgotten what was there; it is done at boot and from commands, not in
// interrupt handlers. The door's alias is the exception: its table exists, it
// belongs to one CPU at a time, and it is mapped with interrupts off.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum page_rights {
    PAGE_READ = 0, // every mapped page can be read
    PAGE_WRITE = 1 << 0,
    PAGE_EXEC = 1 << 1,     // without it NX is set, where there is NX
    PAGE_USER = 1 << 2,     // ring 3 may use it as well
    PAGE_UNCACHED = 1 << 3, // for device registers
};

// Two pages of address space for the door's short-lived alias. Their page
// table always exists, so that mapping them cannot fail. Two, because a site
// of a few bytes may straddle a page boundary.
#define PAGING_ALIAS 0xffbfe000u

// Builds the final tables from the linker's sections and the memory map, and
// switches to them. Called once, after cpu_init and pages_init. From then on
// null pointers and guard pages fault and text cannot be written.
void paging_init(void);

// The part of it that the image is about, paging_kernel.c. Only for
// paging_init.
void paging_map_kernel(void);

// What was found, for `cpu` and `audit`. NX is never on without PAE.
bool paging_has_nx(void);
bool paging_is_pae(void);

// Maps `count` pages, replacing what was mapped there. va and pa are page
// aligned; rights are PAGE_ flags. Tables are allocated as needed; panics
// without memory. Unmapping what is not mapped does nothing, and gives no
// table back.
void paging_map(uintptr_t va, uint64_t pa, size_t count, unsigned rights);
void paging_unmap(uintptr_t va, size_t count);

// Unmaps, and gives back the tables below KERNEL_BASE that have become empty.
void paging_release(uintptr_t va, size_t count);

// Changes the rights of mapped pages to exactly these. Panics on a page that
// is not mapped.
void paging_protect(const void *va, size_t count, unsigned rights);

// The same for many ranges: until paging_flush every CPU may still use the old
// rights, and nothing must depend on the new ones.
void paging_protect_later(const void *va, size_t count, unsigned rights);
void paging_flush(void);

struct page_info {
    uint64_t pa;     // of the page, not of the byte asked for
    unsigned rights; // PAGE_ flags
};
// Looks `va` up in the live tables. Returns false if it is not mapped.
bool paging_lookup(const void *va, struct page_info *info);
// True if all these pages are mapped and have, of the rights in `mask`,
// exactly `rights`.
bool paging_all(const void *va, size_t count, unsigned mask, unsigned rights);

// Maps device memory into the window above the direct map, never unmapped.
// pa need not be page aligned. Returns where it is, or NULL when the window is
// full.
void *paging_map_device(uint64_t pa, size_t bytes, unsigned rights);

// Calls fn for every mapped page in ascending order. fn must not map.
void paging_walk(void (*fn)(uintptr_t va, const struct page_info *, void *),
                 void *arg);
