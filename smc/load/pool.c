// SPDX-License-Identifier: MIT
// See pool.h. A block is cleared as a whole, which is faster than piece by
// piece.
#include "smc/load/pool.h"
#include "kernel/heap.h"
#include "kernel/wide.h"
#include <stdbool.h>

// Not in front of its bytes: a sanitizer sees both ends of these.
struct pool_block {
    struct pool_block *before;
    uint8_t *bytes;
};

// With the heap's header four pages. With POOL_APART each piece has a block of
// its own and of its size, so that a sanitizer sees where it ends.
#ifdef POOL_APART
enum { BLOCK = 0, ALIGN = 1 };
#else
enum { BLOCK = 4 * 4096 - 64, ALIGN = 8 };
#endif

// A large piece gets a block of its own size, and what was left of the one
// before it is not used.
static bool add_block(struct load_pool *pool, size_t bytes)
{
    size_t size = bytes > BLOCK ? bytes : BLOCK;
    struct pool_block *block = heap_alloc(sizeof *block);
    uint8_t *at = block ? heap_alloc(size) : NULL;

    if (!at) {
        heap_free(block);
        return false;
    }
    *block = (struct pool_block){.before = pool->last, .bytes = at};
    pool->last = block;
    pool->next = at;
    pool->left = size;
    clear_wide(pool->next, size);
    return true;
}

void *pool_take(struct load_pool *pool, size_t bytes)
{
    size_t size = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    void *piece;

    if (size < bytes || (size > pool->left && !add_block(pool, size)))
        return NULL;
    piece = pool->next;
    pool->next += size;
    pool->left -= size;
    return piece;
}

void pool_free(struct load_pool *pool)
{
    struct pool_block *block = pool->last, *before;

    for (; block; block = before) {
        before = block->before;
        heap_free(block->bytes);
        heap_free(block);
    }
    *pool = (struct load_pool){0};
}
