// SPDX-License-Identifier: MIT
// Suite `smp`: threads. A check that could hang waits by smp_await, which
// gives up, or by the clock.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/pages.h"
#include "kernel/smp_check.h"
#include "kernel/spinlock.h"
#include "smc/patch/once/once.h"

enum {
    INCREMENTS = 20000,
    SPIN_US = 60000, // several ticks of 10 ms
    FAULTS = 200,
    STARTS = 40,
    TURNS = 3,
    PATIENCE_US = 5000000,
};

// All meet in one place, and nobody leaves before all are there. Threads that
// took turns on one CPU with interrupts off would never meet.
static volatile uint32_t arrived, left;

static void meet(void *number)
{
    uint32_t all = smp_count_online();
    bool on = interrupts_off();
    (void)number;
    __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
    uint64_t start = clock_us();
    while (arrived < all && clock_us() - start < PATIENCE_US)
        cpus_answer();
    if (arrived >= all)
        __atomic_add_fetch(&left, 1, __ATOMIC_SEQ_CST);
    interrupts_restore(on);
}

enum check_result smp_check_parallel(void)
{
    if (!smp_needs_two())
        return CHECK_SKIP;
    arrived = left = 0;
    unsigned count = smp_on_each(meet);
    judged("%u CPUs with interrupts off have met: %u", count, left);
    return verdict(left == count);
}

static struct spinlock lock;
static volatile uint32_t locked_count, plain_count;

static void increment(void *number)
{
    (void)number;
    for (int i = 0; i < INCREMENTS; i++) {
        bool on = spin_lock(&lock);
        locked_count = locked_count + 1;
        spin_unlock(&lock, on);
        plain_count = plain_count + 1;
    }
}

// The other counter shows what the lock is for. It may be exact by luck, so it
// is not judged.
enum check_result smp_check_spinlock(void)
{
    locked_count = plain_count = 0;
    unsigned count = smp_on_each(increment);
    judged("%u CPUs times %u: %u; without the lock %u", count, INCREMENTS,
           locked_count, plain_count);
    return verdict(locked_count == count * INCREMENTS);
}

static volatile uint32_t spins[3];
static volatile bool enough;

static void spin(void *arg)
{
    volatile uint32_t *count = arg;
    while (!enough)
        (*count)++;
}

static void wait_us(uint32_t us)
{
    uint64_t start = clock_us();
    while (clock_us() - start < us)
        cpu_relax();
}

// Two on one CPU, neither of which ever yields.
enum check_result smp_check_preemption(void)
{
    int on = (int)smp_last();
    uint32_t turns = 0;
    spins[0] = spins[1] = 0;
    enough = false;
    struct kthread *a = kthread_start("spin a", spin, (void *)&spins[0], on);
    struct kthread *b = kthread_start("spin b", spin, (void *)&spins[1], on);
    uint64_t start = clock_us();
    while (turns < TURNS && clock_us() - start < PATIENCE_US)
        turns = a->switches < b->switches ? a->switches : b->switches;
    enough = true;
    kthread_join(a);
    kthread_join(b);
    judged("two threads on CPU %d had %u turns each, both got on: %s", on,
           turns, spins[0] && spins[1] ? "yes" : "no");
    return verdict(spins[0] && spins[1] && turns >= TURNS);
}

// Holds on to its CPU; the other one, on the same, must not have run
// meanwhile.
static volatile uint32_t seen_inside;

static void hold_on(void *arg)
{
    preempt_off();
    uint32_t before = spins[2];
    (void)arg;
    wait_us(SPIN_US);
    seen_inside = spins[2] - before;
    preempt_on();
    smp_await(&spins[2], before + 1);
    enough = true;
}

enum check_result smp_check_preempt_off(void)
{
    int on = (int)smp_last();
    spins[2] = 0;
    seen_inside = 1;
    enough = false;
    struct kthread *a = kthread_start("spin", spin, (void *)&spins[2], on);
    struct kthread *b = kthread_start("hold", hold_on, NULL, on);
    kthread_join(b);
    kthread_join(a);
    judged("the other ran %u times meanwhile, and afterwards it did: %s",
           seen_inside, spins[2] ? "yes" : "no");
    return verdict(seen_inside == 0 && spins[2]);
}

// One more than there are CPUs: somebody always waits, and goes on wherever a
// turn ends.
enum check_result smp_check_migration(void)
{
    static volatile uint32_t counts[CPU_MAX + 1];
    struct kthread *threads[CPU_MAX + 1];
    unsigned many = cpus_present() + 1;
    uint32_t moves = 0, ran = 0;
    if (!smp_needs_two())
        return CHECK_SKIP;
    enough = false;
    for (unsigned i = 0; i < many; i++) {
        counts[i] = 0;
        threads[i] = kthread_start("roam", spin, (void *)&counts[i],
                                   KTHREAD_ANY);
    }
    for (unsigned i = 0; i < many; i++)
        ran += smp_await(&counts[i], 1);
    wait_us(SPIN_US);
    enough = true;
    for (unsigned i = 0; i < many; i++) {
        moves += threads[i]->moves;
        kthread_join(threads[i]);
    }
    judged("%u of %u threads on %u CPUs ran, with %u moves", ran, many,
           cpus_present(), moves);
    return verdict(ran == many && moves > 0);
}

static void nothing(void *arg)
{
    __atomic_add_fetch((uint32_t *)arg, 1, __ATOMIC_SEQ_CST);
}

static void until_stopped(void *arg)
{
    while (!kthread_should_stop())
        kthread_yield();
    nothing(arg);
}

enum check_result smp_check_join(void)
{
    uint32_t used = page_stats().used, ended = 0;
    for (int i = 0; i < STARTS; i++) {
        struct kthread *a = kthread_start("brief", nothing, &ended,
                                          KTHREAD_ANY);
        struct kthread *b = kthread_start("stopped", until_stopped, &ended,
                                          (int)smp_last());
        kthread_join(a);
        kthread_stop(b);
    }
    bool refused = !kthread_start("nowhere", nothing, &ended, CPU_MAX);
    judged("%u of %u ended, none started on CPU %u; %d pages left over", ended,
           2 * STARTS, CPU_MAX, (int)(page_stats().used - used));
    return verdict(ended == 2 * STARTS && page_stats().used == used &&
                   refused);
}

// Cut off between preempt_off and preempt_on: that must not last.
static void read_at(void *arg)
{
    preempt_off();
    (void)*(const volatile uint8_t *)arg;
    preempt_on();
}

static volatile uint32_t wrong_faults, right_faults;

static void fault_often(void *number)
{
    for (uint32_t i = 0; i < FAULTS; i++) {
        struct trap_frame f = {0};
        bool passed = trap_try(read_at, (void *)(*(uint32_t *)number * 64),
                               &f);
        bool right = !passed && !kthread_current()->unpreemptible &&
                     f.vector == 14 && f.cs == GDT_CODE && !(f.error & 2);
        __atomic_add_fetch(right ? &right_faults : &wrong_faults, 1,
                           __ATOMIC_SEQ_CST);
    }
}

enum check_result smp_check_trap_try(void)
{
    wrong_faults = right_faults = 0;
    unsigned count = smp_on_each(fault_often);
    judged("%u CPUs times %u faults: %u right, %u wrong", count, FAULTS,
           right_faults, wrong_faults);
    return verdict(right_faults == count * FAULTS && !wrong_faults);
}

static void fault_once(void *arg)
{
    struct trap_frame f;
    *(bool *)arg = !trap_try(read_at, NULL, &f) && f.vector == 14;
}

// The shell's stack lies below that of any other thread: by the address alone
// its block would be among those that the fault has cut off.
enum check_result smp_check_once_apart(void)
{
    static struct once *block;
    bool faulted = false, runs = false;
    ONCE (smp_apart) {
        block = once_in_smp_apart;
        kthread_join(
            kthread_start("fault", fault_once, &faulted, (int)smp_last()));
        runs = block->state == ONCE_RUNNING;
    }
    once_rearm(block); // for the next run of this check
    judged("a fault in another thread, and the block still runs: %s",
           runs ? "yes" : "no");
    return verdict(faulted && runs);
}
