// SPDX-License-Identifier: MIT
// Building the fences, and looking at them.
//
// AddressSanitizer does this for each block, with the compiler's help, and the
// host build uses it. Here the code is the kernel's own, as it is shipped; so
// only what surrounds all blocks together can be watched. (A set's pool is one
// such block: in it a piece may be written past its end.)
#include "smc/load/fuzz/cage.h"
#include "kernel/heap.h"
#include "kernel/pages.h"

// The heap's own sizes: a canary of each shares its pages.
static const uint16_t sizes[CAGE_CANARIES] = {16,  32,  64,   128,
                                              256, 512, 1008, 2016};

// Every word differs from its neighbours, so that a copy of some fence words
// onto others shows, too.
static uint32_t pattern(const uint32_t *at)
{
    return (uint32_t)(uintptr_t)at * 0x9e3779b1u ^ 0xa5a5a5a5u;
}

static void fill(void *start, size_t bytes)
{
    for (uint32_t *at = start; bytes; at++, bytes -= sizeof *at)
        *at = pattern(at);
}

// Counts and repairs in one sweep: what is found is counted once.
static uint32_t mend(void *start, size_t bytes)
{
    uint32_t strays = 0;

    for (uint32_t *at = start; bytes; at++, bytes -= sizeof *at)
        if (*at != pattern(at)) {
            *at = pattern(at);
            strays++;
        }
    return strays;
}

static uint8_t *upper_fence(const struct cage *cage)
{
    return cage->base + (CAGE_FENCE + cage->hole) * PAGE_SIZE;
}

// Single pages are handed out from the bottom: one above the cage means that
// none below it is left.
static void take_below(struct cage *cage)
{
    for (;;) {
        uint8_t *page = pages_alloc(1);
        if (page && page < cage->base) {
            *(void **)page = cage->taken;
            cage->taken = page;
            continue;
        }
        if (page)
            pages_free(page, 1);
        return;
    }
}

static bool make_canaries(struct cage *cage)
{
    bool ok = true;

    for (int i = 0; i < CAGE_CANARIES; i++) {
        cage->canary[i] = heap_alloc(sizes[i]);
        ok &= cage->canary[i] != NULL;
        if (cage->canary[i])
            fill(cage->canary[i], sizes[i]);
    }
    return ok;
}

static void free_canaries(struct cage *cage)
{
    for (int i = 0; i < CAGE_CANARIES; i++)
        heap_free(cage->canary[i]);
}

// The canaries first: their pages must not lie in the hole.
bool cage_make(struct cage *cage, size_t hole)
{
    *cage = (struct cage){.hole = hole};
    if (!make_canaries(cage) ||
        !(cage->base = pages_alloc(2 * CAGE_FENCE + hole))) {
        free_canaries(cage);
        return false;
    }
    take_below(cage);
    fill(cage->base, CAGE_FENCE * PAGE_SIZE);
    fill(upper_fence(cage), CAGE_FENCE * PAGE_SIZE);
    pages_free(cage->base + CAGE_FENCE * PAGE_SIZE, hole);
    return true;
}

uint32_t cage_strays(struct cage *cage)
{
    uint32_t strays = mend(cage->base, CAGE_FENCE * PAGE_SIZE) +
                      mend(upper_fence(cage), CAGE_FENCE * PAGE_SIZE);

    for (int i = 0; i < CAGE_CANARIES; i++)
        strays += mend(cage->canary[i], sizes[i]);
    return strays;
}

// Page by page, as it was taken: the allocator lets a part of a run come back.
void cage_free(struct cage *cage)
{
    while (cage->taken) {
        void *next = *(void **)cage->taken;
        pages_free(cage->taken, 1);
        cage->taken = next;
    }
    pages_free(cage->base, CAGE_FENCE);
    pages_free(upper_fence(cage), CAGE_FENCE);
    free_canaries(cage);
}
