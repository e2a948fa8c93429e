// SPDX-License-Identifier: MIT
// The shell's command `trace`.
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/patch/trace/trace.h"
#include "smc/patch/trace/tracer.h"

enum { MOST = 20, WORDS_MAX = 256 };

// The words from argv[2] on, with blanks between: the filter.
static const char *rest(int argc, char **argv, char *out)
{
    *out = 0;
    for (int i = 2; i < argc; i++) {
        size_t used = strlen(out);
        ksnprintf(out + used, WORDS_MAX - used, "%s%s", used ? " " : "",
                  argv[i]);
    }
    return out;
}

static int set(const char *filter)
{
    char text[160];
    struct text_result r;
    if (!trace_set(filter, &r)) {
        kprintf("trace: %s\n", r.entry ? text_explain(text, sizeof text, &r)
                                       : "no memory, or a filter too long");
        return 1;
    }
    struct trace_state state = trace_state();
    if (*filter && !state.traced && !state.foreign) {
        kprintf("trace: no function matches %s\n", filter);
        return 1;
    }
    kprintf("%u of %u functions traced", state.traced, state.functions);
    if (state.foreign)
        kprintf("; %u left alone: somebody else has their entries",
                state.foreign);
    kprintf("\n");
    return 0;
}

// The next most often called function after `above`, in the order of counts,
// then of addresses: a table without an array to sort.
static bool next_most(uint32_t *index, uint64_t *calls)
{
    uint32_t best = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; i < tracer_count; i++) {
        uint64_t n = trace_sum(tracer_entries[i]).calls;
        bool below = n < *calls || (n == *calls && i > *index);
        if (below && n > most) {
            most = n;
            best = i;
        }
    }
    *index = best;
    *calls = most;
    return most != 0;
}

static void print_totals(void)
{
    uint32_t missed = 0, untimed = 0, lost = 0;
    uint64_t events = 0;
    for (unsigned c = 0; c < TRACER_CPUS; c++) {
        missed += tracer_cpus[c].missed;
        untimed += tracer_cpus[c].untimed;
        lost += tracer_cpus[c].lost;
        events += tracer_cpus[c].events;
    }
    kprintf("%llu calls; %llu events, the newest %u of each CPU kept\n",
            trace_sum(NULL).calls, events, TRACER_RING);
    kprintf("%u calls missed in NMIs and debug traps, %u too deep to time, %u "
            "ended without "
            "returning\n",
            missed, untimed, lost);
}

static int status(void)
{
    struct trace_state state = trace_state();
    char where[64];
    uint32_t index = UINT32_MAX;
    uint64_t calls = UINT64_MAX;
    kprintf("%u of %u functions traced, filter \"%s\"; returns %s\n",
            state.traced, state.functions, state.filter,
            tracer_timing ? "timed" : "not caught");
    print_totals();
    for (int i = 0; i < MOST && next_most(&index, &calls); i++) {
        uint64_t ticks = trace_sum(tracer_entries[index]).ticks;
        uint32_t khz = clock_tsc_khz();
        kprintf("  %10llu  %10llu us  %s\n", calls,
                u64_div(ticks * 1000, khz ? khz : 1),
                symbol_format(where, sizeof where, tracer_entries[index]));
    }
    return 0;
}

static int show(const char *word)
{
    uint32_t count = 20;
    if (word && !parse_u32(word, &count))
        return command_usage("trace");
    trace_show(count);
    return 0;
}

static int graph(const char *name)
{
    const void *function = symbol_find(name);
    if (!function) {
        kprintf("trace: no function is called %s\n", name);
        return 1;
    }
    tracer_frozen = true;
    bool found = trace_graph(function);
    tracer_frozen = false;
    if (found)
        return 0;
    kprintf("trace: no complete call of %s is among the events\n", name);
    return 1;
}

static int run_trace(int argc, char **argv)
{
    char words[WORDS_MAX];
    const char *what = argc > 1 ? argv[1] : "";
    if (!trace_open()) {
        kprintf("trace: no memory\n");
        return 1;
    }
    if (argc == 1)
        return status();
    if (strcmp(what, "on") == 0)
        return set(argc > 2 ? rest(argc, argv, words) : "*");
    if (strcmp(what, "off") == 0 && argc == 2)
        return set("");
    if (strcmp(what, "show") == 0 && argc <= 3)
        return show(argc == 3 ? argv[2] : NULL);
    if (strcmp(what, "graph") == 0 && argc == 3)
        return graph(argv[2]);
    if (strcmp(what, "times") == 0 && argc == 3 &&
        (strcmp(argv[2], "on") == 0 || strcmp(argv[2], "off") == 0)) {
        trace_set_timing(strcmp(argv[2], "on") == 0);
        return 0;
    }
    return command_usage("trace");
}
COMMAND(trace, "[on [FILTER...]|off|show [N]|graph FUNCTION|times on|off]",
        "count and time the kernel's own functions", run_trace);
