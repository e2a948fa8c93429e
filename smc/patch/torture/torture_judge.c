// SPDX-License-Identifier: MIT
// The judge of every single execution.
//
//   flipper     allowed = old | new     change    allowed = new
//                        |                             |
//   executor        ask  run  ask                 ask  run  ask
//                   both may come                 old is a lost update
//
// `allowed` holds the set of legal forms in its low bits and counts its own
// changes above. Who asks before and after knows all sets in between if there
// were at most three changes: the set in the middle is a subset of its
// neighbours. After more, as when a thread was preempted for long, each form
// of the site is legal, and only what is none of them is not.
#include "smc/patch/torture/torture_judge.h"
#include "kernel/string.h"

enum {
    FORM_BITS = (1 << TORTURE_FORMS) - 1,
    CHANGE = 1 << TORTURE_FORMS,
};

static struct torture_target *targets;
static uint32_t target_count;

// One for each executor and for each CPU's NMIs: nobody waits for another's
// cache line.
static struct tally {
    uint32_t seed;
    struct {
        uint32_t executions, illegal, lost;
    } of[TORTURE_TARGETS];
} __attribute__((aligned(64))) tallies[TORTURE_EXECUTORS], in_nmi[CPU_MAX];

// Numerical Recipes' generator; its high bits are the better ones.
uint32_t torture_draw(uint32_t *seed, uint32_t n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

void torture_judge_open(struct torture_target *all, uint32_t count,
                        uint32_t *seed)
{
    targets = all;
    target_count = count;
    memset(tallies, 0, sizeof tallies);
    memset(in_nmi, 0, sizeof in_nmi);
    for (unsigned i = 0; i < TORTURE_EXECUTORS; i++)
        tallies[i].seed = torture_draw(seed, 1u << 24);
    for (unsigned i = 0; i < CPU_MAX; i++)
        in_nmi[i].seed = torture_draw(seed, 1u << 24);
}

void torture_allow(struct torture_target *t, uint32_t forms)
{
    t->allowed = ((t->allowed & ~(uint32_t)FORM_BITS) + CHANGE) | forms;
}

uint32_t torture_forms_of(const struct torture_target *t, uint32_t answer)
{
    uint32_t forms = 0;
    for (uint32_t i = 0; i < t->forms; i++)
        forms |= (uint32_t)(t->answers[i] == answer) << i;
    return forms;
}

static void execute(struct tally *tally, uint32_t which)
{
    struct torture_target *t = &targets[which];
    uint32_t before = t->allowed;
    uint32_t forms = torture_forms_of(t, t->run(tally->seed >> 16));
    uint32_t after = t->allowed;
    bool missed = (after - before) / CHANGE > 3;
    tally->of[which].executions++;
    if (!forms || (!missed && !((before | after) & forms)))
        tally->of[which].illegal += !forms || before != after;
    if (forms && before == after && !(before & forms))
        tally->of[which].lost++;
}

void torture_execute(unsigned executor)
{
    struct tally *tally = &tallies[executor];
    execute(tally, torture_draw(&tally->seed, target_count));
}

void torture_execute_in_nmi(void)
{
    struct tally *tally = &in_nmi[cpu_index()];
    uint32_t which = torture_draw(&tally->seed, target_count);
    if (!targets[which].not_in_nmi)
        execute(tally, which);
}

// The sums ------------------------------------------------------------------

static void add_up(const struct tally *all, uint32_t count,
                   struct torture_row *rows)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < target_count; k++) {
            rows[k].executions += all[i].of[k].executions;
            rows[k].illegal += all[i].of[k].illegal;
            rows[k].lost += all[i].of[k].lost;
        }
}

void torture_sum(struct torture_report *r, struct torture_row *rows)
{
    r->flips = r->refused = r->illegal = r->lost = 0;
    r->executions = r->in_nmis = 0;
    for (uint32_t i = 0; i < target_count; i++)
        rows[i] = (struct torture_row){targets[i].technique, targets[i].flips,
                                       targets[i].refused,
                                       .lost = targets[i].lost};
    add_up(tallies, TORTURE_EXECUTORS, rows);
    for (uint32_t i = 0; i < target_count; i++)
        r->in_nmis -= (uint32_t)rows[i].executions;
    add_up(in_nmi, CPU_MAX, rows);
    for (uint32_t i = 0; i < target_count; i++) {
        r->in_nmis += (uint32_t)rows[i].executions;
        r->flips += rows[i].flips;
        r->refused += rows[i].refused;
        r->illegal += rows[i].illegal;
        r->lost += rows[i].lost;
        r->executions += rows[i].executions;
    }
}
