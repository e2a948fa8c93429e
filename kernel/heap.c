// SPDX-License-Identifier: MIT
// One header at the start of every page run says what the run holds:
//
//   small page  | header 64 | block | block | ...     one size per page
//   large run   | header 64 | one block ........
//
// A bitmap in the header marks live blocks, so a wrong or repeated free is
// caught, and a page whose last block dies goes back at once: a leak of one
// block is visible in page_stats.
//
// Why a page is found again: a block's header is at the start of the page that
// the block begins in. That holds for small blocks, which never leave their
// page, and for large runs, whose one block begins right after the header.
// A write past the end of a page's last block hits the next header; the first
// symptom is "not a block of the heap" for an innocent block there.
#include "kernel/heap.h"
#include "kernel/one_page.h"
#include "kernel/pages.h"
#include "kernel/panic.h"
#include "kernel/spinlock.h"
#include "kernel/string.h"

#define MAGIC 0x70616568u // "heap"

// 60 bytes, padded to HEADER so that every block is aligned to 16:
//
//     0 magic   4 block   8 count  12 live  16 pages
//    20 used[0] ... used[7]                 52 next  56 prev
//
// Invariants of a small page: live is the number of bits set in used; 0 < live
// <= count between two calls; it is in its list exactly while live < count. A
// large run is in no list.
struct heap_page {
    uint32_t magic;                // MAGIC while the run is ours, then 0
    uint32_t block;                // bytes per block
    uint32_t count;                // blocks in this run
    uint32_t live;                 // of them, given out
    uint32_t pages;                // length of the run
    uint32_t used[8];              // one bit per block: 252 at most
    struct heap_page *next, *prev; // small pages with room, per size
};

enum { HEADER = 64, MAX_SMALL = 2016 };
_Static_assert(sizeof(struct heap_page) <= HEADER, "header must fit");

// Multiples of 16 that divide the 4032 bytes of a page with little waste.
// 1008 and 2016 are a quarter and a half of them. In a page, from the left:
// 252, 126, 63, 31, 15, 7, 4 and 2 blocks.
static const uint16_t sizes[] = {16, 32, 64, 128, 256, 512, 1008, MAX_SMALL};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

// Heads of the lists of pages that have a free block, one per size.
static struct heap_page *with_room[SIZES];
static struct heap_stats stats;
static struct spinlock lock;
DEFINE_STATIC_KEY_FALSE(heap_poison);

// The first class that is large enough. size <= MAX_SMALL, so it ends.
static unsigned size_index(size_t size)
{
    unsigned i = 0;
    while (sizes[i] < size)
        i++;
    return i;
}

// At the head: the page that has just got room is used next, and the others
// get a chance to empty.
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

// A run with its header filled in and no live block. Only the header is
// cleared; heap_alloc promises nothing about the content.
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

// The lowest free block. The caller knows that there is one: without it the
// loop would run off the bitmap.
static void *take_block(struct heap_page *page)
{
    uint32_t word = 0, i;
    while (page->used[word] == 0xffffffff)
        word++;
    i = word * 32 + (uint32_t)__builtin_ctz(~page->used[word]);
    page->used[word] |= 1u << (i % 32);
    page->live++;
    if (page->live == page->count && page->block <= MAX_SMALL)
        list_remove(page);
    stats.blocks++;
    stats.bytes += page->block;
    return (uint8_t *)page + HEADER + i * page->block;
}

static struct heap_page *small_page(size_t size)
{
    unsigned index = size_index(size);
    struct heap_page *page = with_room[index];
    if (page)
        return page;
    page = new_run(1, sizes[index]);
    if (page)
        list_add(page);
    return page;
}

// Anything above MAX_SMALL has pages of its own, even if one would do. The
// limit keeps size + HEADER from overflowing.
static struct heap_page *large_run(size_t size)
{
    if (size > DIRECT_MAP_SIZE)
        return NULL;
    return new_run(PAGE_ALIGN_UP(size + HEADER) / PAGE_SIZE, (uint32_t)size);
}

ONE_PAGE(1024) void *heap_alloc(size_t size)
{
    if (!size)
        return NULL;
    bool on = spin_lock(&lock);
    struct heap_page *page = size <= MAX_SMALL ? small_page(size)
                                               : large_run(size);
    void *block = page ? take_block(page) : NULL;
    spin_unlock(&lock, on);
    if (static_branch_unlikely(&heap_poison) && block)
        memset(block, HEAP_FRESH, size);
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

// The header of a live block and its index, or a panic. Every check is needed:
// magic catches foreign pages, offset pointers into the header (it wraps to a
// huge number), the remainder pointers into the middle of a block, the bit
// those that were freed. The page of a wild pointer may not even be mapped;
// then the page fault says so.
static inline struct heap_page *owner(const void *block, uint32_t *index)
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

ONE_PAGE(1024) void heap_free(void *block)
{
    if (!block)
        return;
    // Read before the lock: a wild pointer faults here, and if somebody
    // catches that, the lock must not stay taken.
    (void)*(const volatile uint8_t *)PAGE_ALIGN_DOWN((uintptr_t)block);
    bool on = spin_lock(&lock);
    uint32_t i;
    struct heap_page *page = owner(block, &i);
    if (static_branch_unlikely(&heap_poison))
        memset(block, HEAP_FREED, page->block);
    bool small = page->block <= MAX_SMALL;
    // It was full and in no list; in a moment it has room.
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
        // A second free of the last block must not find a valid header.
        page->magic = 0;
        pages_free(page, page->pages);
    }
    spin_unlock(&lock, on);
}

void *heap_resize(void *block, size_t size)
{
    if (!block)
        return heap_alloc(size);
    uint32_t index;
    uint32_t old = owner(block, &index)->block;
    // Small changes are not worth a move; more than half unused is.
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
