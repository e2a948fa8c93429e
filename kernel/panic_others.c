// SPDX-License-Identifier: MIT
// The other CPUs in a panic: stopped at once, and each with its backtrace. On
// a machine with one CPU nothing of it is seen.
#include "kernel/panic_others.h"
#include "kernel/backtrace.h"
#include "kernel/kthread.h"
#include "kernel/printf.h"
#include "kernel/smp.h"

// The others first: what they go on doing could be what the report is about.
void panic_stop_others(void)
{
    uint32_t others = cpus_online() & ~(1u << cpu_index());
    uint32_t deaf = others & ~cpus_stop();

    if (!others)
        return;
    kprintf("panic on CPU %u, in the thread %s; the others are stopped\n",
            cpu_index(), cpu_local()->current->name);
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (deaf >> i & 1)
            kprintf("CPU %u has not answered\n", i);
}

// Where the other CPUs were. Theirs are not the registers of the report, but
// one of them may hold what the broken code was waiting for.
void panic_print_others(void)
{
    for (unsigned i = 0; i < CPU_MAX; i++) {
        const struct cpu_local *other = cpu_local_of(i);
        if (!other->stopped)
            continue;
        kprintf("CPU %u was in the thread %s, ", i, other->current->name);
        backtrace_print(other->stop_eip, other->stop_ebp);
    }
}
