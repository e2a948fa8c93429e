// SPDX-License-Identifier: MIT
// Suite `livepatch`: what is replaced, when, and what is refused.
#include "smc/patch/livepatch/livepatch_check.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lab.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/patch/livepatch/livepatch_inside.h"
#include "smc/patch/livepatch/subject.h"
#include "smc/patch/trace/trace.h"

enum { CYCLES = 10, THREADS = 3, OUTSIDE = 12, SHORT_US = 300000 };

static char why[200];

static bool on(const char *name)
{
    return livepatch_on(livepatch_find(name), LIVEPATCH_LIMIT_US, why,
                        sizeof why);
}

static bool off(const char *name)
{
    return livepatch_off(livepatch_find(name), LIVEPATCH_LIMIT_US, why,
                         sizeof why);
}

static const uint32_t low = 3000000000u;

static enum check_result check_replaces(void)
{
    uint64_t hash = text_hash();
    uint32_t before = livepatch_mean(low, low + 10);
    bool is_on = on("mean");
    uint32_t during = livepatch_mean(low, low + 10);
    bool is_off = is_on && off("mean");
    uint32_t after = livepatch_mean(low, low + 10);
    judged("mean of %u and %u: %u, then %u, then %u; text %s; %s", low,
           low + 10, before, during, after,
           text_hash() == hash ? "as before" : "CHANGED", why);
    return verdict(is_off && before == after && during == low + 5 &&
                   text_hash() == hash);
}

// On every CPU that is online, under the same counters before and after.
static enum check_result check_running(void)
{
    struct livepatch_meter meters[CPU_MAX] = {0};
    struct kthread *threads[CPU_MAX] = {0};
    uint64_t hash = text_hash();
    uint32_t wrong[3] = {0}, samples = 0, cpus = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpu_is_online(i))
            threads[i] = kthread_start("meter", livepatch_meter, &meters[i],
                                       (int)i);
    bool good = true;
    for (int turn = 0; turn < 3; turn++) {
        good &= turn == 0 || (turn == 1 ? on("mean") : off("mean"));
        for (unsigned i = 0; i < CPU_MAX; i++) {
            uint32_t from = meters[i].samples, bad = meters[i].wrong;
            while (threads[i] && meters[i].samples < from + 10)
                kthread_yield();
            // The reading that was under way at the switch is the old one's.
            wrong[turn] += meters[i].wrong - bad > 1;
        }
    }
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (threads[i]) {
            kthread_stop(threads[i]);
            samples += meters[i].samples;
            cpus++;
        }
    judged("%u threads with wrong means before, %u while on, %u after; %u "
           "samples in all; %s",
           wrong[0], wrong[1], wrong[2], samples, why);
    return verdict(good && wrong[0] == cpus && !wrong[1] && wrong[2] == cpus &&
                   text_hash() == hash);
}

static volatile uint32_t mixed, calls;

static void call_outer(void *arg)
{
    uint32_t n = (uint32_t)arg;
    while (!kthread_should_stop()) {
        if (livepatch_outer(n) != n + 1)
            __atomic_add_fetch(&mixed, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
        for (int i = 0; i < OUTSIDE; i++)
            kthread_yield();
    }
}

// The threads give away their turn inside the functions, so often somebody
// sits in one. One old and one new function give another result.
static enum check_result check_together(void)
{
    struct kthread *threads[THREADS];
    uint64_t hash = text_hash();
    uint32_t done = 0, waits = 0;
    mixed = calls = 0;
    for (uint32_t i = 0; i < THREADS; i++)
        threads[i] = kthread_start("pair", call_outer, (void *)(1000 + i),
                                   KTHREAD_ANY);
    for (int i = 0; i < CYCLES; i++) {
        done += on("units");
        waits += livepatch_find("units")->waits;
        for (uint32_t until = calls + 5; calls < until;)
            kthread_yield();
        done += off("units");
        waits += livepatch_find("units")->waits;
    }
    if (livepatch_find("units")->order)
        off("units");
    for (uint32_t i = 0; i < THREADS; i++)
        kthread_stop(threads[i]);
    judged("%u of %u switches, %u looks too early; %u calls, %u of them mixed",
           done, 2 * CYCLES, waits, calls, mixed);
    return verdict(done && calls && !mixed && text_hash() == hash);
}

static volatile uint32_t release, answer;

static void sit(void *arg)
{
    (void)arg;
    answer = livepatch_sit(&release);
}

static enum check_result check_in_the_way(void)
{
    uint64_t hash = text_hash();
    release = answer = 0;
    struct kthread *thread = kthread_start("sitter", sit, NULL, KTHREAD_ANY);
    for (int i = 0; i < 10; i++)
        kthread_yield();
    struct livepatch *p = livepatch_find("sit");
    uint64_t begin = clock_us();
    bool early = livepatch_on(p, SHORT_US, why, sizeof why);
    uint32_t took = (uint32_t)(clock_us() - begin), looks = p->waits;
    bool same = text_hash() == hash;
    release = 1;
    kthread_join(thread);
    char words[200];
    strlcpy(words, why, sizeof words);
    bool later = on("sit");
    release = 0;
    uint32_t replaced = livepatch_sit(&release);
    bool back = off("sit");
    judged("\"%s\" after %u looks; %u; then %u", words, looks, answer,
           replaced);
    return verdict(!early && same && took >= SHORT_US && looks && later &&
                   back && answer == 1 && replaced == 2 &&
                   strncmp(words, "thread sitter (#", 16) == 0 &&
                   text_hash() == hash);
}

// The caller's own stack counts as well.
static enum check_result check_own_stack(void)
{
    static const struct livepatch_change changes[] = {
        {check_own_stack, livepatch_short}};
    static struct livepatch own = {
        .name = "own", .summary = "", .changes = changes, .count = 1};
    uint64_t hash = text_hash();
    bool early = livepatch_on(&own, SHORT_US, why, sizeof why);
    judged("%s", why);
    return verdict(
        !early && text_hash() == hash &&
        strncmp(why, "thread shell (#0) is in check_own_stack", 39) == 0);
}

static enum check_result check_stacking(void)
{
    uint64_t hash = text_hash();
    uint32_t results[5];
    char words[200];
    bool good = on("mean");
    results[0] = livepatch_mean(low, low + 11);
    good &= on("mean_up");
    results[1] = livepatch_mean(low, low + 11);
    bool lower = off("mean");
    strlcpy(words, why, sizeof words);
    results[2] = livepatch_mean(low, low + 11);
    good &= off("mean_up");
    results[3] = livepatch_mean(low, low + 11);
    // The one below still has the entry.
    good &= text_reserve((const void *)livepatch_mean, ENTRY_LEN, "lp-check")
                .reason == TEXT_RESERVED;
    good &= off("mean");
    results[4] = livepatch_mean(low, low + 11);
    judged("%u, %u, lower one off: \"%s\", %u, %u, %u", results[0], results[1],
           words, results[2], results[3], results[4]);
    return verdict(good && !lower && results[0] == low + 5 &&
                   results[1] == low + 6 && results[2] == low + 6 &&
                   results[3] == low + 5 &&
                   results[4] == (low + low + 11) / 2 && text_hash() == hash);
}

// Xen's test: the jump would have been written over the neighbour.
static enum check_result check_short(void)
{
    uint64_t hash = text_hash();
    bool done = on("too_short");
    uint32_t seven = livepatch_neighbour();
    judged("%s; the neighbour returns %u", why, seven);
    return verdict(!done && seven == 7 && text_hash() == hash);
}

// All or nothing: the first function of the set is good, the second is not.
static enum check_result check_all_or_nothing(void)
{
    static const struct livepatch_change changes[] = {
        {livepatch_mean, livepatch_mean_fixed},
        {livepatch_short, livepatch_mean_fixed}};
    static struct livepatch both = {
        .name = "both", .summary = "", .changes = changes, .count = 2};
    uint64_t hash = text_hash();
    bool done = livepatch_on(&both, SHORT_US, why, sizeof why);
    uint32_t mean = livepatch_mean(low, low + 10);
    bool kept = on("mean") && off("mean"); // nothing is left reserved
    judged("%s; the good one gives %u as before", why, mean);
    return verdict(!done && mean == (low + low + 10) / 2 && kept &&
                   text_hash() == hash);
}

static bool trace(const char *filter)
{
    struct text_result r;
    return trace_set(filter, &r);
}

// Two techniques, one site: each finds the other, both ways.
static enum check_result check_traced(void)
{
    uint64_t hash = text_hash();
    bool traced = trace("livepatch_mean");
    bool refused = !on("mean");
    char words[200];
    strlcpy(words, why, sizeof words);
    traced &= trace("");
    bool patched = on("mean") && trace("livepatch_mean*");
    uint32_t mean = livepatch_mean(low, low + 10);
    struct trace_state state = trace_state();
    uint64_t calls_of_new = trace_sum(livepatch_mean_fixed).calls;
    traced &= trace("");
    patched &= off("mean");
    judged("traced: \"%s\"; replaced: left alone %u, the new one is traced: "
           "%llu call",
           words, state.foreign, calls_of_new);
    return verdict(traced && refused && patched && mean == low + 5 &&
                   state.foreign == 1 && calls_of_new == 1 &&
                   text_hash() == hash);
}

static enum check_result check_undone(void)
{
    uint64_t hash = text_hash();
    bool good = on("mean");
    uint32_t undone = 0;
    struct journal_entry *e;
    while ((e = journal_overlap((const void *)livepatch_mean, ENTRY_LEN,
                                UINT32_MAX)) &&
           text_undo(e->number).reason == TEXT_OK)
        undone++;
    uint32_t old = livepatch_mean(low, low + 10);
    good &= off("mean");
    bool again = on("mean");
    uint32_t new = livepatch_mean(low, low + 10);
    good &= again && off("mean");
    judged("%u patches undone, old again: %u; on again: %u", undone, old, new);
    return verdict(good && undone >= 2 && old == (low + low + 10) / 2 &&
                   new == low + 5 && text_hash() == hash);
}

static const struct check livepatch_checks[] = {
    {"a function is replaced and comes back", check_replaces},
    {"it changes under the threads that call it, on every CPU", check_running},
    {"functions that belong together change together", check_together},
    {"who sits in a function is waited for, then named", check_in_the_way},
    {"so is the caller itself", check_own_stack},
    {"patches lie over each other and go in order", check_stacking},
    {"a function shorter than a jump is refused", check_short},
    {"a set with one refused function changes nothing", check_all_or_nothing},
    {"a traced function is refused, a replaced one left alone", check_traced},
    {"what the journal takes back can be taken off and put on again",
     check_undone},
    {"while all stand still nobody runs", livepatch_check_still},
};
CHECK_SUITE(livepatch, livepatch_checks);
