// SPDX-License-Identifier: MIT
// The events of all CPUs, told in the order of time, and one call drawn with
// all that it called.
//
//   clock_us()              1204 ns    a call in which nothing was called
//   kprintf() {                        one in which something was
//     console_write() {
//       serial_putc()          310 ns
//     }       522 ns                   its return
//   }      2114 ns
//
// The form is that of Linux's function_graph tracer.
#include "kernel/clock.h"
#include "kernel/printf.h"
#include "kernel/symbols.h"
#include "smc/patch/trace/trace.h"
#include "smc/patch/trace/tracer.h"
#include <stddef.h>

enum { INDENT = 2 };

static const char *name_of(const struct tracer_event *e)
{
    uint32_t offset;
    const char *name = symbol_name(tracer_entries[e->function], &offset);
    return name ? name : "?";
}

static void print_ns(uint32_t ticks)
{
    uint32_t khz = clock_tsc_khz();
    kprintf(" %9llu ns", u64_div((uint64_t)ticks * 1000000, khz ? khz : 1));
}

static uint32_t kept(const struct tracer_cpu *cpu)
{
    return cpu->events < TRACER_RING ? cpu->events : TRACER_RING;
}

// Event `back` of a CPU, the newest being 0.
static const struct tracer_event *event_of(const struct tracer_cpu *cpu,
                                           uint32_t back)
{
    return &cpu->ring[(cpu->events - 1 - back) % TRACER_RING];
}

static void print_event(const struct tracer_event *e, unsigned cpu)
{
    kprintf("  %10llu us cpu%u thread %-3u %*s%s%s", clock_us_at(e->tsc), cpu,
            e->thread, INDENT * e->depth, "",
            e->kind == TRACER_CALL ? "" : "} ", name_of(e));
    if (e->kind == TRACER_RETURN)
        print_ns(e->ticks);
    kprintf("\n");
}

// The CPU whose oldest event not shown yet is the oldest of all. `back` counts
// for each CPU how many are still to be shown.
static int oldest(const uint32_t *back)
{
    int best = -1;
    uint64_t time = UINT64_MAX;
    for (int c = 0; c < TRACER_CPUS; c++)
        if (back[c] && event_of(&tracer_cpus[c], back[c] - 1)->tsc < time) {
            time = event_of(&tracer_cpus[c], back[c] - 1)->tsc;
            best = c;
        }
    return best;
}

void trace_show(uint32_t count)
{
    uint32_t back[TRACER_CPUS], all = 0;
    tracer_frozen = true;
    for (int c = 0; c < TRACER_CPUS; c++)
        all += back[c] = kept(&tracer_cpus[c]);
    for (int c; (c = oldest(back)) >= 0; all--) {
        back[c]--;
        if (all <= count)
            print_event(event_of(&tracer_cpus[c], back[c]), (unsigned)c);
    }
    tracer_frozen = false;
}

// A call of the thread in which nothing else was called: its return comes
// next.
static bool is_leaf(const struct tracer_cpu *cpu, uint32_t back,
                    const struct tracer_event *call)
{
    while (back-- > 0) {
        const struct tracer_event *e = event_of(cpu, back);
        if (e->thread == call->thread)
            return e->kind == TRACER_RETURN && e->depth == call->depth;
    }
    return false;
}

// From event `from` down to event `to`, those of one thread. Calls that were
// thrown away by a fault have no return, so a return may close several.
static void draw(const struct tracer_cpu *cpu, uint32_t from, uint32_t to)
{
    const struct tracer_event *first = event_of(cpu, from);
    bool leaf = false;
    for (uint32_t back = from + 1; back-- > to;) {
        const struct tracer_event *e = event_of(cpu, back);
        if (e->thread != first->thread)
            continue;
        int indent = INDENT * (e->depth - first->depth + 1);
        if (e->kind == TRACER_CALL) {
            leaf = is_leaf(cpu, back, e);
            kprintf("%*s%s()%s", indent, "", name_of(e), leaf ? "" : " {\n");
        } else {
            kprintf(leaf ? "%*s" : "%*s}", leaf ? 1 : indent, "");
            print_ns(e->ticks);
            kprintf("\n");
            leaf = false;
        }
    }
}

// The call that a return belongs to: the newest before it of that function, in
// that thread, at that depth.
static bool find_call(const struct tracer_cpu *cpu, uint32_t back,
                      uint32_t *call)
{
    const struct tracer_event *ret = event_of(cpu, back);
    for (uint32_t i = back + 1; i < kept(cpu); i++) {
        const struct tracer_event *e = event_of(cpu, i);
        if (e->thread == ret->thread && e->depth == ret->depth &&
            e->function == ret->function && e->kind == TRACER_CALL) {
            *call = i;
            return true;
        }
    }
    return false;
}

// A thread that migrates leaves its call in one ring and its return in
// another: such calls are not found.
bool trace_graph(const void *function)
{
    for (int c = 0; c < TRACER_CPUS; c++)
        for (uint32_t i = 0; i < kept(&tracer_cpus[c]); i++) {
            const struct tracer_event *e = event_of(&tracer_cpus[c], i);
            uint32_t call;
            if (e->kind == TRACER_RETURN &&
                tracer_entries[e->function] == function &&
                find_call(&tracer_cpus[c], i, &call)) {
                kprintf("cpu%d, thread %u:\n", c, e->thread);
                draw(&tracer_cpus[c], call, i);
                return true;
            }
        }
    return false;
}
