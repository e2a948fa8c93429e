// SPDX-License-Identifier: MIT
// Lab `trace`: watch every function of the kernel become traced, draw a call,
// and weigh a call of the tracer against a breakpoint.
#include "kernel/bench.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/step.h"
#include "kernel/trap.h"
#include "smc/door/sync.h"
#include "smc/patch/trace/back.h"
#include "smc/patch/trace/subject.h"
#include "smc/patch/trace/trace.h"
#include "smc/patch/trace/tracer.h"

static bool turn(const char *filter)
{
    char text[160];
    struct text_result r;
    if (trace_set(filter, &r))
        return true;
    tell("refused: %s", text_explain(text, sizeof text, &r));
    return false;
}

static void demo(void)
{
    uint64_t hash = text_hash();
    tell("Every function begins with one NOP. This is one of them:");
    tell_code("off", (const void *)trace_subject, ENTRY_LEN);
    uint32_t syncs = sync_count();
    if (!turn("*"))
        return;
    syncs = sync_count() - syncs;
    bool on = interrupts_off();
    trace_tree(NULL);
    interrupts_restore(on);
    struct trace_state state = trace_state();
    turn("");
    tell(
        "All at once: %u of %u functions, written in one batch with %u syncs.",
        state.traced, state.functions, syncs);
    if (!turn("trace_subject trace_tree trace_recursive twice"))
        return;
    tell_code("on", (const void *)trace_subject, ENTRY_LEN);
    on = interrupts_off();
    trace_tree(NULL);
    interrupts_restore(on);
    turn("");
    tell("One call, with the calls in it:");
    trace_graph((const void *)trace_tree);
    tell("Off again, the text hash is %s.",
         text_hash() == hash ? "what it was" : "ANOTHER");
    if (cpu.trap_flag)
        tell("An entry that is off takes %u instruction.",
             step_count(trace_subject, NULL) -
                 step_count(trace_subject_bare, NULL));
}

// The way without modified code: a counter in the source, that a flag turns on
// and off. Read through volatile, as elsewhere.
static volatile bool counting;
static volatile uint32_t counted;

static notrace __attribute__((noinline)) void by_flag(void *arg)
{
    (void)arg;
    if (counting)
        counted++;
}

// The smallest probe there is: a breakpoint at the entry, and a handler that
// counts and goes on behind the instruction that was there, a NOP.
static void on_breakpoint(struct trap_frame *frame)
{
    counted++;
    frame->eip = (uint32_t)trace_subject + ENTRY_LEN;
}

static uint8_t *const entry = (uint8_t *)trace_subject;
static const uint8_t int3 = 0xcc;

static void probe(void *arg)
{
    (void)arg;
    trap_set_handler(3, on_breakpoint);
    text_write(entry, entry_nop, &int3, 1, "trace-probe");
}

static void unprobe(void)
{
    text_write(entry, &int3, entry_nop, 1, "trace-probe");
    trap_set_handler(3, NULL);
}

static void stop_counting(void *arg)
{
    (void)arg;
    counting = false;
}

static void start_counting(void *arg)
{
    (void)arg;
    counting = true;
}

// A caller, so that the called function's entry is not what the bench takes
// off for its own empty function, which has one too.
static void call(void *arg)
{
    void (*const *function)(void *) = arg;
    (*function)(arg);
    __asm__ volatile(""); // not a jump
}

static void (*const bare)(void *) = trace_subject_bare;
static void (*const flagged)(void *) = by_flag;
static void (*const subject)(void *) = trace_subject;

static void row(const char *name, void (*setup)(void *),
                void (*const *function)(void *), uint32_t bytes)
{
    const struct bench_way way = {name, setup, call, (void *)function, bytes};
    bench_way(&way, 1000);
}

static void bench(void)
{
    bench_begin("trace", "a call of a function that does nothing");
    row("no entry at all", NULL, &bare, 0);
    row("flag in the source, off", stop_counting, &flagged, 9);
    row("entry, off: a NOP", NULL, &subject, ENTRY_LEN);
    row("flag in the source, on", start_counting, &flagged, 15);
    trace_set_timing(false);
    if (turn("trace_subject"))
        row("entry, on: counted", NULL, &subject, ENTRY_LEN);
    trace_set_timing(true);
    row("entry, on: counted and timed", NULL, &subject, ENTRY_LEN);
    turn("");
    row("INT3 at the entry: counted", probe, &subject, 1);
    unprobe();
    bench_end("in instructions a breakpoint is not dear; in time it is: "
              "make time");
}

LAB(trace, "every function's entry becomes a call of the tracer, and back",
    "smc/patch/trace/trace.h", demo, bench);
