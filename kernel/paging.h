// SPDX-License-Identifier: MIT
// Page tables: PAE with NX where the CPU has them, two-level otherwise.
//
// Everything is mapped by 4 KiB pages, so that rights can be as fine as the
// things they protect. The intent "executable" is also kept in a bit that
// the hardware ignores, so that `audit` can judge a machine without NX.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum page_rights {
    PAGE_READ = 0,
    PAGE_WRITE = 1 << 0,
    PAGE_EXEC = 1 << 1,
    PAGE_USER = 1 << 2,
    PAGE_UNCACHED = 1 << 3,
};

// Two pages of address space for the door's short-lived alias. Their page
// table always exists, so that mapping them cannot fail.
#define PAGING_ALIAS 0xffbfe000u

// Builds the final tables from the linker's sections and the memory map, and
// switches to them.
void paging_init(void);
bool paging_has_nx(void);
bool paging_is_pae(void);

// Maps `count` pages. Tables are allocated as needed; panics without memory.
void paging_map(uintptr_t va, uint64_t pa, size_t count, unsigned rights);
void paging_unmap(uintptr_t va, size_t count);

// Changes the rights of mapped pages.
void paging_protect(const void *va, size_t count, unsigned rights);

struct page_info {
    uint64_t pa;
    unsigned rights;
};
// Looks `va` up in the live tables. Returns false if it is not mapped.
bool paging_lookup(const void *va, struct page_info *info);

// Maps device memory into the window above the direct map, never unmapped.
void *paging_map_device(uint64_t pa, size_t bytes, unsigned rights);

// Calls fn for every mapped page in ascending order.
void paging_walk(void (*fn)(uintptr_t va, const struct page_info *, void *),
                 void *arg);
