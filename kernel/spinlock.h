// SPDX-License-Identifier: MIT
// Spinlocks: one CPU at a time, and no handler of its own in between.
//
//     bool on = spin_lock(&lock);
//     ...
//     spin_unlock(&lock, on);
//
// Interrupts are off from one to the other: a handler on this CPU that wanted
// the lock would wait for the code that it has interrupted. On one CPU that is
// all there is to it; the exchange costs one instruction more.
//
// Who waits, answers: the CPU that holds the lock may be waiting for this one
// to serialise or to flush its TLB, which an interrupt cannot ask for here.
//
//   CPU 0   holds the lock ... asks all to serialise, waits for CPU 1
//   CPU 1   wants the lock, interrupts off: loop { free? answer }
//
// The code in between must not fault: trap_try would leave the lock taken. No
// lock in an NMI. Linux has the same in include/linux/spinlock.h.
#pragma once
#include "kernel/cpu.h"
#include <stdbool.h>
#include <stdint.h>

struct spinlock {
    volatile uint32_t taken;
};

// Waits until the lock is free; counts in `spin_waits` that it was not.
void spin_wait(struct spinlock *lock);
extern uint32_t spin_waits;

// Turns interrupts off and takes the lock. Returns whether they were on, for
// spin_unlock.
static inline bool spin_lock(struct spinlock *lock)
{
    bool on = interrupts_off();
    if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
        spin_wait(lock);
    return on;
}

// A plain store gives it back: i386 stores become visible in order. [SDM3 8.2]
static inline void spin_unlock(struct spinlock *lock, bool on)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    interrupts_restore(on);
}
