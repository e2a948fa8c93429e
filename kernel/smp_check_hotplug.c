// SPDX-License-Identifier: MIT
// Suite `smp`: CPUs that leave and come back.
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp_check.h"
#include "kernel/string.h"

enum { ROUNDS = 50, ROAMERS = 3 };

static volatile bool enough;

static void wait_for_end(void *arg)
{
    (void)arg;
    while (!enough)
        cpu_relax();
}

enum check_result smp_check_pinned(void)
{
    unsigned last = smp_last();
    if (!smp_needs_two())
        return CHECK_SKIP;
    enough = false;
    struct kthread *thread = kthread_start("anchor", wait_for_end, NULL,
                                           (int)last);
    const char *why = cpu_take_down(last);
    bool refused = why &&
                   strcmp(why, "the thread anchor is pinned to it") == 0;
    bool stays = cpu_is_online(last);
    judged("cpu %u offline: %s", last, why ? why : "it went");
    enough = true;
    kthread_join(thread);
    return verdict(refused && stays);
}

static volatile uint32_t counts[ROAMERS];

static void roam(void *arg)
{
    volatile uint32_t *count = arg;
    while (!enough)
        (*count)++;
}

// Threads that may run anywhere run all the time, some of them on the CPU that
// leaves. Each must get on from first to last.
enum check_result smp_check_hotplug(void)
{
    struct kthread *threads[ROAMERS];
    uint32_t came = 0, ran = 0;
    if (!smp_needs_two())
        return CHECK_SKIP;
    enough = false;
    for (int i = 0; i < ROAMERS; i++)
        threads[i] = kthread_start("roam", roam, (void *)&counts[i],
                                   KTHREAD_ANY);
    unsigned last = smp_last();
    for (int i = 0; i < ROUNDS; i++) {
        bool went = !cpu_take_down(last) && !cpu_is_online(last);
        came += went && !cpu_bring_up(last) && cpu_is_online(last);
    }
    for (int i = 0; i < ROAMERS; i++) {
        uint32_t before = counts[i];
        for (int k = 0; k < 1000 && counts[i] == before; k++) {
            interrupts_off();
            kthread_wait();
        }
        ran += counts[i] != before;
    }
    enough = true;
    for (int i = 0; i < ROAMERS; i++)
        kthread_join(threads[i]);
    judged("CPU %u left and came %u of %u times; %u of %u threads still run",
           last, came, ROUNDS, ran, ROAMERS);
    return verdict(came == ROUNDS && ran == ROAMERS);
}
