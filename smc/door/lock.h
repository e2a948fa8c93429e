// SPDX-License-Identifier: MIT
// The door's two locks.
//
//   door_lock    one store, with its comparison and its journal line: some
//                microseconds, interrupts off, also in handlers. Whoever
//                holds it has the alias
//   poke_lock    one poke, with three waits for other CPUs: interrupts on,
//                never in handlers. Whoever holds it has the batch
//
// poke_lock is taken first. A handler that comes in the middle of a poke may
// still write elsewhere: it needs door_lock only, and nobody whom it could
// interrupt on this CPU holds that.
#pragma once
#include <stdbool.h>

// Turns interrupts off; returns whether they were on, for the unlock.
bool door_lock(void);
void door_unlock(bool on);

// Returns false if a poke is under way that cannot go on before the caller
// returns: with interrupts off, or in the same thread (an observer).
bool poke_lock(void);
void poke_unlock(void);
