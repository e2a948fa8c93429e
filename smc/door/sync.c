// SPDX-License-Identifier: MIT
// The one place that knows how many processors there are to serialise.
#include "smc/door/sync.h"

// Called by door_copy with interrupts off, after every store. One CPU allows
// that. With more, this becomes an interrupt to each of them and a wait for
// their answers, and such a wait must not be made with interrupts off: two
// CPUs that patch at the same time would wait for each other for ever.
void sync_all(void)
{
    sync_core();
}
