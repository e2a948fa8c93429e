// SPDX-License-Identifier: MIT
// A GNU hash table, taken apart. Between the file that judges hash tables,
// shared_hash.c, and the one that asks them, shared_names.c.
#pragma once
#include "smc/load/elf/shared.h"

struct shared_gnu_hash {
    const struct word *bloom, *bucket, *chain;
    uint32_t blooms, shift, buckets, first; // number of the first symbol
};

static inline uint32_t shared_word(const struct shared_table *table,
                                   uint32_t index)
{
    return ((const struct word *)table->at)[index].value;
}

// A view of the table's parts; its header has been judged.
static inline struct shared_gnu_hash
shared_open_gnu(const struct shared *shared)
{
    struct shared_gnu_hash hash = {.buckets = shared->gnu.buckets,
                                   .first = shared->gnu.first,
                                   .blooms = shared->gnu.blooms,
                                   .shift = shared->gnu.shift};

    hash.bloom = (const struct word *)shared->gnu_hash.at + 4;
    hash.bucket = hash.bloom + hash.blooms;
    hash.chain = hash.bucket + hash.buckets;
    return hash;
}
