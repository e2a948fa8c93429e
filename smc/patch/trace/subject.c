// SPDX-License-Identifier: MIT
// The subjects: functions of every kind that a tracer stumbles over.
#include "smc/patch/trace/subject.h"
#include "smc/patch/trace/back.h"

// One function each, with one entry: not inlined, not cloned for a caller.
#ifdef __clang__
#define SUBJECT __attribute__((noinline))
#else
#define SUBJECT __attribute__((noipa))
#endif

/* Patch site trace_subject (one of all functions)
 * before: 66 66 66 66 90, one NOP
 * after:  e8 rel32, CALL tracer_entry
 * who:    trace_set, in one batch with all others
 * safe:   one instruction becomes one instruction of the same length, by the
 *         INT3 protocol; tracer_entry preserves every register and flag
 * without it: a counter in every function, for ever
 */
SUBJECT void trace_subject(void *arg)
{
    (void)arg;
    __asm__ volatile("");
}

SUBJECT __attribute__((patchable_function_entry(0))) void
trace_subject_bare(void *arg)
{
    (void)arg;
    __asm__ volatile("");
}

// Without optimisation a compiler stores and loads the arguments it ignores.
__attribute__((naked)) void trace_untouched(void)
{
    __asm__("ret");
}

SUBJECT uint32_t trace_recursive(uint32_t n)
{
    uint32_t rest = n ? trace_recursive(n - 1) : 0;
    __asm__ volatile("" : "+r"(rest)); // or it would become a loop
    return n + rest;
}

static SUBJECT void twice(void)
{
    __asm__ volatile("");
}

// The last call is a jump: the callee finds the caller's return address, which
// the tracer has replaced already.
SUBJECT void trace_tree(void *arg)
{
    twice();
    trace_recursive(2);
    twice();
    trace_subject(arg);
}

SUBJECT void trace_faulty_inner(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

SUBJECT void trace_faulty(void *arg)
{
    trace_faulty_inner(arg);
    __asm__ volatile(""); // not a jump, then
}

SUBJECT struct trace_words trace_structure(uint32_t n)
{
    return (struct trace_words){{n, n + 1, n + 2, n + 3}};
}
