// SPDX-License-Identifier: MIT
// Lab `livepatch`: mend a bug under the feet of the thread that has it, and
// weigh the jump that stays.
#include "kernel/bench.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lab.h"
#include "kernel/smp.h"
#include "smc/door/sync.h"
#include "smc/patch/livepatch/livepatch_inside.h"
#include "smc/patch/livepatch/subject.h"

static char why[200];

static bool turn(const char *name, bool on)
{
    struct livepatch *p = livepatch_find(name);
    bool done = (on ? livepatch_on : livepatch_off)(p, LIVEPATCH_LIMIT_US, why,
                                                    sizeof why);
    if (!done)
        tell("refused: %s", why);
    return done;
}

static void wait_for(const struct livepatch_meter *meter, uint32_t samples)
{
    while (meter->samples < samples)
        kthread_yield();
}

// Figures that are the same in every run: what was wrong before and after,
// not how often.
static void tell_meter(struct livepatch_meter *meter, const char *when)
{
    uint32_t from = meter->samples, wrong = meter->wrong;
    wait_for(meter, from + 100);
    tell("%s: the mean of 3000000000 and 3000000010 is %u; of the next 100 "
         "readings %s are wrong.",
         when, livepatch_mean(3000000000u, 3000000010u),
         meter->wrong - wrong > 1 ? "half" : "none");
}

// On the last CPU, so that with one it shares CPU 0 with the shell.
static void demo(void)
{
    struct livepatch_meter meter = {0};
    unsigned number = CPU_MAX - 1;
    while (!cpu_is_online(number))
        number--;
    uint64_t hash = text_hash();
    const uint8_t *entry = (const uint8_t *)livepatch_mean;
    struct kthread *thread = kthread_start("meter", livepatch_meter, &meter,
                                           (int)number);
    if (!thread)
        return;
    tell("A thread takes readings; the sum of two large ones does not fit.");
    tell_code("before", entry, ENTRY_LEN);
    tell_meter(&meter, "Before");
    uint32_t samples = meter.samples, syncs = sync_count();
    if (turn("mean", true)) {
        tell("Replaced, with %u syncs, and while no stack held the old one:",
             sync_count() - syncs);
        tell_code("after", entry, ENTRY_LEN);
        // The reading that was under way is the last wrong one.
        wait_for(&meter, meter.samples + 2);
        tell_meter(&meter, "After");
        tell("The thread has not been restarted: its count went on from %s.",
             meter.samples > samples + 100 ? "where it was" : "NOTHING");
        turn("mean", false);
        wait_for(&meter, meter.samples + 2);
        tell_meter(&meter, "Given back");
    }
    kthread_stop(thread);
    tell("The text hash is %s.",
         text_hash() == hash ? "what it was" : "OTHER");
    tell("Two that are refused:");
    turn("too_short", true);
    if (turn("mean", true) && turn("mean_up", true)) {
        turn("mean", false);
        turn("mean_up", false);
    }
    turn("mean", false);
}

// The ways that need no modified code: every call asks a flag, or every call
// goes by a pointer. Both must have been in the source before the bug was
// known.
static volatile bool use_fixed;
static uint32_t (*volatile mean_pointer)(uint32_t, uint32_t);
static volatile uint32_t result;

static void direct(void *arg)
{
    (void)arg;
    result = livepatch_mean_other(1000, 1010);
}

static void by_flag(void *arg)
{
    (void)arg;
    result = use_fixed ? livepatch_mean_fixed(1000, 1010)
                       : livepatch_mean_other(1000, 1010);
}

static void by_pointer(void *arg)
{
    (void)arg;
    result = mean_pointer(1000, 1010);
}

static void replaceable(void *arg)
{
    (void)arg;
    result = livepatch_mean(1000, 1010);
}

static void set_flag(void *arg)
{
    (void)arg;
    use_fixed = true;
}

static void set_pointer(void *arg)
{
    (void)arg;
    mean_pointer = livepatch_mean_fixed;
}

// Not as a setup of the bench: a patch needs interrupts.
static void patch_costs(bool on)
{
    uint64_t begin = clock_us();
    turn("mean", on);
    tell("mean %s: %llu us", on ? "on" : "off", clock_us() - begin);
}

static void bench(void)
{
    const struct bench_way ways[] = {
        {"no way to replace it", NULL, direct, NULL, 0},
        {"flag at the call", set_flag, by_flag, NULL, 9},
        {"function pointer at the call", set_pointer, by_pointer, NULL, 6},
        {"entry, not replaced: a NOP", NULL, replaceable, NULL, ENTRY_LEN},
    };
    const struct bench_way replaced = {"entry, replaced: a jump", NULL,
                                       replaceable, NULL, ENTRY_LEN};
    bench_begin("livepatch", "one call of a function with two arguments");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10000);
    if (turn("mean", true)) {
        bench_way(&replaced, 10000);
        turn("mean", false);
    }
    bench_end("the flag and the pointer are paid for by every call, before "
              "there is a bug to mend");
    patch_costs(true);
    patch_costs(false);
}

LAB(livepatch, "whole functions are replaced while threads are calling them",
    "smc/patch/livepatch/livepatch.h", demo, bench);
