// SPDX-License-Identifier: MIT
// The one place that knows how many processors there are to serialise.
#include "smc/door/sync.h"

void sync_all(void)
{
    sync_core();
}
