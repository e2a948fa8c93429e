// SPDX-License-Identifier: MIT
// Suite `poke_smp`: the same site, executed by others while it changes. What
// needs a second CPU is skipped on a machine with one.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "smc/door/sync.h"
#include "smc/patch/poke/poke_check.h"
#include "smc/patch/poke/poke_stress.h"

static char words[128];

unsigned poke_other_cpu(void)
{
    unsigned other = CPU_MAX - 1;
    while (other && !cpu_is_online(other))
        other--;
    return other;
}

enum check_result poke_alone(void)
{
    judged("there is one CPU");
    return CHECK_SKIP;
}

// At every stage ------------------------------------------------------------

static int old_answer, new_answer;
static volatile int answer;
static volatile bool answered;
static uint32_t cells, wrong;

static void answer_call(void *arg)
{
    (void)arg;
    answer = poke_five();
}

static void answer_nmi(struct trap_frame *frame)
{
    (void)frame;
    answer = poke_five();
    answered = true;
}

static void judge_cell(enum poke_stage stage)
{
    cells++;
    wrong += answer != (stage == POKE_PUBLISHED ? old_answer : new_answer);
}

static void run_elsewhere(enum poke_stage stage)
{
    cpu_call(poke_other_cpu(), answer_call, NULL);
    judge_cell(stage);
    answered = false;
    cpu_send_nmi(poke_other_cpu());
    while (!answered)
        cpus_answer();
    judge_cell(stage);
}

// An interrupt handler on the other CPU, and an NMI there, whose breakpoint
// ends the NMI's privacy: IRET lets the next one in. NOP to CALL and back
// through a JMP, since a CALL is what needs the gap.
static enum check_result check_stages(void)
{
    static const int forms[] = {2, 3, 1, 0};
    uint8_t bytes[POKE_MAX];
    uint32_t good = 0;
    if (!poke_other_cpu())
        return poke_alone();
    cells = wrong = 0;
    new_answer = poke_answers[0];
    poke_over(poke_five_site, poke_nop(5), 5);
    nmi_set_hook(answer_nmi);
    poke_observe(run_elsewhere);
    for (unsigned i = 0; i < 4; i++) {
        old_answer = new_answer;
        new_answer = poke_answers[forms[i]];
        poke_make_form(bytes, forms[i]);
        good += poke_over(poke_five_site, bytes, 5).reason == TEXT_OK;
    }
    poke_observe(NULL);
    nmi_set_hook(NULL);
    judged(
        "%u pokes, %u answers of the last CPU from an interrupt and from an "
        "NMI, after each store and wait: %u neither old nor new",
        good, cells, wrong);
    return verdict(good == 4 && !wrong && cells == 4 * 2 * 12);
}

// Interrupts -----------------------------------------------------------------

static enum check_result check_interrupts_off(void)
{
    uint8_t jmp[POKE_MAX];
    if (!poke_other_cpu())
        return poke_alone();
    poke_make_form(jmp, 1);
    bool on = interrupts_off();
    struct text_result r = poke_over(poke_five_site, jmp, 5);
    interrupts_restore(on);
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_INTERRUPTS && poke_five() == 1);
}

// Together -------------------------------------------------------------------

// Two threads, each with a site of its own, through one lock.
static void flip_one(void *arg)
{
    uint32_t *good = arg;
    for (int i = 0; i < 100; i++)
        *good += poke_over(poke_one_site, i % 2 ? "\x90" : "\xc3", 1).reason ==
                 TEXT_OK;
}

static enum check_result check_two_pokers(void)
{
    uint8_t bytes[POKE_MAX];
    uint32_t here = 0, there = 0;
    if (!poke_other_cpu())
        return poke_alone();
    struct kthread *thread = kthread_start("poker", flip_one, &there,
                                           (int)poke_other_cpu());
    for (int i = 0; i < 100; i++) {
        poke_make_form(bytes, i % 2 ? 0 : 1);
        here += poke_over(poke_five_site, bytes, 5).reason == TEXT_OK;
    }
    kthread_join(thread);
    judged("100 pokes each by two CPUs at once: %u and %u were made", here,
           there);
    return verdict(here == 100 && there == 100 && poke_five() == 1 &&
                   poke_one() == 1);
}

// A CPU that wants to leave, or to come, in the middle of a poke. Coming takes
// 10 ms and more: it has its time for it at every step.
enum { COMING_US = 50000 };
static struct kthread *mover;
static bool moved_early, coming;
static unsigned moving;
static const char *move_fault;

static void move(void *arg)
{
    (void)arg;
    move_fault = coming ? cpu_bring_up(moving) : cpu_take_down(moving);
}

static void ask_to_move(enum poke_stage stage)
{
    uint64_t start = clock_us();
    if (stage == POKE_PUBLISHED)
        mover = kthread_start("mover", move, NULL, 0);
    if (stage == POKE_DONE)
        return;
    do
        kthread_yield();
    while (clock_us() - start < COMING_US && cpu_is_online(moving) != coming);
    moved_early |= cpu_is_online(moving) == coming;
}

// A poke during which CPU `moving` asks to leave or to come. True if it was
// made, and the CPU has moved, but not before the end.
static bool poke_and_move(const uint8_t *bytes, bool comes)
{
    coming = comes;
    moved_early = false;
    poke_observe(ask_to_move);
    struct text_result r = poke_over(poke_five_site, bytes, 5);
    poke_observe(NULL);
    kthread_join(mover);
    return r.reason == TEXT_OK && !moved_early && !move_fault &&
           cpu_is_online(moving) == coming;
}

static enum check_result check_leaves(void)
{
    uint8_t jmp[POKE_MAX];
    moving = poke_other_cpu();
    if (!moving)
        return poke_alone();
    poke_make_form(jmp, 1);
    bool late = poke_and_move(jmp, false), early = moved_early;
    struct text_result without = poke_over(poke_five_site, poke_nop(5), 5);
    const char *fault = cpu_bring_up(moving);
    judged(
        "CPU %u asked to leave at the first step and left %s; poked without "
        "it; %s",
        moving, early ? "IN THE MIDDLE" : "after the last",
        fault ? fault : "it is back");
    return verdict(late && !fault && without.reason == TEXT_OK);
}

// What it would execute first, nobody has made it wait for.
static enum check_result check_comes(void)
{
    uint8_t jmp[POKE_MAX];
    moving = poke_other_cpu();
    if (!moving)
        return poke_alone();
    const char *fault = cpu_take_down(moving);
    poke_make_form(jmp, 1);
    bool late = poke_and_move(jmp, true), early = moved_early;
    poke_over(poke_five_site, poke_nop(5), 5);
    judged("CPU %u was started at the first step and came %s", moving,
           early ? "IN THE MIDDLE" : "after the last");
    return verdict(late && !fault);
}

// The undo of a site that others may be executing waits for them, too.
static enum check_result check_undo(void)
{
    uint8_t jmp[POKE_MAX];
    if (!poke_other_cpu())
        return poke_alone();
    poke_make_form(jmp, 1);
    struct text_result r = poke_over(poke_five_site, jmp, 5);
    uint32_t syncs = sync_count();
    struct text_result undone = text_undo(r.entry);
    syncs = sync_count() - syncs;
    judged("#%u undone by #%u with %u waits", r.entry, undone.entry, syncs);
    return verdict(undone.reason == TEXT_OK && syncs == 3 && poke_five() == 1);
}

// The timer, NMIs and a thread that migrates; `stress` does more of it. On one
// CPU the executor is let in by the timer.
static enum check_result check_stress(void)
{
    poke_over(poke_five_site, poke_nop(5), 5);
    uint64_t hash = text_hash();
    struct poke_stress s = poke_stress(poke_other_cpu() ? 300 : 1000, 10000, 8,
                                       true);
    judged("%u flips, %llu executions by %u threads, %u in NMIs: %u illegal, "
           "%u lost",
           s.flips, s.executions, s.threads, s.nmis, s.illegal, s.lost);
    return verdict(!s.refused && !s.illegal && !s.lost && s.threads &&
                   s.executions >= 10000 && hash == text_hash());
}

static const struct check checks[] = {
    {"old or new from another CPU, at every step", check_stages},
    {"interrupts off with others online", check_interrupts_off},
    {"a stuck CPU is named, nothing is written", poke_check_stuck_early},
    {"a CPU that gets stuck later is kept out", poke_check_stuck_late},
    {"memory that is given up ends its unfinished poke",
     poke_check_stuck_given_up},
    {"memory that is kept keeps its unfinished poke", poke_check_stuck_kept},
    {"the batch outlives its last reader", poke_check_reader},
    {"two CPUs poke at once", check_two_pokers},
    {"no CPU leaves during a poke", check_leaves},
    {"no CPU comes during a poke", check_comes},
    {"an undo waits as well", check_undo},
    {"what is written over an unfinished poke stays",
     poke_check_stuck_written},
    {"every execution is legal", check_stress},
};
CHECK_SUITE(poke_smp, checks);
