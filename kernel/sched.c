// SPDX-License-Identifier: MIT
// Whose turn it is: one queue for all CPUs, first come, first served.
//
//   head -> | any | CPU 2 | any | CPU 0 | <- tail
//             ^ taken by any CPU
//                    ^ the first for CPU 2, if "any" is gone
//
// One queue and not one per CPU: then a thread that may run anywhere migrates
// by itself, to whoever is free first. It costs a lock that all share, which
// for eight CPUs is cheap. Linux had this until 2.5, xv6 has it still.
#include "kernel/sched.h"
#include "kernel/cpu.h"
#include "kernel/idle.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "smc/patch/trace/back.h"

struct spinlock sched_lock;

// `head` is also read without the lock, as a hint: is anybody waiting at all?
static struct kthread *volatile head;
static struct kthread *tail;

void sched_add(struct kthread *thread)
{
    thread->state = KTHREAD_READY;
    thread->next = NULL;
    if (head)
        tail->next = thread;
    else
        head = thread;
    tail = thread;
}

static bool fits(const struct kthread *thread, const struct cpu_local *me)
{
    if (thread->cpu == KTHREAD_ANY)
        return !me->leaving;
    return thread->cpu == me->index;
}

// Is anybody ready for this CPU? sched_lock is held.
static bool is_wanted(const struct cpu_local *me)
{
    const struct kthread *thread = head;
    while (thread && !fits(thread, me))
        thread = thread->next;
    return thread != NULL;
}

// The first that fits leaves the queue. NULL if there is none.
static struct kthread *take(const struct cpu_local *me)
{
    struct kthread *before = NULL, *thread = head;
    while (thread && !fits(thread, me)) {
        before = thread;
        thread = thread->next;
    }
    if (!thread)
        return NULL;
    if (before)
        before->next = thread->next;
    else
        head = thread->next;
    if (tail == thread)
        tail = before;
    return thread;
}

// Not traced: it returns on the stack of one thread as another.
static notrace void set_running(struct kthread *thread, struct cpu_local *me)
{
    thread->state = KTHREAD_RUNNING;
    thread->switches++;
    thread->moves += thread->on != me->index;
    thread->on = me->index;
    me->current = thread;
    me->switches++;
    me->resched = false;
}

// From the moment that it is in the queue, others see the thread, but cannot
// take it: they need the lock. The lock goes with the switch to the next
// thread, which releases it when it returns from its own sched_switch, or in
// kthread_begin if it is new.
void sched_switch(bool again)
{
    struct cpu_local *me = cpu_local();
    struct kthread *from = me->current, *to = take(me);
    bool stays = again && (from == me->idle || fits(from, me));

    me->resched = false;
    if (!to && stays)
        return;
    if (!to)
        to = me->idle;
    if (!to)
        panic("CPU %u has nothing to run", me->index);
    if (from == me->idle)
        from->state = KTHREAD_READY; // but never in the queue
    else if (again)
        sched_add(from);
    set_running(to, me);
    kthread_switch(&from->esp, to->esp);
}

// A thread for one CPU wakes that one; any other, somebody who is idle. A CPU
// that is busy looks at its next tick.
void sched_kick(const struct kthread *thread)
{
    unsigned here = cpu_index();
    if (thread->cpu != KTHREAD_ANY) {
        if ((unsigned)thread->cpu != here)
            cpu_send_ipi((unsigned)thread->cpu, VECTOR_RESCHEDULE);
        return;
    }
    for (unsigned i = 0; i < CPU_MAX; i++) {
        const struct cpu_local *other = cpu_local_of(i);
        if (i != here && cpu_is_online(i) && other->current == other->idle) {
            cpu_send_ipi(i, VECTOR_RESCHEDULE);
            return;
        }
    }
}

bool kthread_yield(void)
{
    if (!head) // a hint: one instruction instead of a lock
        return false;
    bool on = spin_lock(&sched_lock);
    bool wanted = is_wanted(cpu_local());
    if (wanted)
        sched_switch(true);
    spin_unlock(&sched_lock, on);
    return wanted;
}

void kthread_wait(void)
{
    bool on = spin_lock(&sched_lock);
    bool wanted = is_wanted(cpu_local());
    if (wanted)
        sched_switch(true);
    spin_unlock(&sched_lock, on);
    if (wanted)
        interrupts_on();
    else
        static_call(cpu_idle)();
}

void kthread_tick(void)
{
    struct cpu_local *me = cpu_local();
    me->ticks++;
    me->resched |= head != NULL;
}

// The interrupted thread goes into the queue with its trap frame on its stack,
// and comes back out of this call. The end of the interrupt has been sent, so
// the next thread is interrupted in its turn.
void kthread_preempt(void)
{
    struct cpu_local *me = cpu_local();
    if (!me->resched || me->current->unpreemptible)
        return;
    spin_lock(&sched_lock);
    sched_switch(true);
    spin_unlock(&sched_lock, false);
}

void preempt_off(void)
{
    bool on = interrupts_off();
    cpu_local()->current->unpreemptible++;
    interrupts_restore(on);
}

// What a tick could not do in between is done now. With interrupts off it has
// to wait for the next tick.
void preempt_on(void)
{
    bool on = interrupts_off();
    struct cpu_local *me = cpu_local();
    bool due = --me->current->unpreemptible == 0 && me->resched;
    interrupts_restore(on);
    if (due && on)
        kthread_yield();
}

// An idle CPU that is leaving has no other thread left that fits: those which
// may run anywhere no longer fit, and cpu_take_down has looked for the others.
void kthread_idle(void)
{
    while (!cpu_local()->leaving) {
        kthread_wait();
        interrupts_off();
    }
}
