// SPDX-License-Identifier: MIT
// Counting the changes that a load makes, by part and type.
#pragma once
#include "smc/load/image.h"

// A file may name 98 parts and sixteen types; what has no row goes to the
// last one.
#define TALLY_ROWS 64

struct tally {
    struct {
        uint32_t part; // index
        const char *type;
        uint32_t count;
    } row[TALLY_ROWS];
    uint32_t rows, total;
};

// The part of the image that an offset lies in; image->parts if in none.
uint32_t tally_part(const struct image *image, uint32_t offset);

// Counts a change. `fixup->type` must be a constant string.
void tally_add(struct tally *tally, const struct image *image,
               const struct fixup *fixup);

// Prints a line for each part: ".text     526 HIGHLOW".
void tally_print(const struct tally *tally, const struct image *image);
