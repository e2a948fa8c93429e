// SPDX-License-Identifier: MIT
// Memory that is needed while a set is being loaded, and goes with it: pieces
// from the front of large blocks. What is given out is not taken back.
//
//   last --> block | piece | piece | piece |.. left ..|
//              '--> block | piece | piece ... |
//
// 275 GRUB modules take 826 pieces from 11 blocks: the heap would be asked 826
// times, twice each.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct pool_block;

// All zeros is an empty pool.
struct load_pool {
    struct pool_block *last;
    uint8_t *next;
    size_t left; // bytes of the last block, from `next` on
};

// A piece of this many bytes, at least one, cleared, at a multiple of 8. NULL
// on lack of memory.
void *pool_take(struct load_pool *pool, size_t bytes);

// Frees all pieces.
void pool_free(struct load_pool *pool);
