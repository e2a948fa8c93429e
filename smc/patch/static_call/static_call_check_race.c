// SPDX-License-Identifier: MIT
// Updates while others use the sites: a thread on each other CPU or, on a
// machine with one, a thread that the timer stops anywhere.
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "smc/patch/static_call/static_call_check.h"

enum { UPDATES = 60 };

// Each on a cache line of its own, or the CPUs would wait for each other more
// than they use the sites.
static struct racer {
    volatile uint32_t uses, wrong;
    struct kthread *thread;
} __attribute__((aligned(64))) racers[CPU_MAX];

// With "return 0" among the targets three results are legal at any time.
static bool is_legal(uint32_t result)
{
    return result == 1007 || result == 2007 || result == 0;
}

static void race(void *arg)
{
    struct racer *me = arg;
    while (!kthread_should_stop())
        for (int way = 0; way < WAYS; way++) {
            me->wrong += !is_legal(static_call_use(way, 7));
            me->uses++;
        }
}

// Runs in an interrupt of another CPU: once the update has returned, nobody
// may see the old target any more.
static void look_up(void *arg)
{
    uint32_t *expected = arg;
    for (int way = 0; way < WAYS; way++)
        *expected = static_call_use(way, 7) == *expected ? *expected : 1;
}

static unsigned lost_on(unsigned cpu, uint32_t expected)
{
    uint32_t seen = expected;
    cpu_call(cpu, look_up, &seen);
    return seen != expected;
}

static unsigned start_racers(void)
{
    unsigned started = 0;
    bool alone = cpus_online() == 1;
    for (unsigned i = 0; i < CPU_MAX; i++) {
        racers[i].uses = racers[i].wrong = 0;
        racers[i].thread = NULL;
        if ((alone && i == 0) || (cpu_is_online(i) && i != cpu_index()))
            racers[i].thread = kthread_start("static-call", race, &racers[i],
                                             (int)i);
        started += racers[i].thread != NULL;
    }
    return started;
}

static void stop_racers(uint32_t *uses, uint32_t *wrong)
{
    for (unsigned i = 0; i < CPU_MAX; i++) {
        if (racers[i].thread)
            kthread_stop(racers[i].thread);
        *uses += racers[i].uses;
        *wrong += racers[i].wrong;
    }
}

// On one CPU the yield lets the other thread run until the timer ends its
// turn; elsewhere nobody waits for this one.
enum check_result check_race(void)
{
    static const struct {
        int target;
        uint32_t result;
    } turns[] = {{TWO, 2007}, {ZERO, 0}, {ONE, 1007}};
    uint32_t uses = 0, wrong = 0;
    unsigned lost = 0, refused = 0;
    static_call_aim(ONE);
    unsigned threads = start_racers();
    for (unsigned i = 0; i < UPDATES; i++) {
        refused += static_call_aim(turns[i % 3].target) != TEXT_OK;
        for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
            if (cpu_is_online(cpu))
                lost += lost_on(cpu, turns[i % 3].result);
        kthread_yield();
    }
    stop_racers(&uses, &wrong);
    static_call_aim(ONE);
    judged("%u threads, %u updates, %u refused; %s uses, %u illegal; %u "
           "updates not seen",
           threads, UPDATES, refused, uses > 100 ? "over 100" : "too few",
           wrong, lost);
    return verdict(threads && uses > 100 && !wrong && !lost && !refused);
}

// Two threads that update the same key, on two CPUs or preempted by the timer.
// Neither may find the other's update half done.
static uint32_t refused_there;

static void update(void *arg)
{
    uint32_t *refused = arg;
    for (unsigned i = 0; i < UPDATES; i++)
        *refused += static_call_aim(i % 2 ? ONE : TWO) != TEXT_OK;
}

enum check_result check_two_updaters(void)
{
    uint32_t refused_here = 0;
    unsigned cpu = CPU_MAX - 1;
    while (cpu && !cpu_is_online(cpu))
        cpu--;
    refused_there = 0;
    struct kthread *thread = kthread_start("update", update, &refused_there,
                                           (int)cpu);
    update(&refused_here);
    kthread_join(thread);
    bool last = static_call_use(0, 7) == 1007;
    judged("%u updates each by two threads at once: %u and %u refused",
           UPDATES, refused_here, refused_there);
    static_call_aim(ONE);
    return verdict(thread && !refused_here && !refused_there && last);
}
