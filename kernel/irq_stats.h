// SPDX-License-Identifier: MIT
// How often each interrupt line was heard. Nobody asks most of the time, so
// the counting is a static key: `key irq_stats on`, and later `irqs`.
#pragma once
#include "smc/patch/static_key/static_key.h"

DECLARE_STATIC_KEY_FALSE(irq_stats);
extern uint32_t irq_counts[16]; // by line of the PIC

// Called by the handler of a line. One NOP while nobody counts.
static inline void irq_seen(unsigned line)
{
    if (static_branch_unlikely(&irq_stats))
        irq_counts[line]++;
}
