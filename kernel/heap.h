// SPDX-License-Identifier: MIT
// The kernel heap: small blocks from per-size free lists, large ones
// straight from the page allocator. All of it lies in the direct map, readable
// and writable, never executable. Allocating and freeing hold a spinlock, so
// interrupt handlers and all CPUs may do both.
#pragma once
#include "smc/patch/static_key/static_key.h"
#include <stddef.h>
#include <stdint.h>

// While this key is on (`key heap_poison on`, or the boot word
// `keys=heap_poison`), blocks are filled when they are given out and when they
// come back: who reads what was never written, or was freed, sees it. Linux
// has the keys init_on_alloc and init_on_free for this.
DECLARE_STATIC_KEY_FALSE(heap_poison);
enum { HEAP_FRESH = 0xa5, HEAP_FREED = 0x6b };

// Returns `size` bytes aligned to 16, or NULL when memory is exhausted or
// size is 0 or absurd. The content is not cleared.
void *heap_alloc(size_t size);

// The same, cleared, for n objects. Returns NULL when n * size overflows.
void *heap_zalloc(size_t n, size_t size);

// Grows or shrinks a block, moving it if needed; returns where it is now. On
// failure returns NULL and the old block stays; the same for size 0, which
// does not free. Shrinking cannot fail. heap_resize(NULL, n) allocates.
void *heap_resize(void *block, size_t size);

// Gives a block back. NULL is ignored. Panics on a pointer that the heap
// never gave out and on a double free: both are our own broken invariants.
// The bytes are not cleared.
void heap_free(void *block);

struct heap_stats {
    uint32_t blocks; // live blocks
    uint32_t bytes;  // their size; of small blocks the size class
    uint32_t pages;  // pages taken from the page allocator, empty ones too
};
struct heap_stats heap_stats(void);
