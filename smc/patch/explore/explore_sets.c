// SPDX-License-Identifier: MIT
// The right way: what each technique changes, through the technique itself.
//
//   set           changes                                       by
//   static_key    NOP <-> JMP, of two bytes and of five         static_key_inc
//   static_call   CALL, JMP, MOV, NOP, RET between targets      static_call_set
//   trace         the NOP at a function's entry <-> CALL        trace_set
//   forms         each of seven forms into each other one       text_poke
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/patch/explore/explore.h"
#include "smc/patch/static_call/static_call_subject.h"
#include "smc/patch/static_key/static_key_subject.h"
#include "smc/patch/trace/subject.h"
#include "smc/patch/trace/trace.h"

static void add(struct explore_matrix *sum, const struct explore_matrix *m)
{
    sum->rows += m->rows;
    sum->old += m->old;
    sum->new += m->new;
    sum->third += m->third;
}

// static_key -----------------------------------------------------------------

static uint32_t near_hits(uint32_t arg)
{
    uint32_t before = static_key_hits;
    (void)arg;
    static_key_subject(NULL);
    return static_key_hits - before;
}

static uint32_t far_hits(uint32_t arg)
{
    uint32_t before = static_key_hits;
    (void)arg;
    static_key_far(NULL);
    return static_key_hits - before;
}

static struct text_result key_on(void *key)
{
    return static_key_inc(key);
}

static struct text_result key_off(void *key)
{
    return static_key_dec(key);
}

static bool explore_key(struct explore_matrix *sum, bool quiet,
                        struct static_key *key, uint32_t (*code)(uint32_t),
                        bool likely)
{
    const struct explore_subject subject = {code, 0, key->sites[0].site,
                                            key->sites[0].len};
    struct explore_matrix up = {
        .subject = &subject, .new_answer = 1, .quiet = quiet};
    struct explore_matrix down = {
        .subject = &subject, .old_answer = 1, .quiet = quiet};
    bool done = explore_change(&up,
                               likely ? "on: JMP -> NOP" : "on: NOP -> JMP",
                               key_on, key) &&
                explore_change(&down,
                               likely ? "off: NOP -> JMP" : "off: JMP -> NOP",
                               key_off, key);
    add(sum, &up);
    add(sum, &down);
    return done;
}

static bool explore_keys(struct explore_matrix *sum, bool quiet)
{
    return explore_key(sum, quiet, &lab_subject.key, near_hits, false) &&
           explore_key(sum, quiet, &lab_far.key, far_hits, true);
}

// static_call ----------------------------------------------------------------

// Which of the two targets was called: 1, 2, or none.
static uint32_t called(uint32_t (*function)(uint32_t))
{
    uint32_t ones = static_call_ones, twos = static_call_twos;
    function(7);
    return (static_call_ones - ones) + 2 * (static_call_twos - twos);
}

static uint32_t by_call(uint32_t arg)
{
    (void)arg;
    return called(static_call_caller);
}

static uint32_t by_jump(uint32_t arg)
{
    (void)arg;
    return called(static_call_jumper);
}

static struct text_result set_target(void *target)
{
    return static_call_set(&static_call_key_lab_subject, target);
}

// From one target to the next. "Return 0" and NULL both call nobody, so that
// they never follow each other.
static const struct {
    const char *what;
    const void *target;
    uint32_t answer;
} targets[] = {
    {"one -> two", (const void *)static_call_two, 2},
    {"two -> NULL", NULL, 0},
    {"NULL -> one", (const void *)static_call_one, 1},
    {"one -> return 0", (const void *)static_call_return0, 0},
    {"return 0 -> two", (const void *)static_call_two, 2},
    {"two -> one", (const void *)static_call_one, 1},
};

static bool explore_targets(struct explore_matrix *sum, bool quiet,
                            const struct explore_subject *subject)
{
    uint32_t answer = 1;
    bool done = true;
    for (uint32_t i = 0; done && i < sizeof targets / sizeof *targets; i++) {
        struct explore_matrix m = {.subject = subject,
                                   .old_answer = answer,
                                   .new_answer = targets[i].answer,
                                   .quiet = quiet};
        done = explore_change(&m, targets[i].what, set_target,
                              (void *)targets[i].target);
        answer = targets[i].answer;
        add(sum, &m);
    }
    return done;
}

static bool explore_calls(struct explore_matrix *sum, bool quiet)
{
    bool tail;
    const void *target = static_call_key_lab_subject.target;
    const struct static_call_site *call = static_call_in(
        (const void *)static_call_caller, &tail);
    const struct static_call_site *jump = static_call_in(
        (const void *)static_call_jumper, &tail);
    if (!call || !jump || set_target((void *)static_call_one).reason)
        return false;
    const struct explore_subject both[] = {
        {by_call, 0, static_call_at(call), STATIC_CALL_LEN},
        {by_jump, 0, static_call_at(jump), STATIC_CALL_LEN},
    };
    bool done = explore_targets(sum, quiet, &both[0]) &&
                explore_targets(sum, quiet, &both[1]);
    return set_target((void *)target).reason == TEXT_OK && done;
}

// trace ----------------------------------------------------------------------

// Was the call counted? The counts of all CPUs are added up.
static uint32_t traced(uint32_t arg)
{
    uint64_t before = trace_sum((const void *)trace_subject).calls;
    (void)arg;
    trace_subject(NULL);
    return (uint32_t)(trace_sum((const void *)trace_subject).calls - before);
}

static struct text_result filter(void *filter)
{
    struct text_result r = {0};
    trace_set(filter, &r);
    return r;
}

static bool explore_trace(struct explore_matrix *sum, bool quiet)
{
    const struct explore_subject subject = {
        traced, 0, (uint8_t *)trace_subject, ENTRY_LEN};
    struct explore_matrix up = {
        .subject = &subject, .new_answer = 1, .quiet = quiet};
    struct explore_matrix down = {
        .subject = &subject, .old_answer = 1, .quiet = quiet};
    if (filter("").reason != TEXT_OK)
        return false;
    bool done = explore_change(&up, "on: NOP -> CALL", filter,
                               "trace_subject") &&
                explore_change(&down, "off: CALL -> NOP", filter, "");
    add(sum, &up);
    add(sum, &down);
    return done;
}

// forms ----------------------------------------------------------------------

static struct text_result poke_form(void *form)
{
    uint8_t old[5], new[5];
    memcpy(old, explore_site, sizeof old);
    explore_form_bytes(new, *(const enum explore_form *)form,
                       (uint8_t *)explore_subject);
    return text_poke(explore_site, old, new, sizeof new, "explore");
}

static bool explore_form(struct explore_matrix *sum, bool quiet,
                         enum explore_form from, enum explore_form to)
{
    static const struct explore_subject subject = {explore_subject, 0,
                                                   explore_site, 5};
    char what[40];
    struct explore_matrix m = {.subject = &subject,
                               .old_answer = explore_answers[from],
                               .new_answer = explore_answers[to],
                               .quiet = quiet};
    ksnprintf(what, sizeof what, "%s -> %s", explore_form_names[from],
              explore_form_names[to]);
    bool done = explore_change(&m, what, poke_form, &to);
    add(sum, &m);
    return done;
}

// There and back, so that each pair is met in both directions, between the
// form that is there and all later ones. Two NOPs answer the same: a change
// between them has no third to tell from.
static bool explore_forms(struct explore_matrix *sum, bool quiet)
{
    bool done = true;
    for (int a = FORM_ENTRY; done && a > 0; a--) {
        enum explore_form next = (enum explore_form)(a - 1);
        for (int b = 0; done && b < a; b++)
            done = explore_form(sum, quiet, (enum explore_form)a,
                                (enum explore_form)b) &&
                   explore_form(sum, quiet, (enum explore_form)b,
                                (enum explore_form)a);
        done = done && poke_form(&next).reason == TEXT_OK;
    }
    enum explore_form first = FORM_ENTRY; // as it was assembled
    return poke_form(&first).reason == TEXT_OK && done;
}

const struct explore_set explore_sets[] = {
    {"static_key", "a key, on and off", explore_keys},
    {"static_call", "a call and a tail call, through six targets",
     explore_calls},
    {"trace", "the entry of a function, on and off", explore_trace},
    {"forms", "seven forms of a site, each into each", explore_forms},
};
const uint32_t explore_set_count = sizeof explore_sets / sizeof *explore_sets;
