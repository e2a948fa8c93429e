// SPDX-License-Identifier: MIT
// Whose data a call belongs to: the CPU's and the thread's. Interrupts are
// off, or the answer would be old by the time it is used.
#pragma once
#include "kernel/kthread.h"
#include "smc/patch/trace/tracer.h"

// NULL where no CPU can be told: in the double-fault task, and on a CPU that
// has not loaded its task register yet. cpu_index would ask a function.
static inline struct tracer_cpu *tracer_here(void)
{
    uint32_t selector;
    __asm__ volatile("str %0" : "=r"(selector));
    uint32_t index = (selector - GDT_TSS) / 8;
    return index < CPU_MAX && tracer_cpus[index].ring ? &tracer_cpus[index]
                                                      : NULL;
}

// The thread that runs on it; NULL before it has one.
static inline struct kthread *tracer_thread(const struct tracer_cpu *here)
{
    return here ? cpu_locals[here - tracer_cpus].current : NULL;
}
