// SPDX-License-Identifier: MIT
// kernel/heap.h over malloc. Every block has just the size that was asked
// for, so AddressSanitizer sees the byte behind it; and what is alive is
// counted, so that a test sees what was left.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "tests-host/stand_in.h"
#include <malloc.h>
#include <stdlib.h>

// More is refused as the kernel refuses it, which has not as much memory.
enum { LIMIT = 128 << 20 };

static struct heap_stats stats;
static uint32_t starve, starve_times;
static bool starved;

bool stand_in_starve(uint32_t n, uint32_t times)
{
    bool was = starved;

    starve = n;
    starve_times = times;
    starved = false;
    return was;
}

bool stand_in_refuses(void)
{
    if (!starve || !starve_times || (starve > 1 && starve--))
        return false;
    starve_times--;
    return starved = true;
}

static bool refused(size_t size)
{
    return stand_in_refuses() || !size || size > LIMIT;
}

// malloc_usable_size and not `size`: freeing must take away what was added.
static void *count(void *block)
{
    if (block) {
        stats.blocks++;
        stats.bytes += malloc_usable_size(block);
    }
    return block;
}

void *heap_alloc(size_t size)
{
    return refused(size) ? NULL : count(malloc(size));
}

void *heap_zalloc(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return refused(n * size) ? NULL : count(calloc(n, size));
}

// Always moved: who keeps the old pointer is found out.
void *heap_resize(void *block, size_t size)
{
    size_t old = block ? malloc_usable_size(block) : 0;
    void *moved = heap_alloc(size);

    if (moved && block) {
        memcpy(moved, block, old < size ? old : size);
        heap_free(block);
    }
    return moved;
}

void heap_free(void *block)
{
    if (block) {
        stats.blocks--;
        stats.bytes -= malloc_usable_size(block);
    }
    free(block);
}

struct heap_stats heap_stats(void)
{
    return stats;
}
