// SPDX-License-Identifier: MIT
// Damaging a copy of a file, the same way whenever it is asked for.
#pragma once
#include <stdint.h>

#define MUTATE_WORDS 3

struct mutation {
    uint32_t words, at[MUTATE_WORDS], was[MUTATE_WORDS];
    uint32_t size; // of the damaged file: less than it was if it was cut
};

// Damages `size` bytes at `copy` as `seed` says: mostly one word of 32 bits,
// sometimes two or three, sometimes a cut. The size is at least 8.
void mutate(uint8_t *copy, uint32_t size, uint32_t seed,
            struct mutation *mutation);
// Puts back what it has changed.
void mutate_undo(uint8_t *copy, const struct mutation *mutation);
