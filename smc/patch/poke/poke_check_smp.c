// SPDX-License-Identifier: MIT
// Suite `poke_smp`: the same site, executed by others while it changes. What
// needs a second CPU is skipped on a machine with one.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/patch/poke/poke_check.h"
#include "smc/patch/poke/poke_stress.h"

static char words[128];

// The highest: CPU 0 is where the shell is.
static unsigned other_cpu(void)
{
    unsigned other = CPU_MAX - 1;
    while (other && !cpu_is_online(other))
        other--;
    return other;
}

static enum check_result alone(void)
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
    cpu_call(other_cpu(), answer_call, NULL);
    judge_cell(stage);
    answered = false;
    cpu_send_nmi(other_cpu());
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
    if (!other_cpu())
        return alone();
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
    if (!other_cpu())
        return alone();
    poke_make_form(jmp, 1);
    bool on = interrupts_off();
    struct text_result r = poke_over(poke_five_site, jmp, 5);
    interrupts_restore(on);
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_INTERRUPTS && poke_five() == 1);
}

// Stuck ----------------------------------------------------------------------

static volatile uint32_t answers_left;
static volatile bool stuck, let_go;

// Interrupts off, and so many answers; then none until it is let go.
static void be_stuck(void *arg)
{
    (void)arg;
    bool on = interrupts_off();
    uint32_t left = answers_left;
    stuck = true;
    while (!let_go) {
        if (left && sync_states[cpu_index()].answered != sync_asked) {
            sync_answer();
            left--;
        }
        tlb_answer();
    }
    interrupts_restore(on);
}

static struct kthread *stick(unsigned last, uint32_t answers)
{
    answers_left = answers;
    stuck = let_go = false;
    struct kthread *thread = kthread_start("stuck", be_stuck, NULL, (int)last);
    while (!stuck)
        kthread_yield();
    return thread;
}

// Longer than a busy host keeps an emulated CPU waiting.
enum { SHORT_MS = 500 };

// The first wait fails: the site is as it was, and the words name the CPU.
static enum check_result check_stuck_early(void)
{
    uint8_t jmp[POKE_MAX], before[POKE_MAX];
    unsigned last = other_cpu();
    if (!last)
        return alone();
    memcpy(before, poke_five_site, 5);
    poke_make_form(jmp, 1);
    struct kthread *thread = stick(last, 0);
    uint64_t patience = sync_set_patience(SHORT_MS *
                                          (uint64_t)clock_tsc_khz());
    struct text_result r = poke_over(poke_five_site, jmp, 5);
    bool same = memcmp(before, poke_five_site, 5) == 0;
    const struct journal_entry *e = journal_find(r.entry);
    bool line = e && e->kind == JOURNAL_REFUSED;
    sync_set_patience(patience);
    let_go = true;
    kthread_join(thread);
    struct text_result again = poke_over(poke_five_site, jmp, 5);
    poke_over(poke_five_site, before, 5);
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_STUCK && (r.cpus & 1u << last) && same &&
                   line && again.reason == TEXT_OK);
}

// The second wait fails: the new instruction is in effect everywhere, by way
// of the INT3 that stays. The next poke is refused while the CPU is stuck, and
// finishes this one when it is not.
static enum check_result check_stuck_late(void)
{
    uint8_t jmp[POKE_MAX];
    unsigned last = other_cpu();
    if (!last)
        return alone();
    poke_make_form(jmp, 1);
    struct kthread *thread = stick(last, 1);
    uint64_t patience = sync_set_patience(SHORT_MS *
                                          (uint64_t)clock_tsc_khz());
    struct text_result r = poke_over(poke_five_site, jmp, 5);
    bool armed = poke_five_site[0] == 0xcc && poke_five() == 0;
    struct text_result next = poke_over(poke_one_site, "\xc3", 1);
    sync_set_patience(patience);
    let_go = true;
    kthread_join(thread);
    uint32_t late = poke_finish();
    bool done = memcmp(poke_five_site, jmp, 5) == 0 && poke_five() == 0;
    poke_over(poke_five_site, poke_nop(5), 5);
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_UNFINISHED && (r.cpus & 1u << last) &&
                   armed && next.reason == TEXT_STUCK && !late && done);
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
    if (!other_cpu())
        return alone();
    struct kthread *thread = kthread_start("poker", flip_one, &there,
                                           (int)other_cpu());
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

// A CPU that wants to leave, or has just come, in the middle of a poke.
static struct kthread *leaver;
static bool left_early;
static unsigned leaving;

static void leave(void *arg)
{
    *(const char **)arg = cpu_take_down(leaving);
}

static const char *leave_fault;
static void ask_to_leave(enum poke_stage stage)
{
    if (stage == POKE_PUBLISHED)
        leaver = kthread_start("leaver", leave, &leave_fault, 0);
    for (int i = 0; i < 10; i++)
        kthread_yield();
    left_early |= stage != POKE_DONE && !cpu_is_online(leaving);
}

static enum check_result check_hotplug(void)
{
    uint8_t jmp[POKE_MAX];
    unsigned last = other_cpu();
    if (!last)
        return alone();
    leaving = last;
    left_early = false;
    poke_make_form(jmp, 1);
    poke_observe(ask_to_leave);
    struct text_result r = poke_over(poke_five_site, jmp, 5);
    poke_observe(NULL);
    kthread_join(leaver);
    bool gone = !cpu_is_online(last);
    struct text_result without = poke_over(poke_five_site, poke_nop(5), 5);
    const char *fault = cpu_bring_up(last);
    judged(
        "CPU %u asked to leave at the first step and left %s; poked without "
        "it; %s",
        last, left_early ? "IN THE MIDDLE" : "after the last",
        fault ? fault : "it is back");
    return verdict(r.reason == TEXT_OK && gone && !left_early && !fault &&
                   without.reason == TEXT_OK);
}

// The undo of a site that others may be executing waits for them, too.
static enum check_result check_undo(void)
{
    uint8_t jmp[POKE_MAX];
    if (!other_cpu())
        return alone();
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
    struct poke_stress s = poke_stress(other_cpu() ? 300 : 1000, 10000, 8,
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
    {"a stuck CPU is named, nothing is written", check_stuck_early},
    {"a CPU that gets stuck later is kept out", check_stuck_late},
    {"two CPUs poke at once", check_two_pokers},
    {"no CPU leaves during a poke", check_hotplug},
    {"an undo waits as well", check_undo},
    {"every execution is legal", check_stress},
};
CHECK_SUITE(poke_smp, checks);
