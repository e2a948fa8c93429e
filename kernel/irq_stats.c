// SPDX-License-Identifier: MIT
// The counters, and the command that shows them.
#include "kernel/irq_stats.h"
#include "kernel/command.h"
#include "kernel/printf.h"

DEFINE_STATIC_KEY_FALSE(irq_stats);
uint32_t irq_counts[16];

static int run_irqs(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (unsigned line = 0; line < 16; line++)
        if (irq_counts[line])
            kprintf("  line %2u %10u interrupts\n", line, irq_counts[line]);
    kprintf("counting is %s\n", static_key_enabled(&irq_stats.key)
                                    ? "on"
                                    : "off: key irq_stats on");
    return 0;
}
COMMAND(irqs, "", "interrupts, counted while irq_stats is on", run_irqs);
