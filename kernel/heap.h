// SPDX-License-Identifier: MIT
// The kernel heap: small blocks from per-size free lists, large ones
// straight from the page allocator.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Returns `size` bytes aligned to 16, or NULL when memory is exhausted or
// size is 0 or absurd. The content is not cleared.
void *heap_alloc(size_t size);

// The same, cleared, for n objects. Returns NULL when n * size overflows.
void *heap_zalloc(size_t n, size_t size);

// Grows or shrinks a block, moving it if needed. On failure the old block
// stays. heap_resize(NULL, n) allocates.
void *heap_resize(void *block, size_t size);

// Gives a block back. NULL is ignored. Panics on a pointer that the heap
// never gave out and on a double free: both are our own broken invariants.
void heap_free(void *block);

struct heap_stats {
    uint32_t blocks; // live blocks
    uint32_t bytes;  // bytes asked for by them
    uint32_t pages;  // pages taken from the page allocator, empty ones too
};
struct heap_stats heap_stats(void);
