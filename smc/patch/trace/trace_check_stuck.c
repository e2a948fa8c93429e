// SPDX-License-Identifier: MIT
// Suite `trace`: a CPU does not answer while a trace is turned on. What was
// written stays, by way of the breakpoint, so the filter must say so; the next
// change has to take these entries off again.
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/patch/poke/stuck.h"
#include "smc/patch/trace/check.h"

static bool is_on;

static struct text_result turn_on(void *arg)
{
    struct text_result r;
    (void)arg;
    is_on = trace_set("trace_subject", &r);
    return r;
}

enum check_result trace_check_stuck(void)
{
    uint64_t hash = text_hash();
    unsigned last = CPU_MAX - 1;
    while (last && !cpu_is_online(last))
        last--;
    if (!last) {
        judged("there is one CPU");
        return CHECK_SKIP;
    }
    struct kthread *thread = stuck_start(last);
    struct text_result r = stuck_while(turn_on, NULL, last, 1);
    bool filter = strcmp(trace_state().filter, "trace_subject") == 0;
    trace_subject(NULL);
    uint64_t by_trap = trace_sum(trace_subject).calls;
    stuck_end(thread);
    trace_subject(NULL);
    uint64_t calls = trace_sum(trace_subject).calls;
    bool same = trace_check_off(hash);
    judged("on without an answer of CPU %u: %s, filter %s; %llu call counted "
           "by the breakpoint, %llu in all; text %s",
           last, is_on ? "yes" : "NO", filter ? "kept" : "LOST", by_trap,
           calls, same ? "as before" : "CHANGED");
    return verdict(r.reason == TEXT_UNFINISHED && is_on && filter &&
                   by_trap == 1 && calls == 2 && same);
}
