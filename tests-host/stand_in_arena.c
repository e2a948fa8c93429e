// SPDX-License-Identifier: MIT
// smc/door/arena.h over mmap. As in the kernel no page is ever writable and
// executable, and what lies outside of arenas is not to be touched:
//
//   | no access | r-x  cc cc cc .. | rw- data | r-- | no access |
//               ^ base                                ^ base + size
//
// A byte read or written before or behind an arena is a signal at once, and
// so is a write to its code. There is no journal and no alias: arena_write
// takes the pages' right to be executed for the length of the copy.
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "tests-host/stand_in.h"
#include <sys/mman.h>

#define INT3 0xcc
#define STALE 0x90      // NOP
#define LOWEST 0x11000u // Linux gives nobody the first 64 KiB

enum { CODE = PROT_READ | PROT_EXEC, DATA = PROT_READ | PROT_WRITE };

// The kernel's page tables say which pages are code; here these bytes do.
struct mapping {
    struct arena arena;
    uint8_t rights[]; // of each page
};

static struct arena *arenas;
static uint32_t arena_count;
static uint64_t arena_bytes;

struct stand_in_use stand_in_use(void)
{
    struct heap_stats heap = heap_stats();

    return (struct stand_in_use){.blocks = heap.blocks,
                                 .arenas = arena_count,
                                 .bytes = heap.bytes + arena_bytes};
}

bool stand_in_same(struct stand_in_use a, struct stand_in_use b)
{
    return a.blocks == b.blocks && a.arenas == b.arenas && a.bytes == b.bytes;
}

static struct mapping *mapping_of(const struct arena *arena)
{
    return (struct mapping *)arena; // its first member
}

// The last mapping that was given back, without any right. The next one of
// its size is there already: page faults of fresh memory, which a kernel does
// not have, would be most of what loading takes.
static struct {
    uint8_t *base;
    size_t size;
} spare;

static void drop_spare(void)
{
    if (spare.base)
        munmap(spare.base - PAGE_SIZE, spare.size + 2 * PAGE_SIZE);
    spare.base = NULL;
}

// No access is what all pages begin with; the guards keep it. `base` 0 is
// anywhere. NULL if it is not free.
static uint8_t *map(uintptr_t base, size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    uint8_t *at = spare.base;

    if (!base && at && spare.size == size) {
        spare.base = NULL;
        return at;
    }
    drop_spare(); // it may be in the way
    at = mmap((void *)(base ? base - PAGE_SIZE : 0), size + 2 * PAGE_SIZE,
              PROT_NONE, base ? flags | MAP_FIXED_NOREPLACE : flags, -1, 0);
    return at == MAP_FAILED ? NULL : at + PAGE_SIZE;
}

static void unmap(uint8_t *base, size_t size)
{
    drop_spare();
    if (mprotect(base, size, PROT_NONE))
        panic("mprotect of %p refused", (void *)base);
    spare.base = base;
    spare.size = size;
}

// A refusal would be a broken invariant: the pages are ours.
static void protect(struct arena *arena, const uint8_t *at, size_t size,
                    int rights)
{
    size_t first = (size_t)(at - arena->base) / PAGE_SIZE;

    if (mprotect((void *)at, size, rights))
        panic("mprotect of %p refused", (const void *)at);
    memset(mapping_of(arena)->rights + first, rights, size / PAGE_SIZE);
}

// Code that is all INT3, or data: in the kernel that is not cleared, so that
// here it is neither zero nor a trap.
static struct arena *create(const char *name, uintptr_t base, size_t bytes,
                            int rights)
{
    size_t size = PAGE_ALIGN_UP(bytes);
    struct mapping *mapping;

    if (!bytes || bytes > DIRECT_MAP_SIZE)
        return NULL;
    mapping = heap_zalloc(1, sizeof *mapping + size / PAGE_SIZE);
    if (!mapping)
        return NULL;
    mapping->arena = (struct arena){
        .name = name, .base = map(base, size), .size = size, .next = arenas};
    if (!mapping->arena.base) {
        heap_free(mapping);
        return NULL;
    }
    protect(&mapping->arena, mapping->arena.base, size, DATA);
    memset(mapping->arena.base, rights == CODE ? INT3 : STALE, size);
    protect(&mapping->arena, mapping->arena.base, size, rights);
    arena_count++;
    arena_bytes += size;
    return arenas = &mapping->arena;
}

struct arena *arena_create(const char *name, size_t bytes)
{
    return create(name, 0, bytes, CODE);
}

struct arena *arena_create_at(const char *name, uintptr_t base, size_t bytes)
{
    return arena_refuse_at(base, bytes) ? NULL
                                        : create(name, base, bytes, CODE);
}

struct arena *arena_create_data(const char *name, uintptr_t base, size_t bytes)
{
    return base && arena_refuse_at(base, bytes)
               ? NULL
               : create(name, base, bytes, DATA);
}

// Whether it is free, only mmap knows.
const char *arena_refuse_at(uintptr_t base, size_t bytes)
{
    uint8_t *at;

    if (base % PAGE_SIZE)
        return "is no multiple of 4096";
    if (base < LOWEST || bytes > 0u - PAGE_SIZE - base)
        return "is too low or too high";
    at = map(base, PAGE_ALIGN_UP(bytes));
    if (!at)
        return "is in use";
    unmap(at, PAGE_ALIGN_UP(bytes));
    return NULL;
}

uintptr_t arena_draw(size_t bytes, uint32_t *seed)
{
    for (unsigned draw = 0; draw < 1000; draw++) {
        // [Knuth, The Art of Computer Programming 2, 3.3.4]
        *seed = *seed * 1664525u + 1013904223u;
        uintptr_t base = *seed & ~(PAGE_SIZE - 1);
        if (!arena_refuse_at(base, bytes))
            return base;
    }
    return 0;
}

static bool is_code(const struct arena *arena, const uint8_t *at, size_t len)
{
    size_t first = (size_t)(at - arena->base) / PAGE_SIZE;
    size_t last = (size_t)(at + len - 1 - arena->base) / PAGE_SIZE;

    for (size_t page = first; page <= last; page++)
        if (mapping_of(arena)->rights[page] != CODE)
            return false;
    return true;
}

struct text_result arena_write(struct arena *arena, void *at, const void *code,
                               size_t len, const char *technique)
{
    struct text_result result = {.reason = TEXT_OK};
    uintptr_t begin = PAGE_ALIGN_DOWN((uintptr_t)at);
    uintptr_t end = PAGE_ALIGN_UP((uintptr_t)at + len);

    (void)technique;
    if (!len)
        result.reason = TEXT_BAD_LENGTH;
    else if (!arena_holds(arena, at, len))
        result.reason = TEXT_OUTSIDE;
    else if (!is_code(arena, at, len))
        result.reason = TEXT_UNMAPPED;
    if (result.reason != TEXT_OK)
        return result;
    protect(arena, (uint8_t *)begin, end - begin, DATA);
    memcpy(at, code, len);
    protect(arena, (uint8_t *)begin, end - begin, CODE);
    return result;
}

static bool is_data(const struct arena *arena, const uint8_t *at, size_t len)
{
    size_t first = (size_t)(at - arena->base) / PAGE_SIZE;

    for (size_t page = 0; page < len / PAGE_SIZE; page++)
        if (mapping_of(arena)->rights[first + page] != DATA)
            return false;
    return true;
}

struct text_result arena_fill(struct arena *arena, void *at, size_t bytes,
                              const void *code, size_t len,
                              const char *technique)
{
    struct text_result result = {.reason = TEXT_OK};

    (void)technique;
    if (!bytes || bytes % PAGE_SIZE || len > bytes)
        result.reason = TEXT_BAD_LENGTH;
    else if (!arena_holds(arena, at, bytes))
        result.reason = TEXT_OUTSIDE;
    else if (!is_data(arena, at, bytes) || stand_in_refuses())
        result.reason = TEXT_UNMAPPED;
    if (result.reason != TEXT_OK)
        return result;
    memmove(at, code, len);
    memset((uint8_t *)at + len, INT3, bytes - len);
    protect(arena, at, bytes, CODE);
    return result;
}

bool arena_make_data(struct arena *arena, void *at, size_t bytes,
                     bool writable)
{
    if ((uintptr_t)at % PAGE_SIZE || bytes % PAGE_SIZE ||
        !arena_holds(arena, at, bytes) || stand_in_refuses())
        return false;
    // In one piece, as every change is a system call.
    if (mprotect(at, bytes, DATA))
        panic("mprotect of %p refused", at);
    for (size_t i = 0; i < bytes; i += PAGE_SIZE)
        if (is_code(arena, (uint8_t *)at + i, 1))
            memset((uint8_t *)at + i, 0, PAGE_SIZE);
    protect(arena, at, bytes, writable ? DATA : PROT_READ);
    return true;
}

// Nothing here is remembered about pages that their rights do not say.
void arena_turn_many(void)
{
}

void arena_turned(void)
{
}

// Only a name for a part of the whole, on no list.
struct arena *arena_slice(struct arena *whole, const char *name, void *at,
                          size_t bytes)
{
    struct arena *slice = NULL;

    if (bytes && arena_holds(whole, at, bytes))
        slice = heap_zalloc(1, sizeof *slice);
    if (!slice)
        return NULL;
    *slice = (struct arena){
        .name = name, .base = at, .size = bytes, .whole = whole};
    whole->slices++;
    return slice;
}

static void destroy_slice(struct arena *slice)
{
    struct arena *whole = slice->whole;
    uint8_t *page = (uint8_t *)PAGE_ALIGN_DOWN((uintptr_t)slice->base);
    size_t bytes = PAGE_ALIGN_UP((uintptr_t)slice->base + slice->size) -
                   (uintptr_t)page;

    whole->slices--;
    if (is_code(whole, slice->base, slice->size)) {
        protect(whole, page, bytes, DATA);
        memset(slice->base, INT3, slice->size);
        protect(whole, page, bytes, CODE);
    }
    heap_free(slice);
    if (whole->closed)
        arena_destroy(whole);
}

void arena_destroy(struct arena *arena)
{
    struct arena **link = &arenas;

    if (!arena)
        return;
    if (arena->whole) {
        destroy_slice(arena);
        return;
    }
    arena->closed = true;
    if (arena->slices)
        return;
    while (*link != arena)
        link = &(*link)->next;
    *link = arena->next;
    unmap(arena->base, arena->size);
    arena_count--;
    arena_bytes -= arena->size;
    heap_free(mapping_of(arena));
}

struct arena *arena_of(const void *at, size_t len)
{
    struct arena *arena = arenas;

    while (arena && !arena_holds(arena, at, len))
        arena = arena->next;
    return arena;
}

// Of the page tables only what arenas know is known here.
bool paging_lookup(const void *va, struct page_info *info)
{
    struct arena *arena = arena_of(va, 1);
    int rights;

    if (!arena)
        return false;
    rights = mapping_of(arena)
                 ->rights[((const uint8_t *)va - arena->base) / PAGE_SIZE];
    info->pa = 0;
    info->rights = rights == CODE   ? PAGE_EXEC
                   : rights == DATA ? PAGE_WRITE
                                    : PAGE_READ;
    return true;
}

// Only the number: the words are the door's, and the door is not here.
char *text_explain(char *out, size_t size, const struct text_result *result)
{
    ksnprintf(out, size, "refused by the stand-in, reason %u", result->reason);
    return out;
}
