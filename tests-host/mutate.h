// SPDX-License-Identifier: MIT
// Mutants: real files with a few wrong numbers in them.
#pragma once
#include "kernel/module.h"
#include <stdint.h>

// What may have been done to a file.
enum mutation {
    MUTATION_WORD,  // one 32-bit word is another one: the classic
    MUTATION_WORDS, // two or three are
    MUTATION_CUT,   // the end is missing
    MUTATIONS
};

// A stretch of a file where wrong numbers mislead a loader.
struct mutate_range {
    uint32_t offset, size;
};

// Where a file's headers and tables are; and, as the last one, all of it.
// The file must be sound. Returns how many there are.
#define MUTATE_RANGES 128
unsigned mutate_ranges(const struct module *file,
                       struct mutate_range ranges[MUTATE_RANGES]);

// A damaged copy in a block of just its size, for free(). Depends on nothing
// but the file and host_random.
uint8_t *mutate(const struct module *file, const struct mutate_range *ranges,
                unsigned count, uint32_t *size, enum mutation *what);
