// SPDX-License-Identifier: MIT
// Waiting for a turn instead of spinning. The owner may be a thread of this
// CPU that was preempted: it gets its turn. Or it is in the middle of sync_all
// on another, and waits for this CPU's answer.
#include "kernel/mutex.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"

bool mutex_lock(struct mutex *mutex)
{
    while (__atomic_exchange_n(&mutex->taken, 1, __ATOMIC_ACQUIRE)) {
        if (!(read_eflags() & EFLAGS_IF))
            return false;
        cpus_answer();
        if (!kthread_yield())
            cpu_relax();
    }
    return true;
}

void mutex_unlock(struct mutex *mutex)
{
    __atomic_store_n(&mutex->taken, 0, __ATOMIC_RELEASE);
}
