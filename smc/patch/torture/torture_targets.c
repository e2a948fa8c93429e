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
//   once              1   a block that has run, or is to run again
//   wrong=store       1   two CALLs, by plain stores: on demand
//
// The sites of the first two and of the last are copies of the explorer's
// subject in an arena; the others lie in kernel text (torture_text.c).
#include "kernel/kthread.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/poke.h"
#include "smc/patch/explore/explore.h"
#include "smc/patch/torture/torture.h"
#include "smc/patch/torture/torture_text.h"

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

// By form -------------------------------------------------------------------

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
    return torture_is_done(&r, why);
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
        if (!torture_is_done(&r, why))
            return false;
        kthread_yield();
    }
    return true;
}

static const uint32_t once_answers[] = {50, 50};
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
     .run = torture_run_key,
     .flip = torture_flip_key},
    {.technique = "static_call",
     .sites = 3,
     .forms = 3,
     .answers = call_answers,
     .run = torture_run_call,
     .flip = torture_flip_call},
    {.technique = "trace",
     .sites = 1,
     .forms = 2,
     .answers = trace_answers,
     .run = torture_run_trace,
     .flip = torture_flip_trace,
     .by_shell = true},
    {.technique = "livepatch",
     .sites = 1,
     .forms = 2,
     .answers = patch_answers,
     .run = torture_run_patched,
     .flip = torture_flip_patch,
     .by_shell = true},
    {.technique = "once",
     .sites = 1,
     .forms = 2,
     .answers = once_answers,
     .run = torture_run_once,
     .flip = torture_flip_once,
     .not_in_nmi = true},
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
    torture_once_open();
    bool good = torture_flip_trace(1, 0, why);
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
