// SPDX-License-Identifier: MIT
// One table for all benches.
//
// What the time stamp counter counts depends on the machine: instructions
// under `-icount shift=0` and in Bochs, time elsewhere. A loop of known
// length tells: if it takes exactly its number of instructions, twice, then
// the unit is instructions. Otherwise the figures are noisy and say so.
#include "kernel/bench.h"
#include "kernel/cpu.h"
#include "kernel/printf.h"
#include "smc/door/journal.h"
#include "smc/patch/alternative/ordered.h"
#include <stddef.h>

enum { RUNS = 5, PROBE_LOOPS = 1000 };

// The table in progress: between bench_begin and bench_end there is one. The
// first row's figures are kept for break-even; first_op is in tenths.
static bool counts;
static bool have_first;
static uint64_t first_setup, first_op;

// One site for all: it is patched at boot, and the journal has a line for
// each. What the call costs is in every figure alike, and is subtracted with
// it.
static __attribute__((noinline)) uint64_t counter(void)
{
    return rdtsc_ordered();
}

// Never inlined: the same instructions must surround the loop every time.
static __attribute__((noinline)) uint32_t probe(uint32_t loops)
{
    uint64_t begin = counter();
    __asm__ volatile("1: dec %0; jnz 1b" : "+r"(loops) : : "cc");
    return (uint32_t)(counter() - begin);
}

// The difference of two lengths cancels what RDTSC and the call cost: exactly
// PROBE_LOOPS more iterations of two instructions. Repeating the longer one
// rules out a clock that happens to agree once.
bool bench_counts_instructions(void)
{
    bool on = interrupts_off();
    uint32_t once = probe(PROBE_LOOPS), twice = probe(2 * PROBE_LOOPS);
    uint32_t again = probe(2 * PROBE_LOOPS);
    interrupts_restore(on);
    return twice == again && twice - once == 2 * PROBE_LOOPS;
}

// The empty operation: measured like the others and subtracted.
static void nothing(void *arg)
{
    (void)arg;
}

static uint64_t measure(void (*run)(void *), void *arg, uint32_t ops)
{
    uint64_t begin = counter();
    for (uint32_t i = 0; i < ops; i++)
        run(arg);
    return counter() - begin;
}

// Insertion sort: RUNS is 5.
static void sort(uint64_t *v, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && v[k] < v[k - 1]; k--) {
            uint64_t t = v[k];
            v[k] = v[k - 1];
            v[k - 1] = t;
        }
}

// Not the mean: one run that the host interrupted would spoil it.
static uint64_t median(void (*run)(void *), void *arg, uint32_t ops)
{
    uint64_t v[RUNS];
    for (int i = 0; i < RUNS; i++)
        v[i] = measure(run, arg, ops);
    sort(v, RUNS);
    return v[RUNS / 2];
}

// The minimum, because disturbance only adds. Both loops run alternately, so
// that they meet the same conditions.
uint32_t bench_once(void (*run)(void *arg), void *arg)
{
    uint64_t best = UINT64_MAX, empty = UINT64_MAX;
    bool on = interrupts_off();
    for (int i = 0; i < RUNS; i++) {
        uint64_t t = measure(run, arg, 1), e = measure(nothing, NULL, 1);
        best = t < best ? t : best;
        empty = e < empty ? e : empty;
    }
    interrupts_restore(on);
    return best > empty ? (uint32_t)(best - empty) : 0;
}

static const char *unit(void)
{
    return counts ? "instructions (exact)" : "TSC ticks (time, noisy)";
}

void bench_begin(const char *lab, const char *title)
{
    counts = bench_counts_instructions();
    have_first = false;
    kprintf("bench %s: %s; in %s, median of %d runs\n", lab, title, unit(),
            RUNS);
    kprintf("  %-34s %10s %12s %7s %7s %11s\n", "way", "setup", "per op",
            "bytes", "writes", "break-even");
}

// Tenths, so that a mean over many operations keeps one digit.
static void print_tenths(uint64_t tenths, int width)
{
    uint64_t whole = tenths;
    uint32_t rest = u64_divmod(&whole, 10);
    kprintf(" %*llu.%u", width - 2, whole, rest);
}

// The number of operations from which setup + n * op is below the first
// row's: the smallest n with n * (first_op - op) > setup - first_setup.
static void print_break_even(uint64_t setup, uint64_t op)
{
    if (!have_first)
        kprintf(" %11s\n", "-");
    // Dearer at both is never; cheaper at both is at once; cheaper setup but
    // dearer operations pay only while there are few of them.
    else if (op >= first_op && setup >= first_setup)
        kprintf(" %11s\n", "never");
    else if (op < first_op && setup <= first_setup)
        kprintf(" %11s\n", "at once");
    else if (op >= first_op)
        kprintf(" %11s\n", "only once");
    else
        kprintf(" %11llu\n", u64_div((setup - first_setup) * 10,
                                     (uint32_t)(first_op - op)) +
                                 1);
}

void bench_way(const struct bench_way *way, uint32_t ops)
{
    bool on = interrupts_off();
    // Setup can be measured only once, since it changes what it works on. All
    // figures first, printing later: output takes longer than the work.
    uint64_t setup = way->setup ? measure(way->setup, way->arg, 1) : 0;
    uint32_t before = journal_writes();
    uint64_t total = median(way->run, way->arg, ops);
    uint32_t writes = journal_writes() - before;
    uint64_t empty = median(nothing, NULL, ops);
    interrupts_restore(on);

    total = total > empty ? total - empty : 0;
    // Tenths of the unit, the mean over ops within the median run.
    uint64_t op = u64_div(total * 10, ops);
    kprintf("  %-34s %10llu", way->name, setup);
    print_tenths(op, 12);
    kprintf(" %7u", way->bytes);
    print_tenths(u64_div((uint64_t)writes * 10, ops * RUNS), 7);
    print_break_even(setup, op);
    if (!have_first) {
        have_first = true;
        first_setup = setup;
        first_op = op;
    }
}

void bench_end(const char *note)
{
    kprintf("  %s\n", note);
    if (!counts)
        kprintf("  exact counts: make bench (QEMU -icount shift=0)\n");
}
