// SPDX-License-Identifier: MIT
// The matrix: a row for each store and each wait, a column for each way.
//
// The door calls the observer after every store of a byte (smc/door/poke.h),
// with the stores that follow still to come. So the rows are the states that
// another CPU can find, one by one, and their number is the proof that none
// was left out: a site of n bytes has n + 8 of them, one less on one CPU.
#include "smc/patch/explore/explore.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/poke.h"

static const char *fault_name(uint8_t vector, char *out, size_t size)
{
    static const char *const names[] = {
        [1] = "#DB",  [3] = "#BP",  [4] = "#OF",  [6] = "#UD",  [8] = "#DF",
        [10] = "#TS", [11] = "#NP", [12] = "#SS", [13] = "#GP", [14] = "#PF"};
    if (vector < sizeof names / sizeof names[0] && names[vector])
        return names[vector];
    ksnprintf(out, size, "trap %u", vector);
    return out;
}

// What was executed if it was neither, as far as the answer tells.
static const char *third_name(uint32_t answer, char *out, size_t size)
{
    if (answer == explore_answers[FORM_NOP])
        return "no call";
    if (answer == 100 + EXPLORE_TORN + 3)
        return "torn";
    if (answer == 105)
        return "mixed";
    if (answer >= 100 + EXPLORE_NO_RETURN && answer < EXPLORE_TORN)
        return "no return";
    ksnprintf(out, size, "= %u", answer);
    return out;
}

// The word in a cell; counts it.
static const char *judge(struct explore_matrix *m, enum explore_way way,
                         const struct explore_run *run, char *out, size_t size)
{
    if (!run->done)
        return "-";
    bool sound = !run->faulted && run->intact;
    if (sound && run->answer == m->new_answer) {
        m->was_new[way] = true;
        m->new ++;
        return "new";
    }
    if (sound && run->answer == m->old_answer && !m->was_new[way]) {
        m->old++;
        return "old";
    }
    m->third++;
    if (run->faulted)
        return fault_name(run->vector, out, size);
    if (!run->intact)
        return "stack";
    return run->answer == m->old_answer ? "old again"
                                        : third_name(run->answer, out, size);
}

void explore_row(struct explore_matrix *m, const char *label)
{
    const struct explore_subject *s = m->subject;
    char bytes[32], word[16];
    memcpy(m->shown, s->site, s->len);
    hex_bytes(bytes, sizeof bytes, s->site, s->len);
    if (!m->quiet)
        kprintf("  %-18s %-15s", label, bytes);
    for (int way = 0; way < EXPLORE_WAYS; way++) {
        struct explore_run run = explore_by(way, s);
        const char *cell = judge(m, way, &run, word, sizeof word);
        if (!m->quiet)
            kprintf("  %-*s", way == EXPLORE_WAYS - 1 ? 0 : 9, cell);
    }
    if (!m->quiet)
        kprintf("\n");
    m->rows++;
}

void explore_begin(struct explore_matrix *m, const char *what)
{
    m->rows = m->old = m->new = m->third = 0;
    memset(m->was_new, 0, sizeof m->was_new);
    if (!m->quiet) {
        kprintf("%s\n  %-18s %-15s", what, "", "");
        for (int way = 0; way < EXPLORE_WAYS; way++)
            kprintf("  %-*s", way == EXPLORE_WAYS - 1 ? 0 : 9,
                    explore_way_name(way));
        kprintf("\n");
    }
    explore_row(m, "before");
}

void explore_finish(struct explore_matrix *m)
{
    if (!m->quiet)
        kprintf("  %u rows, %u cells: %u old, %u new, %u neither\n", m->rows,
                m->old + m->new + m->third, m->old, m->new, m->third);
}

// The observer ---------------------------------------------------------------

// One change at a time: the door has one observer.
static struct explore_matrix *watching;

static void on_stage(enum poke_stage stage)
{
    static const char *const names[] = {
        [POKE_PUBLISHED] = "published", [POKE_ARM] = "first byte INT3",
        [POKE_ARMED] = "all CPUs know", [POKE_TAIL] = "byte behind it",
        [POKE_TAILS] = "all CPUs know", [POKE_HEAD] = "first byte new",
        [POKE_HEADS] = "all CPUs know", [POKE_DONE] = "withdrawn",
    };
    bool store = stage == POKE_ARM || stage == POKE_TAIL || stage == POKE_HEAD;
    const struct explore_subject *s = watching->subject;
    bool changed = memcmp(watching->shown, s->site, s->len) != 0;
    explore_row(watching,
                store && !changed ? "no visible change" : names[stage]);
}

bool explore_change(struct explore_matrix *m, const char *what,
                    struct text_result (*change)(void *arg), void *arg)
{
    char why[200];
    explore_begin(m, what);
    watching = m;
    poke_observe(on_stage);
    struct text_result r = change(arg);
    poke_observe(NULL);
    explore_finish(m);
    if (r.reason != TEXT_OK)
        kprintf("  refused: %s\n", text_explain(why, sizeof why, &r));
    return r.reason == TEXT_OK;
}
