// SPDX-License-Identifier: MIT
// Waiting for the door. Both loops answer the other CPUs' questions: the one
// who is waited for may itself be waiting, in sync_all, for this CPU.
#include "smc/door/lock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"

static volatile uint32_t door_taken, poke_taken;
static struct kthread *volatile poke_owner;

static bool take(volatile uint32_t *taken)
{
    return !__atomic_exchange_n(taken, 1, __ATOMIC_ACQUIRE);
}

// Interrupts are let in between two tries: the owner may be waiting for an
// answer that only a handler of this CPU gives.
bool door_lock(void)
{
    bool on = interrupts_off();
    while (!take(&door_taken)) {
        interrupts_restore(on);
        cpus_answer();
        __asm__ volatile("pause");
        interrupts_off();
    }
    return on;
}

void door_unlock(bool on)
{
    __atomic_store_n(&door_taken, 0, __ATOMIC_RELEASE);
    interrupts_restore(on);
}

// The owner may be a thread of this CPU that was preempted: it gets its turn.
bool poke_lock(void)
{
    while (!take(&poke_taken)) {
        if (!(read_eflags() & EFLAGS_IF) || poke_owner == kthread_current())
            return false;
        kthread_yield();
        __asm__ volatile("pause");
    }
    poke_owner = kthread_current();
    return true;
}

void poke_unlock(void)
{
    poke_owner = NULL;
    __atomic_store_n(&poke_taken, 0, __ATOMIC_RELEASE);
}
