// SPDX-License-Identifier: MIT
// Inside livepatch: what stood at an entry, and whether it may be replaced.
#pragma once
#include "smc/door/poke.h"
#include "smc/patch/livepatch/livepatch.h"

#define ENTRY_LEN 5

// One for each function of a patch that is on.
struct livepatch_under {
    uint8_t bytes[POKE_MAX]; // at the entry, before: the NOP, or a jump
    uint8_t *gate;           // its stub in the arena
};

// May a jump be put over this function's entry? False, and why not. `top` is
// the patch that has its entry now, or NULL.
bool livepatch_judge(const struct livepatch_change *change,
                     const struct livepatch *top, char *why, size_t size);

// The patch that was turned on last of those that replace this function.
struct livepatch *livepatch_top(const void *function);

// The patch that lies over one of this one's functions; NULL if none does.
const struct livepatch *livepatch_over(const struct livepatch *patch);
