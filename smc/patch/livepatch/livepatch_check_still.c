// SPDX-License-Identifier: MIT
// Suite `livepatch`: while all stand still, nobody runs. Who is late for one
// look answers while the next one begins.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "kernel/still.h"
#include "smc/patch/livepatch/livepatch.h"
#include "smc/patch/livepatch/livepatch_check.h"

enum { PAIRS = 100, MOST_US = 50, WATCH_US = 20 };

// Each on a cache line of its own.
static struct counter {
    volatile uint32_t count;
    struct kthread *thread;
} __attribute__((aligned(64))) counters[CPU_MAX];
static uint32_t moved;

static void count_on(void *arg)
{
    struct counter *mine = arg;
    while (!kthread_should_stop())
        mine->count++;
}

static uint32_t sum(void)
{
    uint32_t all = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        all += counters[i].count;
    return all;
}

static void watch(void *arg)
{
    uint32_t before = sum();
    (void)arg;
    for (uint64_t start = clock_us(); clock_us() - start < WATCH_US;)
        cpu_relax();
    moved += sum() != before;
}

// With very little time a look is over before the last CPU has answered: that
// one answers while the next look begins.
static uint32_t look(uint32_t limit_us)
{
    char why[100] = "";
    uint32_t early = 0;
    return still_call(NULL, 0, watch, NULL, limit_us, &early, why, sizeof why);
}

enum check_result livepatch_check_still(void)
{
    uint32_t done = 0, late = 0;
    if (cpus_online() == 1) {
        judged("one CPU");
        return CHECK_SKIP;
    }
    for (unsigned i = 1; i < CPU_MAX; i++)
        if (cpu_is_online(i))
            counters[i].thread = kthread_start("count", count_on, &counters[i],
                                               (int)i);
    moved = 0;
    for (uint32_t i = 0; i < PAIRS; i++) {
        late += !look(i % MOST_US);
        done += look(LIVEPATCH_LIMIT_US);
    }
    for (unsigned i = 1; i < CPU_MAX; i++)
        if (cpu_is_online(i) && counters[i].thread)
            kthread_stop(counters[i].thread);
    judged("%u looks with 0 to %u us for it, %u too short; of %u with more "
           "behind them %u were in time; in %u somebody ran",
           PAIRS, MOST_US, late, PAIRS, done, moved);
    return verdict(late && done && !moved);
}
