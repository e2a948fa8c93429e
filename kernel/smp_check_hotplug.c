// SPDX-License-Identifier: MIT
// Suite `smp`: CPUs that leave and come back.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp_check.h"
#include "kernel/smp_start.h"
#include "kernel/string.h"

enum {
    ROUNDS = 50,
    ROAMERS = 3,
    LATE_ROUNDS = 10,
    LATE_STEP_US = 50,
    LATER_US = 20000, // long enough for a CPU that comes in spite of it
};

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

static void ask_number(void *arg)
{
    *(uint32_t *)arg = cpu_index();
}

// Is the CPU online now and a while later, if it is said to have come, and
// offline now and later, if not?
static bool keeps_its_word(unsigned number, bool came)
{
    uint32_t answer = CPU_MAX;
    bool now = cpu_is_online(number) == came;
    for (uint64_t start = clock_us(); clock_us() - start < LATER_US;)
        cpu_relax();
    bool later = cpu_is_online(number) == came;
    bool called = cpu_call(number, ask_number, &answer);
    return now && later && called == came && (!came || answer == number);
}

// In every other round the CPU dawdles, and is given up as a rule; in the
// others it may come at the very moment at which it is.
enum check_result smp_check_late(void)
{
    unsigned last = smp_last();
    uint32_t late = 0, broken = 0;
    if (!smp_needs_two())
        return CHECK_SKIP;
    for (uint32_t i = 0; i < LATE_ROUNDS; i++) {
        broken += cpu_take_down(last) != NULL;
        smp_set_haste(i * LATE_STEP_US, i % 2 ? LATER_US / 2 : 0);
        bool came = !cpu_bring_up(last);
        smp_set_haste(SMP_PATIENCE_US, 0);
        late += !came;
        broken += !keeps_its_word(last, came);
        if (!came)
            broken += cpu_bring_up(last) != NULL;
    }
    bool back = keeps_its_word(last, true);
    judged("CPU %u was started %u times, was too late %u times and stayed "
           "away; %u times not as was said; %s",
           last, LATE_ROUNDS, late, broken, back ? "it is back" : "GONE");
    return verdict(late && !broken && back);
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
