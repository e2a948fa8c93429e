// SPDX-License-Identifier: MIT
// A table of relocations on its way: between shared_relocate.c, which judges
// single entries, and shared_run.c, which carries out many.
#pragma once
#include "smc/load/elf/shared.h"

// Where the loops are: a segment whose words may be changed.
struct shared_target {
    uint32_t vaddr; // of its first byte, as the file counts
    uint32_t last;  // the last offset in it at which a word begins
    uint8_t *stage; // its first byte
};

struct shared_relocator {
    struct shared *shared;
    struct shared_target target;
    const struct elf_rel *rel;
    uint32_t at, end; // entries of the table: the next one, how many
    bool lazy;        // this is the PLT's table, and calls are bound later
    bool watched;
};

// Carries out entries from work->at on, as long as nothing new is in them,
// and moves work->at behind them. The entry before was judged, and has set
// the target.
void shared_run(struct shared_relocator *work);
