// SPDX-License-Identifier: MIT
// Loading damaged copies of a file, and looking for what that has done.
#pragma once
#include "kernel/module.h"
#include "smc/load/fuzz/cage.h"

struct fuzz_row {
    uint32_t mutants, refused, loaded, crashed, hung;
    uint32_t mute;   // refused without a reason
    uint32_t strays; // words changed that are nobody's
    uint32_t leaks;  // pages
    uint32_t hash;   // times that the text was not as before
};

struct fuzz {
    const struct module *file; // whole
    struct module damaged;     // the copy
    uint8_t *copy;
    struct cage cage;
    uint64_t text;
    uint32_t pages, blocks, bytes; // in use, apart from leaks found
    struct fuzz_row row;
    void (*attempt)(void *fuzz); // fuzz_load
    uint32_t ticks;              // how long one mutant may take
    bool quiet;                  // print nothing
};

// Makes the copy and the cage. False when memory is exhausted.
bool fuzz_begin(struct fuzz *fuzz, const struct module *file);
// One mutant: what `seed` makes of the file. Prints what is wrong, if it is.
void fuzz_one(struct fuzz *fuzz, uint32_t seed);
void fuzz_end(struct fuzz *fuzz);

// Loads the damaged copy with what it needs, runs nothing, and unloads all.
void fuzz_load(void *fuzz);
// No crash, no hang, no stray write, no leak, no refusal without words.
bool fuzz_clean(const struct fuzz_row *row);
