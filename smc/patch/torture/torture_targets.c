// SPDX-License-Identifier: MIT
// The targets: one for each technique.
//
//   technique     sites   forms
//   text_poke         1   NOP, JMP, two CALLs, RET, MOV
//   batch            64   the same, in one batch
//   static_key        2   off, on; likely and unlikely
//   static_call       3   two functions, "return 0"; CALL, JMP, trampoline
//   trace             1   a function's entry, off and on
//   livepatch         1   a function and its replacement
//   wrong=store       1   two CALLs, by plain stores: on demand
//
// The sites of the first two and of the last are copies of the explorer's
// subject in an arena; the others lie in kernel text.
#include "kernel/kthread.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/poke.h"
#include "smc/patch/explore/explore.h"
#include "smc/patch/livepatch/livepatch.h"
#include "smc/patch/torture/torture.h"
#include "smc/patch/torture/torture_subject.h"
#include "smc/patch/trace/trace.h"

enum { BATCH = 64, SINGLE = BATCH, WRONG, COPIES };

static struct arena *arena;
static uint8_t *copies[COPIES];

static uint8_t *site_of(const uint8_t *copy)
{
    return (uint8_t *)copy + (explore_site - (uint8_t *)explore_subject);
}

static uint32_t run_copy(uint32_t n)
{
    return ((uint32_t(*)(uint32_t))copies[n])(0);
}

static uint32_t run_single(uint32_t which)
{
    (void)which;
    return run_copy(SINGLE);
}

static uint32_t run_batch(uint32_t which)
{
    return run_copy(which % BATCH);
}

static uint32_t run_wrong(uint32_t which)
{
    (void)which;
    return run_copy(WRONG);
}

static uint32_t run_key(uint32_t which)
{
    return which & 1 ? torture_likely() : torture_unlikely();
}

static uint32_t run_call(uint32_t which)
{
    return which & 1 ? torture_jumper() : torture_caller();
}

static uint32_t run_trace(uint32_t which)
{
    (void)which;
    return torture_traced();
}

static uint32_t run_patched(uint32_t which)
{
    (void)which;
    return torture_patched();
}

// By form -------------------------------------------------------------------

static bool is_done(const struct text_result *r, char *why)
{
    if (r->reason != TEXT_OK)
        text_explain(why, TORTURE_WORDS, r);
    return r->reason == TEXT_OK;
}

static bool poke_copies(unsigned first, unsigned count, uint32_t from,
                        uint32_t to, char *why)
{
    static struct poke all[COPIES]; // nobody flips the same target
    struct poke *pokes = &all[first];
    for (unsigned i = 0; i < count; i++) {
        uint8_t *copy = copies[first + i];
        pokes[i] = (struct poke){.site = site_of(copy), .len = 5};
        explore_form_bytes(pokes[i].expected, (enum explore_form)from, copy);
        explore_form_bytes(pokes[i].replacement, (enum explore_form)to, copy);
    }
    struct text_result r = text_poke_batch(pokes, count, "torture", NULL);
    return is_done(&r, why);
}

static bool flip_single(uint32_t from, uint32_t to, char *why)
{
    return poke_copies(SINGLE, 1, from, to, why);
}

static bool flip_batch(uint32_t from, uint32_t to, char *why)
{
    return poke_copies(0, BATCH, from, to, why);
}

// A byte at a time, with nothing to protect those who come by: the bug that
// all of this is to find. Between two bytes others get a turn, as after a tick
// of the timer: with one CPU and a busy host 40 tries of 100 ms each could
// pass without one.
static bool flip_wrong(uint32_t from, uint32_t to, char *why)
{
    static const enum explore_form forms[] = {FORM_CALL_10, FORM_CALL_100};
    uint8_t new[5], *site = site_of(copies[WRONG]);
    (void)from;
    explore_form_bytes(new, forms[to], copies[WRONG]);
    for (unsigned i = 0; i < sizeof new; i++) {
        uint8_t old = site[i];
        if (old == new[i])
            continue;
        struct text_result r = text_write(site + i, &old, &new[i], 1, "wrong");
        if (!is_done(&r, why))
            return false;
        kthread_yield();
    }
    return true;
}

static bool flip_key(uint32_t from, uint32_t to, char *why)
{
    (void)from;
    struct text_result r = to ? static_key_inc(&torture_key.key)
                              : static_key_dec(&torture_key.key);
    return is_done(&r, why);
}

static bool flip_call(uint32_t from, uint32_t to, char *why)
{
    static const void *const targets[] = {(const void *)torture_one,
                                          (const void *)torture_two,
                                          (const void *)static_call_return0};
    (void)from;
    struct text_result r = static_call_set(&static_call_key_torture,
                                           targets[to]);
    return is_done(&r, why);
}

static bool flip_trace(uint32_t from, uint32_t to, char *why)
{
    struct text_result r;
    (void)from;
    return trace_set(to ? "torture_traced" : "", &r) || is_done(&r, why);
}

static const struct livepatch_change changes[] = {
    {(const void *)torture_patched, (const void *)torture_patch}};
LIVEPATCH(torture, "a site of the torture", changes);

// A busy host lets an emulated CPU wait for longer than the usual second.
static bool flip_patch(uint32_t from, uint32_t to, char *why)
{
    const uint32_t limit = 20 * LIVEPATCH_LIMIT_US;
    (void)from;
    return (to ? livepatch_on : livepatch_off)(&livepatch_of_torture, limit,
                                               why, TORTURE_WORDS);
}

static const uint32_t key_answers[] = {1, 2};
static const uint32_t call_answers[] = {11, 21, 1};
static const uint32_t trace_answers[] = {30, 30};
static const uint32_t patch_answers[] = {40, 41};
static const uint32_t wrong_answers[] = {113, 203};

static struct torture_target targets[TORTURE_TARGETS] = {
    {.technique = "text_poke",
     .sites = 1,
     .forms = 6,
     .answers = explore_answers,
     .run = run_single,
     .flip = flip_single},
    {.technique = "batch",
     .sites = BATCH,
     .forms = 6,
     .answers = explore_answers,
     .run = run_batch,
     .flip = flip_batch},
    {.technique = "static_key",
     .sites = 2,
     .forms = 2,
     .answers = key_answers,
     .run = run_key,
     .flip = flip_key},
    {.technique = "static_call",
     .sites = 3,
     .forms = 3,
     .answers = call_answers,
     .run = run_call,
     .flip = flip_call},
    {.technique = "trace",
     .sites = 1,
     .forms = 2,
     .answers = trace_answers,
     .run = run_trace,
     .flip = flip_trace,
     .by_shell = true},
    {.technique = "livepatch",
     .sites = 1,
     .forms = 2,
     .answers = patch_answers,
     .run = run_patched,
     .flip = flip_patch,
     .by_shell = true},
    {.technique = "wrong=store",
     .sites = 1,
     .forms = 2,
     .answers = wrong_answers,
     .run = run_wrong,
     .flip = flip_wrong},
};

static bool copy_subject(unsigned n)
{
    size_t size = (size_t)(explore_subject_end - (uint8_t *)explore_subject);
    enum explore_form form = n == WRONG ? FORM_CALL_10 : FORM_NOP;
    uint8_t bytes[5];
    copies[n] = arena_reserve(arena, size, 16);
    if (!copies[n])
        return false;
    explore_form_bytes(bytes, form, copies[n]);
    return arena_write(arena, copies[n], (const void *)explore_subject, size,
                       "torture")
                   .reason == TEXT_OK &&
           text_write(site_of(copies[n]), explore_site, bytes, 5, "torture")
                   .reason == TEXT_OK;
}

// There and back: an `undo` may have left sites as the linker made them, and
// the end is to be compared with the beginning.
static bool settle(void)
{
    char why[TORTURE_WORDS];
    bool good = flip_trace(1, 0, why);
    for (uint32_t i = 0; i < TORTURE_TARGETS; i++)
        good = good && targets[i].flip(0, 1, why) &&
               targets[i].flip(1, 0, why);
    if (!good)
        arena_destroy(arena);
    return good;
}

struct torture_target *torture_open(bool wrong, uint32_t *count)
{
    arena = arena_create("torture", COPIES * 1024);
    for (unsigned i = 0; i < COPIES; i++)
        if (!arena || !copy_subject(i)) {
            arena_destroy(arena);
            return NULL;
        }
    *count = TORTURE_TARGETS - !wrong;
    for (uint32_t i = 0; i < TORTURE_TARGETS; i++) {
        struct torture_target *t = &targets[i];
        t->form = t->flips = t->refused = t->lost = 0;
        t->allowed = 1;
        t->why[0] = 0;
        t->taken = false;
    }
    return settle() ? targets : NULL;
}

bool torture_close(uint64_t hash)
{
    char why[TORTURE_WORDS];
    bool good = true;
    for (uint32_t i = 0; i < TORTURE_TARGETS; i++)
        if (targets[i].form)
            good &= targets[i].flip(targets[i].form, 0, why);
    arena_destroy(arena);
    return good && hash == text_hash();
}
