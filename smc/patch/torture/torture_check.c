// SPDX-License-Identifier: MIT
// Suite `torture`: a short one, and one that must find something.
#include "kernel/lab.h"
#include "kernel/lapic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/patch/torture/torture.h"

enum { TRIES = 40 };

static struct torture_row rows[TORTURE_TARGETS];

// All techniques have flipped and were executed, or nothing is proven.
static bool all_met(const struct torture_report *r)
{
    for (uint32_t i = 0; i < r->targets; i++)
        if (!rows[i].flips || !rows[i].executions)
            return false;
    return r->targets == TORTURE_TARGETS - 1;
}

static enum check_result check_right(void)
{
    const struct torture_wish wish = {
        .milliseconds = 1000, .seed = 7, .flips = 300, .executions = 20000};
    struct torture_report r;
    if (!torture(&wish, &r, rows))
        return CHECK_FAIL;
    judged(
        "%u flips, %llu executions, %u in NMIs, %u turns, %u times a CPU went: "
        "%u refused, %u illegal, %u lost; text %s%s%s",
        r.flips, r.executions, r.in_nmis, r.switches, r.hotplugs, r.refused,
        r.illegal, r.lost, r.hash_equal ? "equal" : "DIFFERENT",
        *r.why ? "; refused: " : "", r.why);
    return verdict(all_met(&r) && !r.refused && !r.illegal && !r.lost &&
                   r.hash_equal && r.switches &&
                   (r.hotplugs || cpus_present() == 1) &&
                   (r.in_nmis || !lapic_is_there()));
}

// The same fire on a site that is written by plain stores. Which sites are
// run in that moment is chance, so there are several tries.
static enum check_result check_wrong(void)
{
    struct torture_wish wish = {.milliseconds = 100, .wrong = true};
    struct torture_report r = {0};
    uint32_t tries = 0, others = 0;
    bool equal = true;
    memset(rows, 0, sizeof rows); // what an earlier run has found is no proof
    while (tries < TRIES && !rows[TORTURE_TARGETS - 1].illegal) {
        wish.seed = ++tries;
        if (!torture(&wish, &r, rows))
            return CHECK_FAIL;
        equal &= r.hash_equal;
        others += r.illegal - rows[TORTURE_TARGETS - 1].illegal;
    }
    const struct torture_row *row = &rows[TORTURE_TARGETS - 1];
    judged("try %u: %u flips by plain stores, %llu executions, %u illegal; %u "
           "of the other techniques",
           tries, row->flips, row->executions, row->illegal, others);
    return verdict(row->illegal && !others && equal);
}

static const struct check checks[] = {
    {"every execution is legal", check_right},
    {"a plain store is found out", check_wrong},
};
CHECK_SUITE(torture, checks);
