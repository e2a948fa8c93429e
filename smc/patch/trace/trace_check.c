// SPDX-License-Identifier: MIT
// Suite `trace`: the price when off, exact counts when on, and the same text
// as before when off again.
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/step.h"
#include "kernel/string.h"
#include "smc/patch/trace/check.h"
#include "smc/patch/trace/tracer.h"

enum { CALLS = 1000 };

bool trace_check_on(const char *filter)
{
    char text[160];
    struct text_result r;
    if (trace_set(filter, &r))
        return true;
    judged("trace on %s: %s", filter, text_explain(text, sizeof text, &r));
    return false;
}

bool trace_check_off(uint64_t hash)
{
    return trace_check_on("") && text_hash() == hash;
}

// What the compiler was asked for and a script has made of it, in every
// function that was compiled with it.
static enum check_result check_entries(void)
{
    uint32_t wrong = 0, unordered = 0, unknown = 0;
    trace_open();
    for (uint32_t i = 0; i < tracer_count; i++) {
        wrong += memcmp(tracer_entries[i], entry_nop, ENTRY_LEN) != 0;
        unordered += i && tracer_entries[i - 1] >= tracer_entries[i];
        unknown += tracer_index(tracer_entries[i]) != i;
    }
    judged("%u entries, %u of them not one NOP, %u out of order, %u not found "
           "by their address",
           tracer_count, wrong, unordered, unknown);
    return verdict(tracer_count > 1000 && !wrong && !unordered && !unknown);
}

// The bytes say nothing of what surrounds them; the trap flag counts.
static enum check_result check_price_off(void)
{
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    uint32_t off = step_count(trace_subject, NULL);
    uint32_t bare = step_count(trace_subject_bare, NULL);
    judged("%u instructions with an entry, %u without", off, bare);
    return verdict(off == bare + 1);
}

static enum check_result check_counts(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_subject"))
        return CHECK_FAIL;
    for (int i = 0; i < CALLS; i++)
        trace_subject(NULL);
    bool same = trace_check_off(hash);
    uint64_t calls = trace_sum(trace_subject).calls;
    uint64_t all = trace_sum(NULL).calls;
    trace_subject(NULL);
    trace_subject(NULL);
    judged("%u calls counted %llu times, %llu in all; 2 more after off: %llu; "
           "text %s",
           CALLS, calls, all, trace_sum(trace_subject).calls,
           same ? "as before" : "CHANGED");
    return verdict(same && calls == CALLS && all == CALLS &&
                   trace_sum(trace_subject).calls == CALLS);
}

// In the middle, at both ends, several stars, and what must not match.
static enum check_result check_globs(void)
{
    static const struct {
        const char *pattern, *text;
        bool match;
    } cases[] = {
        {"*", "anything", true},
        {"*", "", true},
        {"text_*", "text_hash", true},
        {"text_*", "context_hash", false},
        {"*hash", "text_hash", true},
        {"*hash", "text_hash_now", false},
        {"t*_*h", "text_hash", true},
        {"t?xt_hash", "text_hash", true},
        {"text_hash", "text_hash", true},
        {"text_has", "text_hash", false},
        {"text_hash?", "text_hash", false},
        {"*aab", "aaaab", true},
        {"a*b*c", "aXbXbXc", true},
        {"a*b*c", "aXbXb", false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (trace_glob(cases[i].pattern, cases[i].text) != cases[i].match) {
            judged("%s against %s is wrong", cases[i].pattern, cases[i].text);
            return CHECK_FAIL;
        }
    judged("%u pairs", (unsigned)(sizeof cases / sizeof cases[0]));
    return CHECK_PASS;
}

// A change of the filter is one batch too: some sites on, others off.
static enum check_result check_filter(void)
{
    uint64_t hash = text_hash();
    static const struct {
        const char *filter;
        uint32_t traced;
    } steps[] = {{"trace_tree trace_recursive", 2},
                 {"trace_tree trace_subject trace_structure", 3},
                 {"trace_f* !trace_faulty", 1},
                 {"no_such_function", 0}};
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (!trace_check_on(steps[i].filter))
            return CHECK_FAIL;
        uint32_t traced = trace_state().traced;
        if (traced != steps[i].traced) {
            judged("%s: %u traced", steps[i].filter, traced);
            return CHECK_FAIL;
        }
    }
    bool same = trace_check_off(hash);
    judged("2, 3, 1, no functions; text %s", same ? "as before" : "CHANGED");
    return verdict(same);
}

// Both events of each call, in order, and the duration of the outer one not
// less than that of the inner.
static enum check_result check_events(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_tree trace_recursive"))
        return CHECK_FAIL;
    bool on = interrupts_off();
    trace_tree(NULL);
    interrupts_restore(on);
    bool same = trace_check_off(hash);
    // tree, recursive(2), (1), (0), and four returns the other way round.
    static const uint8_t depths[] = {0, 1, 2, 3, 3, 2, 1, 0};
    const struct tracer_event *e = tracer_cpus[0].ring;
    uint32_t wrong = tracer_cpus[0].events != sizeof depths;
    for (uint32_t i = 0; i < sizeof depths && !wrong; i++) {
        wrong += e[i].depth != depths[i];
        wrong += e[i].kind != (i < 4 ? TRACER_CALL : TRACER_RETURN);
        wrong += i && e[i].tsc < e[i - 1].tsc;
    }
    judged("%u events, %u wrong; outermost call %u ticks, innermost %u",
           tracer_cpus[0].events, wrong, e[7].ticks, e[4].ticks);
    return verdict(same && !wrong && e[7].ticks >= e[4].ticks);
}

static const struct check trace_checks[] = {
    {"every function begins with one NOP", check_entries},
    {"an entry that is off costs one instruction", check_price_off},
    {"counts are exact, and end with the trace", check_counts},
    {"patterns match what they should", check_globs},
    {"a filter selects functions", check_filter},
    {"every call and return is an event, in order", check_events},
    {"recursion is counted and does not loop", trace_check_recursion},
    {"calls too deep to time are counted all the same", trace_check_deep},
    {"a call that ends in another is timed", trace_check_tail},
    {"a function that returns a structure is timed", trace_check_structure},
    {"a caught fault throws the calls in it away", trace_check_fault},
    {"every register and flag is preserved", trace_check_registers},
    {"an interrupt after every instruction changes nothing",
     trace_check_interrupts},
    {"all functions at once: three syncs there, three back", trace_check_all},
    {"on and off, over and over, while the kernel works", trace_check_cycles},
    {"every CPU's calls are counted", trace_check_cpus},
    {"threads that migrate go on while all is turned on and off",
     trace_check_threads},
    {"undo all ends a trace, and the next one works", trace_check_undo},
    {"an entry that somebody else has is left alone", trace_check_foreign},
    {"a trace that a stuck CPU keeps from its end is on", trace_check_stuck},
};
CHECK_SUITE(trace, trace_checks);
