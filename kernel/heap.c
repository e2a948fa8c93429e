// SPDX-License-Identifier: MIT
// One header at the start of every page run says what the run holds:
//
//   small page  | header 64 | block | block | ...     one size per page
//   large run   | header 64 | one block ........
//
// A bitmap in the header marks live blocks, so a wrong or repeated free is
// caught, and a page whose last block dies goes back at once: a leak of one
// block is visible in page_stats.
#include "kernel/heap.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define MAGIC 0x70616568u // "heap"

struct heap_page {
    uint32_t magic;
    uint32_t block; // bytes per block
    uint32_t count; // blocks in this run
    uint32_t live;
    uint32_t pages;
    uint32_t used[8];              // one bit per block
    struct heap_page *next, *prev; // small pages with room, per size
};

enum { HEADER = 64, MAX_SMALL = 2016 };
_Static_assert(sizeof(struct heap_page) <= HEADER, "header must fit");

// Multiples of 16 that divide the 4032 bytes of a page with little waste.
static const uint16_t sizes[] = {16, 32, 64, 128, 256, 512, 1008, MAX_SMALL};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static struct heap_page *with_room[SIZES];
static struct heap_stats stats;

static unsigned size_index(size_t size)
{
    unsigned i = 0;
    while (sizes[i] < size)
        i++;
    return i;
}

static void list_add(struct heap_page *page)
{
    struct heap_page **head = &with_room[size_index(page->block)];
    page->prev = NULL;
    page->next = *head;
    if (*head)
        (*head)->prev = page;
    *head = page;
}

static void list_remove(struct heap_page *page)
{
    if (page->next)
        page->next->prev = page->prev;
    if (page->prev)
        page->prev->next = page->next;
    else
        with_room[size_index(page->block)] = page->next;
}

static struct heap_page *new_run(size_t pages, uint32_t block)
{
    struct heap_page *page = pages_alloc(pages);
    if (!page)
        return NULL;
    memset(page, 0, HEADER);
    page->magic = MAGIC;
    page->block = block;
    page->pages = pages;
    page->count = pages > 1 || block > MAX_SMALL
                      ? 1
                      : (PAGE_SIZE - HEADER) / block;
    stats.pages += pages;
    return page;
}

static void *take_block(struct heap_page *page)
{
    uint32_t i = 0;
    while (page->used[i / 32] >> (i % 32) & 1)
        i++;
    page->used[i / 32] |= 1u << (i % 32);
    page->live++;
    stats.blocks++;
    stats.bytes += page->block;
    return (uint8_t *)page + HEADER + i * page->block;
}

static void *alloc_small(size_t size)
{
    unsigned index = size_index(size);
    struct heap_page *page = with_room[index];
    if (!page) {
        page = new_run(1, sizes[index]);
        if (!page)
            return NULL;
        list_add(page);
    }
    void *block = take_block(page);
    if (page->live == page->count)
        list_remove(page);
    return block;
}

static void *alloc_large(size_t size)
{
    if (size > DIRECT_MAP_SIZE)
        return NULL;
    size_t pages = PAGE_ALIGN_UP(size + HEADER) / PAGE_SIZE;
    struct heap_page *page = new_run(pages, (uint32_t)size);
    return page ? take_block(page) : NULL;
}

void *heap_alloc(size_t size)
{
    if (!size)
        return NULL;
    bool on = interrupts_off();
    void *block = size <= MAX_SMALL ? alloc_small(size) : alloc_large(size);
    interrupts_restore(on);
    return block;
}

void *heap_zalloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        return NULL;
    void *block = heap_alloc(bytes);
    return block ? memset(block, 0, bytes) : NULL;
}

// The header of a live block and its index, or a panic.
static struct heap_page *owner(const void *block, uint32_t *index)
{
    struct heap_page *page = (void *)PAGE_ALIGN_DOWN((uintptr_t)block);
    uintptr_t offset = (uintptr_t)block - (uintptr_t)page - HEADER;
    if (page->magic != MAGIC || offset >= PAGE_SIZE || offset % page->block ||
        offset / page->block >= page->count)
        panic("heap: %p is not a block of the heap", block);
    *index = offset / page->block;
    if (!(page->used[*index / 32] >> (*index % 32) & 1))
        panic("heap: %p was freed before", block);
    return page;
}

void heap_free(void *block)
{
    if (!block)
        return;
    bool on = interrupts_off();
    uint32_t i;
    struct heap_page *page = owner(block, &i);
    bool small = page->block <= MAX_SMALL;
    if (small && page->live == page->count)
        list_add(page);
    page->used[i / 32] &= ~(1u << (i % 32));
    page->live--;
    stats.blocks--;
    stats.bytes -= page->block;
    if (page->live == 0) {
        if (small)
            list_remove(page);
        stats.pages -= page->pages;
        page->magic = 0;
        pages_free(page, page->pages);
    }
    interrupts_restore(on);
}

void *heap_resize(void *block, size_t size)
{
    if (!block)
        return heap_alloc(size);
    uint32_t index;
    uint32_t old = owner(block, &index)->block;
    if (size <= old && size > old / 2)
        return block;
    void *fresh = heap_alloc(size);
    if (!fresh && size && size <= old)
        return block; // a shrink cannot fail
    if (fresh) {
        memcpy(fresh, block, old < size ? old : size);
        heap_free(block);
    }
    return fresh;
}

struct heap_stats heap_stats(void)
{
    return stats;
}
