// SPDX-License-Identifier: MIT
// The heir of a live patch: the first later live patch that writes any of its
// bytes, over which it cannot be undone.
#pragma once
#include "smc/door/journal.h"

// Finds the heirs of `count` entries, oldest first. With door_lock.
void heir_find_all(const struct journal_entry *entries, uint32_t count);

// What was found: the heir's index, or HEIR_NONE.
enum { HEIR_NONE = 0xffff };
uint32_t heir_of(uint32_t index);
