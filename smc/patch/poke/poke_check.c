// SPDX-License-Identifier: MIT
// Suite `poke`: what a site does at every step of the protocol, and that every
// emulated instruction does what the real one does.
#include "smc/patch/poke/poke_check.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"

struct text_result poke_over(void *site, const void *replacement, size_t len)
{
    uint8_t now[POKE_MAX];
    memcpy(now, site, len);
    return text_poke(site, now, replacement, len, "poke-chk");
}

// What poke_five may answer at each stage of the poke in progress.
static int before, after;
static uint32_t stages_seen, illegal, ran;

// Until the first byte is INT3 the site is old; from then on it is new.
static void run_five(enum poke_stage stage)
{
    int answer = poke_five();
    stages_seen |= 1u << stage;
    ran++;
    illegal += answer != (stage == POKE_PUBLISHED ? before : after);
}

const int poke_answers[POKE_FORMS] = {1, 0, 11, 101};

void poke_make_form(uint8_t bytes[POKE_MAX], int which)
{
    if (which == 0)
        memcpy(bytes, poke_nop(5), 5);
    if (which == 1)
        poke_branch(bytes, 0xe9, poke_five_site, poke_five_end);
    if (which >= 2)
        poke_branch(bytes, 0xe8, poke_five_site,
                    which == 2 ? (void *)poke_add_10 : (void *)poke_add_100);
}

static int form; // the present one

static bool change_to(int next)
{
    uint8_t bytes[POKE_MAX];
    if (next == form)
        return true;
    poke_make_form(bytes, next);
    before = poke_answers[form];
    after = poke_answers[next];
    form = next;
    uint32_t syncs = sync_count();
    poke_observe(run_five);
    struct text_result r = poke_over(poke_five_site, bytes, 5);
    poke_observe(NULL);
    return r.reason == TEXT_OK && sync_count() - syncs == 3 &&
           poke_five() == after;
}

// Every form into every other, CALL to CALL included: Linux once treated a
// site in transit as a NOP, and a function that had been replaced ran its old
// body (2019).
static enum check_result check_steps(void)
{
    uint32_t good = 0;
    uint8_t nop[POKE_MAX];
    poke_make_form(nop, 0);
    poke_over(poke_five_site, nop, 5);
    form = 0; // an earlier run has left another
    illegal = ran = stages_seen = 0;
    for (int from = 0; from < POKE_FORMS; from++)
        for (int to = 0; to < POKE_FORMS; to++)
            good += from != to && change_to(from) && change_to(to);
    judged("%u of 12 changes, the site run after each of %u steps, %u illegal "
           "answers",
           good, ran, illegal);
    return verdict(good == 12 && !illegal && stages_seen == 0xff);
}

// The flags that a condition reads: each of the 32 combinations.
static uint32_t flags_of(unsigned n)
{
    return (n & 1) | (n >> 1 & 1) << 2 | (n >> 2 & 1) << 6 |
           (n >> 3 & 1) << 7 | (n >> 4 & 1) << 11;
}

// One bit for each combination in which the branch was taken.
static uint32_t taken_mask(bool (*subject)(uint32_t, uint32_t *),
                           uint32_t *lost)
{
    uint32_t mask = 0;
    for (unsigned n = 0; n < 32; n++) {
        uint32_t flags;
        mask |= (uint32_t)subject(flags_of(n), &flags) << n;
        *lost += flags != flags_of(n);
    }
    return mask;
}

static bool (*subject)(uint32_t, uint32_t *);
static uint32_t emulated, lost_flags;

static void run_flags(enum poke_stage stage)
{
    if (stage == POKE_TAILS)
        emulated = taken_mask(subject, &lost_flags);
}

// The judge is the processor: the same branch, executed, a moment later.
static uint32_t wrong_conditions(bool wide)
{
    uint8_t *site = wide ? poke_jcc32_site : poke_jcc8_site;
    void *target = wide ? poke_jcc32_taken : poke_jcc8_taken;
    uint32_t wrong = 0;
    subject = wide ? poke_jcc32 : poke_jcc8;
    poke_observe(run_flags);
    for (uint8_t c = 0; c < 16; c++) {
        uint8_t bytes[POKE_MAX], opcode = wide ? 0x80 : 0x70;
        size_t len = poke_branch(bytes, opcode | c, site, target);
        struct text_result r = poke_over(site, bytes, len);
        wrong += r.reason != TEXT_OK ||
                 emulated != taken_mask(subject, &lost_flags);
    }
    poke_observe(NULL);
    poke_over(site, poke_nop(wide ? 6 : 2), wide ? 6 : 2);
    return wrong;
}

static enum check_result check_conditions(void)
{
    lost_flags = 0;
    uint32_t near = wrong_conditions(false), far = wrong_conditions(true);
    judged("16 conditions x 32 states of the flags, emulated and executed: "
           "%u of rel8 and %u of rel32 differ, %u flags lost",
           near, far, lost_flags);
    return verdict(!near && !far && !lost_flags);
}

static int one_answer;
static void run_one(enum poke_stage stage)
{
    if (stage == POKE_ARMED)
        one_answer = poke_one();
}

// One byte has no tail, and one wait less.
static enum check_result check_one(void)
{
    const uint8_t ret = 0xc3, nop = 0x90;
    uint32_t syncs = sync_count();
    poke_observe(run_one);
    struct text_result r = poke_over(poke_one_site, &ret, 1);
    syncs = sync_count() - syncs;
    bool returned = one_answer == 0 && poke_one() == 0;
    struct text_result back = poke_over(poke_one_site, &nop, 1);
    bool passed = one_answer == 1 && poke_one() == 1;
    poke_observe(NULL);
    judged("NOP -> RET -> NOP, emulated and executed; %u waits", syncs);
    return verdict(r.reason == TEXT_OK && back.reason == TEXT_OK && returned &&
                   passed && syncs == 2);
}

// While another thread lets CPUs come and go, whom interrupts that are off
// would keep from ever ending that.
static volatile bool holds, may_end;

static void hold(void *arg)
{
    (void)arg;
    cpus_hold();
    holds = true;
    while (!may_end)
        kthread_yield();
    cpus_release();
}

static enum check_result check_held(void)
{
    char words[128];
    const uint8_t ret = 0xc3, nop = 0x90;
    holds = may_end = false;
    struct kthread *thread = kthread_start("holder", hold, NULL, 0);
    while (!holds)
        kthread_yield();
    bool on = interrupts_off(), alone = cpus_alone();
    struct text_result r = poke_over(poke_one_site, &ret, 1);
    interrupts_restore(on);
    may_end = true;
    kthread_join(thread);
    struct text_result later = poke_over(poke_one_site, &ret, 1);
    poke_over(poke_one_site, &nop, 1);
    judged("%s; later %s", text_explain(words, sizeof words, &r),
           later.reason == TEXT_OK ? "it is written" : "REFUSED");
    return verdict(r.reason == (alone ? TEXT_BUSY : TEXT_INTERRUPTS) &&
                   later.reason == TEXT_OK);
}

static const struct check checks[] = {
    {"old before the first INT3, new from then on", check_steps},
    {"an emulated Jcc goes where the real one goes", check_conditions},
    {"a site of one byte is emulated too", check_one},
    {"with interrupts off nobody is waited for", check_held},
};
CHECK_SUITE(poke, checks);
