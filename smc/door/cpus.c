// SPDX-License-Identifier: MIT
// One processor, which is number 0 and has nobody to tell.
#include "smc/door/cpus.h"

#define WEAK __attribute__((weak))

WEAK unsigned cpu_index(void)
{
    return 0;
}

WEAK uint32_t cpus_online(void)
{
    return 1;
}

WEAK void cpus_hold(void)
{
}

WEAK void cpus_release(void)
{
}

WEAK void cpu_send_ipi(unsigned number, uint8_t vector)
{
    (void)number;
    (void)vector;
}

WEAK void preempt_off(void)
{
}

WEAK void preempt_on(void)
{
}

WEAK void kthread_yield(void)
{
}
