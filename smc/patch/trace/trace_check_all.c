// SPDX-License-Identifier: MIT
// Suite `trace`, continued: every function of the kernel at once.
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/kthread.h"
#include "kernel/paging.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/patch/trace/check.h"

enum { CYCLES = 8, MOVES = 4, POKES = 32000, CALLS = 1000, THREADS = 6 };

// More functions than one batch holds would be two batches, and for a moment
// half of them traced.
enum check_result trace_check_all(void)
{
    uint64_t hash = text_hash();
    uint32_t syncs = sync_count();
    if (!trace_check_on("*"))
        return CHECK_FAIL;
    uint32_t there = sync_count() - syncs;
    struct trace_state state = trace_state();
    uint64_t during = text_hash();
    syncs = sync_count();
    bool same = trace_check_off(hash);
    uint32_t back = sync_count() - syncs;
    judged("%u of %u functions; %u syncs on, %u off; hash %016llx, %016llx, "
           "%s",
           state.traced, state.functions, there, back, hash, during,
           same ? "as before" : "CHANGED");
    return verdict(same && during != hash && there == 3 && back == 3 &&
                   state.traced + state.foreign == state.functions);
}

// What a command would do, without its output: the heap, page tables, text,
// symbols, a fault that is caught, and a tick of the timer.
static void work(void)
{
    char text[64];
    void *block = heap_alloc(5000);
    struct page_info info;
    paging_lookup(block, &info);
    heap_free(block);
    symbol_format(text, sizeof text, (const void *)trace_tree);
    trap_try(trace_faulty, NULL, NULL);
    wait_for_interrupt();
}

// Without optimisation there are twice as many functions. Each cycle pokes
// all of them twice; it is the pokes that count, and that take the time.
static uint32_t cycles(void)
{
    uint32_t wanted = POKES / (2 * trace_state().functions);
    return wanted < CYCLES ? wanted : CYCLES;
}

enum check_result trace_check_cycles(void)
{
    uint64_t hash = text_hash(), calls = 0;
    uint32_t changed = 0, count = cycles();
    for (uint32_t i = 0; i < count; i++) {
        if (!trace_check_on("*"))
            return CHECK_FAIL;
        work();
        changed += !trace_check_off(hash);
        calls += trace_sum(NULL).calls;
    }
    judged("%u cycles, text changed %u times, %llu calls", count, changed,
           calls);
    return verdict(!changed && count > 2 && calls > count * 20);
}

static void call_often(void *arg)
{
    for (int i = 0; i < CALLS; i++)
        trace_subject(arg);
}

// One thread on each CPU that is online. Without counters of their own, the
// CPUs would lose counts to each other.
enum check_result trace_check_cpus(void)
{
    uint64_t hash = text_hash();
    struct kthread *threads[CPU_MAX] = {0};
    uint32_t cpus = 0;
    if (!trace_check_on("trace_subject trace_tree"))
        return CHECK_FAIL;
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpu_is_online(i))
            threads[i] = kthread_start("caller", call_often, NULL, (int)i);
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (threads[i]) {
            kthread_join(threads[i]);
            cpus++;
        }
    bool same = trace_check_off(hash);
    uint64_t calls = trace_sum(trace_subject).calls;
    judged("%u CPUs, %u calls each, %llu counted", cpus, CALLS, calls);
    return verdict(same && cpus && calls == (uint64_t)CALLS * cpus);
}

// Calls of all kinds, with results; some turns end in the middle of them.
static volatile uint32_t rounds, wrong_results;

static void call_all_kinds(void *arg)
{
    while (!kthread_should_stop()) {
        uint32_t wrong = trace_recursive(20) != 210;
        wrong += trace_structure(3).word[3] != 6;
        wrong += trap_try(trace_faulty, NULL, NULL);
        trace_tree(arg);
        kthread_yield();
        __atomic_add_fetch(&wrong_results, wrong, __ATOMIC_RELAXED);
        __atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
    }
}

// More threads than CPUs, so that they take turns and move, each with its
// replaced return addresses on its stack.
enum check_result trace_check_threads(void)
{
    struct kthread *threads[THREADS];
    uint64_t hash = text_hash();
    uint32_t changed = 0, started = 0;
    rounds = wrong_results = 0;
    for (; started < THREADS; started++)
        if (!(threads[started] = kthread_start("calls", call_all_kinds, NULL,
                                               KTHREAD_ANY)))
            break;
    for (int i = 0; i < MOVES; i++) {
        if (!trace_check_on("*"))
            changed++;
        for (uint32_t until = rounds + 20; rounds < until;)
            kthread_yield();
        changed += !trace_check_off(hash);
    }
    for (uint32_t i = 0; i < started; i++)
        kthread_stop(threads[i]);
    judged("%u threads, %u rounds, %u wrong results; text changed %u times in "
           "%u cycles",
           started, rounds, wrong_results, changed, MOVES);
    return verdict(started == THREADS && !wrong_results && !changed);
}

// What the tracer believes is read from the bytes, so it cannot be wrong about
// them.
enum check_result trace_check_undo(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_subject trace_tree"))
        return CHECK_FAIL;
    uint32_t entry = 0, undone = 0;
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t *site = (const uint8_t *)(i ? trace_tree
                                                  : trace_subject);
        struct journal_entry *e = journal_overlap(site, ENTRY_LEN, UINT32_MAX);
        entry = e ? e->number : 0;
        undone += text_undo(entry).reason == TEXT_OK;
    }
    uint32_t left = trace_state().traced;
    bool again = trace_check_on("trace_subject");
    trace_subject(NULL);
    bool same = trace_check_off(hash);
    uint64_t calls = trace_sum(trace_subject).calls;
    judged("%u patches undone, %u functions traced then; on again: %llu call",
           undone, left, calls);
    return verdict(undone == 2 && !left && again && same && calls == 1);
}

// A jump in an entry is a function that was replaced as a whole.
enum check_result trace_check_foreign(void)
{
    uint64_t hash = text_hash();
    uint8_t jump[POKE_MAX];
    poke_branch(jump, 0xe9, (void *)trace_structure, (void *)trace_structure);
    struct text_result r = text_poke((void *)trace_structure, entry_nop, jump,
                                     ENTRY_LEN, "trace-chk");
    bool on = trace_check_on("trace_structure trace_subject");
    struct trace_state state = trace_state();
    trace_subject(NULL);
    bool kept = memcmp((void *)trace_structure, jump, ENTRY_LEN) == 0;
    trace_check_on("");
    text_poke((void *)trace_structure, jump, entry_nop, ENTRY_LEN,
              "trace-chk");
    judged("%u traced, %u left alone", state.traced, state.foreign);
    return verdict(r.reason == TEXT_OK && on && kept && state.traced == 1 &&
                   state.foreign == 1 && text_hash() == hash);
}
