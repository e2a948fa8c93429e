// SPDX-License-Identifier: MIT
// The way of a spinlock that is taken by somebody else.
#include "kernel/spinlock.h"
#include "kernel/smp.h"

uint32_t spin_waits;

// Reads until it looks free, and only then tries: an exchange in a loop would
// take the cache line away from the CPU that is about to release it.
void spin_wait(struct spinlock *lock)
{
    __atomic_add_fetch(&spin_waits, 1, __ATOMIC_RELAXED);
    do {
        while (lock->taken) {
            cpus_answer();
            cpu_relax();
        }
    } while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE));
}
