// SPDX-License-Identifier: MIT
// Who is there, and how CPUs reach each other. How they start and leave is in
// kernel/smp_start.c. What runs here may run in the middle of a patch, so it
// lies in the part of text that is never patched.
#include "kernel/smp.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/panic.h"
#include "kernel/smp_start.h"
#include "smc/door/sync.h"

unsigned cpus_present(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        count += cpu_locals[i].state != CPU_ABSENT;
    return count;
}

uint32_t cpus_online(void)
{
    uint32_t mask = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        mask |= (uint32_t)cpu_is_online(i) << i;
    return mask;
}

bool cpu_is_online(unsigned number)
{
    return number < CPU_MAX && cpu_locals[number].state == CPU_ONLINE;
}

bool cpus_alone(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        count += cpu_locals[i].state >= CPU_STARTING;
    return count == 1;
}

// The hotplug lock. No spinlock: its holder waits for other CPUs, and may be
// preempted.
static struct kthread *volatile holder;
static unsigned held; // depth; the holder's

bool cpus_try_hold(void)
{
    struct kthread *me = kthread_current(), *nobody = NULL;
    if (holder != me &&
        !__atomic_compare_exchange_n(&holder, &nobody, me, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    held++;
    return true;
}

void cpus_hold(void)
{
    while (!cpus_try_hold()) {
        cpus_answer();
        if (!kthread_yield())
            cpu_relax();
    }
}

void cpus_release(void)
{
    if (--held == 0)
        __atomic_store_n(&holder, NULL, __ATOMIC_RELEASE);
}

void cpu_send_ipi(unsigned number, uint8_t vector)
{
    lapic_send(cpu_local_of(number)->apic_id, vector);
}

void cpus_send_ipi_others(uint8_t vector)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (i != cpu_index() && cpu_is_online(i))
            cpu_send_ipi(i, vector);
}

void cpus_answer(void)
{
    sync_answer();
    tlb_answer();
}

// One call at a time per CPU: `call` is the mailbox, and is emptied by the CPU
// when it is done.
bool cpu_call(unsigned number, void (*fn)(void *), void *arg)
{
    void (*empty)(void *) = NULL;
    struct cpu_local *to = cpu_local_of(number < CPU_MAX ? number : 0);

    cpus_hold(); // or the CPU could leave with the call in its box
    preempt_off();
    bool can = cpu_is_online(number), here = can && number == cpu_index();
    if (here) {
        bool on = interrupts_off();
        fn(arg);
        interrupts_restore(on);
    } else if (can) {
        if (!(read_eflags() & EFLAGS_IF))
            panic("cpu_call to CPU %u with interrupts off", number);
        to->call_arg = arg;
        __atomic_store_n(&to->call, fn, __ATOMIC_RELEASE);
        cpu_send_ipi(number, VECTOR_CALL);
        while (to->call != empty)
            cpu_relax();
    }
    preempt_on();
    cpus_release();
    return can;
}

static void on_call(struct trap_frame *frame)
{
    struct cpu_local *me = cpu_local();
    (void)frame;
    if (!me->call)
        return;
    me->call(me->call_arg);
    __atomic_store_n(&me->call, NULL, __ATOMIC_RELEASE);
}

static void on_timer(struct trap_frame *frame)
{
    (void)frame;
    kthread_tick();
}

static void on_reschedule(struct trap_frame *frame)
{
    (void)frame;
    cpu_local()->resched = true;
}

static void on_tlb(struct trap_frame *frame)
{
    (void)frame;
    tlb_answer();
}

void smp_open_vectors(void)
{
    trap_set_handler(VECTOR_TIMER, on_timer);
    trap_set_handler(VECTOR_RESCHEDULE, on_reschedule);
    trap_set_handler(VECTOR_CALL, on_call);
    trap_set_handler(VECTOR_TLB, on_tlb);
}
