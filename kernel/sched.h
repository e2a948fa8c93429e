// SPDX-License-Identifier: MIT
// Between kthread.c (the life of threads) and sched.c (their turns).
#pragma once
#include "kernel/kthread.h"
#include "kernel/spinlock.h"

// Guards the queue, the list of all and every thread's state. Held across the
// switch: it is taken by one thread and released by the next, so that nobody
// takes a thread from the queue whose registers are not saved yet.
extern struct spinlock sched_lock;

// Puts a thread at the end of the queue. sched_lock is held.
void sched_add(struct kthread *thread);

// Ends the running thread's turn; `again` if it wants another. Returns when
// it has one. sched_lock is held, and the thread may be on another CPU then.
void sched_switch(bool again);

// Wakes a CPU that can run this thread. Without the lock: it sends.
void sched_kick(const struct kthread *thread);

// In kthread_switch.S.
void kthread_switch(uint32_t *save_esp, uint32_t load_esp);
