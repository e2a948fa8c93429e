// SPDX-License-Identifier: MIT
// A cage: memory with a known pattern around all that some work allocates.
//
// The page allocator is first fit. So the free pages below are taken away,
// and what is allocated then comes from the hole:
//
//   | taken | fence |          hole           | fence | free ...
//             a5..    stage, tables, arena      a5..
//
// Small blocks come from the heap's half-filled pages; there a block of each
// size stands beside them as a canary. A store that hits a neighbour of what
// it was meant for is found by cage_strays.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAGE_FENCE 16u // pages on each side
#define CAGE_CANARIES 8

struct cage {
    uint8_t *base; // the first fence
    size_t hole;   // pages
    void *taken;   // pages below, chained by their first word
    uint8_t *canary[CAGE_CANARIES];
};

// False when memory is exhausted; then there is nothing to free.
bool cage_make(struct cage *cage, size_t hole);
// How many words of fences and canaries are not what they were. They are
// made right again, so that each is counted once.
uint32_t cage_strays(struct cage *cage);
// The hole must have been given back.
void cage_free(struct cage *cage);
