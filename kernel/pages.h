// SPDX-License-Identifier: MIT
// The page allocator: one bit per 4 KiB frame of directly mapped memory.
//
// A frame is handed out only if the loader's memory map calls it usable RAM
// and it lies above the first MiB and outside the kernel image and every
// module. Everything else is never touched.
//
//   physical 0    1 MiB                          896 MiB      4 GiB
//   |  low    | kernel | free | module | free    |  beyond   |
//   '- never -'-taken -'-usable'-taken-'-usable -'- counted -'
//
// Allocation may be done in any context but NMI, on any CPU: the bitmaps have
// a spinlock.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096u
#define PAGE_ALIGN_DOWN(x) ((x) & ~(uintptr_t)(PAGE_SIZE - 1))
#define PAGE_ALIGN_UP(x) PAGE_ALIGN_DOWN((x) + PAGE_SIZE - 1)

// Physical memory [0, DIRECT_MAP_SIZE) is mapped at KERNEL_BASE. virt_of and
// phys_of are arithmetic only. They are wrong for everything outside this
// window: device mappings, the door's alias.
#define KERNEL_BASE 0xC0000000u
#define DIRECT_MAP_SIZE 0x38000000u // 896 MiB
#define virt_of(phys) ((void *)((uintptr_t)(phys) + KERNEL_BASE))
#define phys_of(virt) ((uintptr_t)(virt)-KERNEL_BASE)

// Reads the boot information and marks what may be used. Called once.
void pages_init(void);

// Returns `count` contiguous pages in the direct map, or NULL when there is no
// such run or count is 0. Contiguous in physical memory, too. Readable and
// writable, not executable. The content is whatever was there before.
void *pages_alloc(size_t count);

// Gives back pages got from pages_alloc; a part of a run may be given back.
// Panics on pages that are not allocated.
void pages_free(void *pages, size_t count);

struct page_stats {
    uint32_t usable; // frames the allocator manages
    uint32_t used;   // of them, handed out
    uint32_t beyond; // usable RAM frames above the direct map
};
struct page_stats page_stats(void);
// stats.used again, counted in the bitmap: for whoever doubts it.
uint32_t pages_count_used(void);

// True if the allocator may hand out this frame (now or ever): used by the
// self-check that walks every frame against the boot information.
bool page_is_managed(uintptr_t phys);
