// SPDX-License-Identifier: MIT
// The heap that loaded code sees.
//
// The kernel's heap panics on a pointer that it never gave out, since that
// is a broken invariant of the kernel. In loaded code it is only a bug of
// that code, so its blocks are kept in a list of their own and a wrong free
// ends the call. The list also makes unloading complete.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"

// 16 bytes, so that the memory after it stays aligned to 16.
struct host_block {
    struct host_block *next;
    const struct image *owner;
    size_t size;
    uint32_t unused;
};

static struct host_block *blocks;

// A size of 0 gets a block of its own, as malloc(0) in msvcrt does. The limit
// keeps the addition from wrapping.
void *host_alloc(size_t size)
{
    struct host_block *block;

    if (size > IMAGE_MAX * 4)
        return NULL;
    // | next owner size - | memory ... |
    //                     ^ what the caller gets
    block = heap_alloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->next = blocks;
    block->owner = call_owner();
    block->size = size;
    blocks = block;
    return block + 1;
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
    heap_free(block);
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
            heap_free(block);
        } else {
            link = &block->next;
        }
    }
}
