// SPDX-License-Identifier: MIT
// Arenas at an address that somebody has chosen: where a file was linked for,
// or where nobody expects it. Every loader of a system with address spaces
// does this; Linux calls it load_bias and draws it, Windows prefers ImageBase.
//
//   0          64 KiB                                  3 GiB
//   | nothing  | arenas, with nothing in between        | the kernel ...
//     null pointers and what a field's offset makes of them
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/write.h"

#define INT3 0xcc
#define LOWEST 0x10000u

static bool is_free(uintptr_t base, size_t bytes)
{
    struct page_info page;
    for (size_t at = 0; at < bytes; at += PAGE_SIZE)
        if (paging_lookup((const void *)(base + at), &page))
            return false;
    return true;
}

// KERNEL_BASE - bytes is taken only when bytes is known to be less.
const char *arena_refuse_at(uintptr_t base, size_t bytes)
{
    if (base % PAGE_SIZE)
        return "is no multiple of 4096";
    if (base < LOWEST)
        return "is in the first 64 KiB, which stay empty";
    if (base >= KERNEL_BASE)
        return "belongs to the kernel, as all from 0xc0000000 on does";
    if (!bytes || bytes > DIRECT_MAP_SIZE || base > KERNEL_BASE - bytes)
        return "leaves too little room below the kernel";
    return is_free(base, PAGE_ALIGN_UP(bytes)) ? NULL : "is taken";
}

// Mapping panics when there is no memory for a table, so that is asked first.
// One table maps 2 MiB at least, and there are three directories below the
// kernel.
static bool tables_fit(size_t count)
{
    struct page_stats stats = page_stats();
    return stats.usable - stats.used >= count / 512 + 2 + 3;
}

// The direct map's view goes before the new one comes: there is no moment in
// which a frame is writable here and executable there.
struct arena *door_create_at(const char *name, uintptr_t base, size_t bytes,
                             unsigned rights)
{
    size_t count = PAGE_ALIGN_UP(bytes) / PAGE_SIZE;
    struct arena *arena;
    if (arena_refuse_at(base, bytes))
        return NULL;
    arena = heap_zalloc(1, sizeof *arena);
    uint8_t *frames = arena ? pages_alloc(count) : NULL;
    if (!frames || !tables_fit(count)) {
        if (frames)
            pages_free(frames, count);
        heap_free(arena);
        return NULL;
    }
    *arena = (struct arena){.name = name,
                            .base = (uint8_t *)base,
                            .frames = frames,
                            .size = count * PAGE_SIZE,
                            .owned = true};
    if (rights & PAGE_EXEC)
        memset(frames, INT3, arena->size);
    paging_unmap((uintptr_t)frames, count);
    paging_map(base, phys_of(frames), count, rights);
    door_publish(arena);
    return arena;
}

struct arena *arena_create_at(const char *name, uintptr_t base, size_t bytes)
{
    return door_create_at(name, base, bytes, PAGE_EXEC);
}

// The generator of Numerical Recipes. Its low bits have short periods, so the
// page number comes from the high ones.
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

// Almost all of the space is free, so a draw rarely fails twice.
uintptr_t arena_draw(size_t bytes, uint32_t *seed)
{
    enum { DRAWS = 100 };
    if (!bytes || bytes > DIRECT_MAP_SIZE)
        return 0;
    uint32_t pages = (KERNEL_BASE - LOWEST - PAGE_ALIGN_UP(bytes)) / PAGE_SIZE;
    for (int i = 0; i < DRAWS; i++) {
        uintptr_t base = LOWEST + next(seed) % (pages + 1) * PAGE_SIZE;
        if (!arena_refuse_at(base, bytes))
            return base;
    }
    return 0;
}
