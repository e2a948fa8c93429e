// SPDX-License-Identifier: MIT
// A lock that is held for long: through a poke, which waits for every CPU.
// Who waits for it lets other threads run, so interrupts stay on.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct mutex {
    volatile uint32_t taken;
};

// Waits until nobody has it. False, at once, if somebody has it and interrupts
// are off: he may be a thread of this CPU, and would never get his turn. Not
// in NMIs, and not twice in a thread.
bool mutex_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
