// SPDX-License-Identifier: MIT
// The heap that loaded code sees.
//
// The kernel's heap panics on a pointer that it never gave out, since that
// is a broken invariant of the kernel. In loaded code it is only a bug of
// that code, so its blocks are kept in a list of their own and a wrong free
// ends the call. The list also makes unloading complete.
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/host/host_exit.h"
#include "smc/load/host/host_file.h"
#include "smc/load/host/host_grub.h"

// 16 bytes, so that the memory after it stays aligned to 16.
struct host_block {
    struct host_block *next;
    const struct image *owner;
    size_t size;
    void *start; // what the kernel's heap gave: lower if more aligned
};

static struct host_block *blocks;

// The limit keeps the additions from wrapping. A size of 0 gets a block of
// its own, as malloc(0) in msvcrt does.
//
//   start                          align
//   v                              v
//   | - | next owner size start |  memory ...
//                                  ^ what the caller gets
void *host_alloc_aligned(size_t align, size_t size)
{
    struct host_block *block;
    uintptr_t memory;
    void *start;

    if (!align || align & (align - 1) || align > PAGE_SIZE ||
        size > IMAGE_MAX * 4)
        return NULL;
    // The kernel's heap aligns to 16, and the record is as long as that.
    start = heap_alloc(sizeof *block + size + (align > 16 ? align : 0));
    if (!start)
        return NULL;
    memory = (uintptr_t)start + sizeof *block;
    memory = (memory + align - 1) & ~(uintptr_t)(align - 1);
    block = (struct host_block *)memory - 1;
    *block = (struct host_block){blocks, call_owner(), size, start};
    blocks = block;
    return block + 1;
}

void *host_alloc(size_t size)
{
    return host_alloc_aligned(16, size);
}

void *host_alloc_kept(size_t size)
{
    struct host_block *memory = host_alloc(size);

    if (memory)
        memory[-1].owner = NULL;
    return memory;
}

void *host_zalloc(size_t n, size_t size)
{
    void *memory;

    if (size && n > (size_t)-1 / size)
        return NULL;
    memory = host_alloc(n * size);
    if (memory)
        memset(memory, 0, n * size);
    return memory;
}

// The link that points to the block of this memory, or ends the call.
static struct host_block **find(void *memory)
{
    struct host_block **link = &blocks;

    // Linear, so that a wild pointer is compared and never followed. zlib
    // holds five blocks at a time.
    while (*link && *link + 1 != memory)
        link = &(*link)->next;
    if (!*link)
        call_end(0, "%s freed or resized 0x%x, which it was never given",
                 call_owner()->name, (uint32_t)(uintptr_t)memory);
    return link;
}

void host_free(void *memory)
{
    struct host_block **link, *block;

    if (!memory)
        return;
    link = find(memory);
    block = *link;
    *link = block->next;
    heap_free(block->start);
}

// Never in place: simple, and a caller that keeps the old pointer is found
// out sooner.
void *host_resize(void *memory, size_t size)
{
    size_t old = memory ? (*find(memory))->size : 0;
    void *moved = host_alloc(size);

    if (!moved || !memory)
        return moved;
    memcpy(moved, memory, old < size ? old : size);
    host_free(memory);
    return moved;
}

// The owner is the image that was called from the shell, not the one that
// called malloc: crypto.mod pays for the algorithms that it runs.
void host_free_all(const struct image *owner)
{
    struct host_block **link = &blocks;

    while (*link) {
        struct host_block *block = *link;
        if (block->owner == owner) {
            *link = block->next;
            heap_free(block->start);
        } else {
            link = &block->next;
        }
    }
}
