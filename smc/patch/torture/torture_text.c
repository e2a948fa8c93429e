// SPDX-License-Identifier: MIT
// The targets that lie in kernel text: how each is run, and how its technique
// changes it.
#include "smc/patch/torture/torture_text.h"
#include "kernel/clock.h"
#include "kernel/printf.h"
#include "smc/patch/livepatch/livepatch.h"
#include "smc/patch/torture/torture_subject.h"
#include "smc/patch/trace/trace.h"

// For a block to be run and patched away, on a busy host.
enum { ONCE_US = 30000000 };

static uint32_t armed; // how often the once-only block was

bool torture_is_done(const struct text_result *r, char *why)
{
    bool done = r->reason == TEXT_OK || r->reason == TEXT_UNFINISHED;
    if (!done)
        text_explain(why, TORTURE_WORDS, r);
    return done;
}

uint32_t torture_run_key(uint32_t which)
{
    return which & 1 ? torture_likely() : torture_unlikely();
}

uint32_t torture_run_call(uint32_t which)
{
    return which & 1 ? torture_jumper() : torture_caller();
}

uint32_t torture_run_trace(uint32_t which)
{
    (void)which;
    return torture_traced();
}

uint32_t torture_run_once(uint32_t which)
{
    (void)which;
    return torture_once();
}

uint32_t torture_run_patched(uint32_t which)
{
    (void)which;
    return torture_patched();
}

bool torture_flip_key(uint32_t from, uint32_t to, char *why)
{
    (void)from;
    struct text_result r = to ? static_key_inc(&torture_key.key)
                              : static_key_dec(&torture_key.key);
    return torture_is_done(&r, why);
}

bool torture_flip_call(uint32_t from, uint32_t to, char *why)
{
    static const void *const targets[] = {(const void *)torture_one,
                                          (const void *)torture_two,
                                          (const void *)static_call_return0};
    (void)from;
    struct text_result r = static_call_set(&static_call_key_torture,
                                           targets[to]);
    return torture_is_done(&r, why);
}

bool torture_flip_trace(uint32_t from, uint32_t to, char *why)
{
    struct text_result r;
    (void)from;
    return trace_set(to ? "torture_traced" : "", &r) ||
           torture_is_done(&r, why);
}

static const struct livepatch_change changes[] = {
    {(const void *)torture_patched, (const void *)torture_patch}};
LIVEPATCH(torture, "a site of the torture", changes);

// A busy host lets an emulated CPU wait for longer than the usual second.
bool torture_flip_patch(uint32_t from, uint32_t to, char *why)
{
    const uint32_t limit = 20 * LIVEPATCH_LIMIT_US;
    (void)from;
    return (to ? livepatch_on : livepatch_off)(&livepatch_of_torture, limit,
                                               why, TORTURE_WORDS);
}

// Armed, the block is run by whoever comes first, who then patches it away. It
// must have run as often as it was armed, however many came.
bool torture_flip_once(uint32_t from, uint32_t to, char *why)
{
    struct once *block = torture_once_block();
    struct text_result r = {0};
    uint64_t start = clock_us();
    (void)from;
    if (to) {
        armed++;
        r.reason = once_rearm(block) ? TEXT_OK
                                     : (enum text_reason)block->refused;
        return torture_is_done(&r, why);
    }
    do
        torture_once();
    while (!once_is_patched(block) && clock_us() - start < ONCE_US);
    ksnprintf(why, TORTURE_WORDS, "armed %u times, run %u times, %s", armed,
              torture_once_runs,
              once_is_patched(block) ? "patched" : "NOT PATCHED");
    return once_is_patched(block) && torture_once_runs == armed;
}

void torture_once_open(void)
{
    armed = torture_once_runs = 0;
}
