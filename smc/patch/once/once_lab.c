// SPDX-License-Identifier: MIT
// Lab `once`: watch a check disappear and weigh the gain.
#include "kernel/bench.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/step.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/patch/once/once_subject.h"

// Everything said is read from memory, the journal or the step counter at the
// time it is said.
static void demo(void)
{
    const struct once_site *s = once_subject_fresh();
    char where[64];
    size_t len = once_site_len(s);
    tell("A once-only block sits at %s.",
         symbol_format(where, sizeof where, s->site));
    tell_code("before", s->site, len);
    tell("First call: the block runs, then the door overwrites the jump.");
    once_subject(NULL);
    tell_code("after", s->site, len);
    once_subject(NULL);
    tell("Second call: the block ran %u time in all.", once_runs);
    if (cpu.trap_flag)
        tell("It takes %u instructions; an empty function takes %u.",
             step_count(once_subject, NULL), step_count(once_baseline, NULL));
    tell("The journal has it:");
    const struct journal_entry *entry = journal_overlap(s->site, len,
                                                        UINT32_MAX);
    if (entry)
        journal_print(entry);
    tell("These blocks of the kernel itself went the same way:");
    for (s = once_sites_start; s < once_sites_end; s++)
        if (strncmp(s->once->name, "lab_", 4) != 0)
            tell_bytes(s->once->state == ONCE_DONE ? "done" : "armed", s->site,
                       once_site_len(s), s->once->name);
}

// The way everybody does it. Read through volatile: the compiler would
// otherwise be free to know the answer in a loop.
static bool flag_done;

static __attribute__((noinline)) void by_flag(void *arg)
{
    (void)arg;
    if (!*(volatile bool *)&flag_done) {
        flag_done = true;
        once_runs++;
    }
}

// The way without a question and without modified code: the first call swaps
// the pointer to an empty function. The price is an indirect jump.
static void (*volatile by_pointer)(void *);

static void pointer_empty(void *arg)
{
    (void)arg;
}

static void pointer_first(void *arg)
{
    (void)arg;
    once_runs++;
    by_pointer = pointer_empty;
}

static __attribute__((noinline)) void through_pointer(void *arg)
{
    by_pointer(arg);
}

// Setups include the first pass: what is compared is a done initialiser. For
// ONCE the setup holds the patch, and break-even tells when it is paid back.
static void arm_flag(void *arg)
{
    flag_done = false;
    by_flag(arg);
}

static void arm_pointer(void *arg)
{
    by_pointer = pointer_first;
    through_pointer(arg);
}

static void arm_once(void *arg)
{
    once_subject_fresh();
    once_subject(arg);
}

// The naive way: the slow path for ever, as after an undo.
static void arm_slow(void *arg)
{
    arm_once(arg);
    const struct once_site *s = once_site_of("lab_subject");
    const struct journal_entry *entry = journal_overlap(
        s->site, once_site_len(s), UINT32_MAX);
    text_undo(entry ? entry->number : 0);
}

static void bench(void)
{
    const struct once_site *s = once_site_of("lab_subject");
    const struct bench_way ways[] = {
        {"flag: cmpb; je", arm_flag, by_flag, NULL, 9},
        {"function pointer, swapped", arm_pointer, through_pointer, NULL, 6},
        {"ONCE, never patched", arm_slow, once_subject, NULL,
         once_site_len(s)},
        {"ONCE, patched to a NOP", arm_once, once_subject, NULL,
         once_site_len(s)},
    };
    bench_begin("once", "one pass over a done initialiser");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10000);
    bench_end("setup is the first pass with the block itself; for ONCE it "
              "holds re-arming and one patch");
}

LAB(once, "an initialiser's check becomes a NOP after the first run",
    "smc/patch/once/once.h", demo, bench);

// One line for each site, not for each block: inlined copies show up here.
static int run_once(int argc, char **argv)
{
    // In the order of enum once_state.
    static const char *const states[] = {"armed", "running", "complete",
                                         "done"};
    char where[64], bytes[16];
    (void)argc;
    (void)argv;
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        kprintf("  %-18s %-8s tries %-3u %-24s %s\n", s->once->name,
                states[s->once->state], s->once->tries,
                symbol_format(where, sizeof where, s->site),
                hex_bytes(bytes, sizeof bytes, s->site, once_site_len(s)));
    return 0;
}
COMMAND(once, "", "every once-only block and its site", run_once);
