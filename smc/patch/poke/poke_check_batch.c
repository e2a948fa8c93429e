// SPDX-License-Identifier: MIT
// Suite `poke_batch`: many sites at once, all or none, in three waits.
#include "kernel/clock.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/patch/poke/poke_check.h"

enum { SITE = 5, MANY = 1000 };

// An arena of NOPs, and a batch that turns each into a JMP to the next:
//
//   base   nop5 | nop5 | nop5 | ... | nop5 | ret
//
// A walk from the base meets them all.
static struct arena *arena;
static struct poke *pokes;

static bool make(size_t count)
{
    arena = arena_create("poke check", count * SITE + 1);
    pokes = heap_alloc((count + 1) * sizeof *pokes);
    uint8_t *code = heap_alloc(count * SITE + 1);
    bool ok = arena && pokes && code;
    for (size_t i = 0; ok && i < count; i++) {
        uint8_t *site = arena->base + i * SITE;
        memcpy(code + i * SITE, poke_nop(SITE), SITE);
        pokes[i] = (struct poke){.site = site, .len = SITE};
        memcpy(pokes[i].expected, poke_nop(SITE), SITE);
        poke_branch(pokes[i].replacement, 0xe9, site, site + SITE);
    }
    if (ok) {
        code[count * SITE] = 0xc3;
        arena_write(arena, arena->base, code, count * SITE + 1, "poke-chk");
    }
    heap_free(code);
    return ok;
}

static void unmake(void)
{
    arena_destroy(arena);
    heap_free(pokes);
    arena = NULL;
    pokes = NULL;
}

static void swap(size_t i, size_t j)
{
    struct poke other = pokes[i];
    pokes[i] = pokes[j];
    pokes[j] = other;
}

// What is expected becomes what is wanted, and the other way round.
static void turn(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[POKE_MAX];
        memcpy(bytes, pokes[i].expected, POKE_MAX);
        memcpy(pokes[i].expected, pokes[i].replacement, POKE_MAX);
        memcpy(pokes[i].replacement, bytes, POKE_MAX);
    }
}

// How many sites are as `expected` says.
static size_t as_expected(size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += memcmp(pokes[i].site, pokes[i].expected, SITE) == 0;
    return n;
}

static uint32_t walks;
static void walk(enum poke_stage stage)
{
    if (stage != POKE_ARMED && stage != POKE_TAILS && stage != POKE_HEADS)
        return;
    ((void (*)(void))arena->base)(); // comes back if all lead on
    walks++;
}

// In the order of addresses, backwards, and with neighbours far apart.
static enum check_result check_many(void)
{
    if (!make(MANY))
        return CHECK_FAIL;
    uint32_t good = 0, syncs = sync_count();
    walks = 0;
    poke_observe(walk);
    for (unsigned order = 0; order < 3; order++) {
        for (size_t i = 0; order == 1 && i < MANY / 2; i++)
            swap(i, MANY - 1 - i);
        for (size_t i = 0; order == 2 && i < MANY; i++)
            swap(i, i * 7919 % MANY);
        struct text_result r = text_poke_batch(pokes, MANY, "poke-chk", NULL);
        turn(MANY);
        good += r.reason == TEXT_OK && as_expected(MANY) == MANY;
    }
    poke_observe(NULL);
    syncs = sync_count() - syncs;
    judged("%u of 3 orders of %u sites, %u waits each, %u walks through all "
           "of them meanwhile",
           good, MANY, syncs / 3, walks);
    unmake();
    return verdict(good == 3 && syncs == 9 && walks == 9);
}

// One bad site among 100, at each of three places. The journal gets the
// refusal, and no other line.
static enum check_result check_one_bad(void)
{
    static const size_t bad[] = {0, 50, 99};
    uint32_t good = 0;
    if (!make(100))
        return CHECK_FAIL;
    for (unsigned i = 0; i < 3; i++) {
        size_t culprit = 12345;
        uint32_t writes = journal_writes();
        pokes[bad[i]].expected[4] ^= 1;
        struct text_result r = text_poke_batch(pokes, 100, "poke-chk",
                                               &culprit);
        pokes[bad[i]].expected[4] ^= 1;
        good += r.reason == TEXT_MISMATCH && culprit == bad[i] &&
                as_expected(100) == 100 && journal_writes() == writes;
    }
    judged("%u of 3: the first, the middle and the last of 100 sites does not "
           "hold what is expected",
           good);
    unmake();
    return verdict(good == 3);
}

// The same site twice, and one that begins in another's last byte.
static enum check_result check_twice(void)
{
    char words[128];
    size_t culprit = 0;
    if (!make(10))
        return CHECK_FAIL;
    pokes[10] = pokes[3];
    struct text_result same = text_poke_batch(pokes, 11, "poke-chk", &culprit);
    bool named = culprit == 3 || culprit == 10;
    pokes[10].site = arena->base + 4;
    struct text_result over = text_poke_batch(pokes, 11, "poke-chk", &culprit);
    judged("%s", text_explain(words, sizeof words, &same));
    bool ok = same.reason == TEXT_TWICE && named && over.reason != TEXT_OK &&
              as_expected(10) == 10;
    unmake();
    return verdict(ok);
}

static enum check_result check_overfull(void)
{
    char words[128];
    if (!make(POKE_BATCH_MAX))
        return CHECK_FAIL;
    struct text_result none = text_poke_batch(pokes, 0, "poke-chk", NULL);
    struct text_result over = text_poke_batch(pokes, POKE_BATCH_MAX + 1,
                                              "poke-chk", NULL);
    struct text_result full = text_poke_batch(pokes, POKE_BATCH_MAX,
                                              "poke-chk", NULL);
    judged("0 and %u sites: %s; %u are poked", POKE_BATCH_MAX + 1,
           text_explain(words, sizeof words, &over), POKE_BATCH_MAX);
    unmake();
    return verdict(none.reason == TEXT_BATCH && over.reason == TEXT_BATCH &&
                   full.reason == TEXT_OK);
}

// Live patches fill the journal, batch by batch. How many fit depends on what
// others have patched; more than it has lines never do. When the arena goes,
// all of them may go.
static enum check_result check_journal_full(void)
{
    enum { STEP = 512 };
    char words[128];
    struct text_result r = {0};
    size_t done = 0, most = 2 * POKE_BATCH_MAX;
    if (!make(most + STEP))
        return CHECK_FAIL;
    while (r.reason == TEXT_OK && done <= most) {
        r = text_poke_batch(pokes + done, STEP, "poke-chk", NULL);
        done += r.reason == TEXT_OK ? STEP : 0;
    }
    bool none = as_expected(done + STEP) == STEP;
    judged("%u live patches, then %u more: %s", done, STEP,
           text_explain(words, sizeof words, &r));
    unmake();
    return verdict(done > 0 && r.reason == TEXT_FULL && none);
}

// All of it, from the last to the first.
static enum check_result check_undo(void)
{
    if (!make(100))
        return CHECK_FAIL;
    struct text_result r = text_poke_batch(pokes, 100, "poke-chk", NULL);
    uint32_t undone = 0;
    for (uint32_t i = 100; i-- > 0;)
        undone += text_undo(r.entry + i).reason == TEXT_OK;
    judged("100 sites poked, %u undone, %u as before", undone,
           as_expected(100));
    bool ok = undone == 100 && as_expected(100) == 100;
    unmake();
    return verdict(ok);
}

// Linux reported 57 ms and 1.4 ms for 56 sites: three waits of each CPU for
// each site, or for all.
static enum check_result check_saving(void)
{
    enum { SITES = 56 };
    if (!make(SITES))
        return CHECK_FAIL;
    uint32_t good = 0, syncs = sync_count();
    uint64_t start = clock_us();
    for (size_t i = 0; i < SITES; i++)
        good += text_poke(pokes[i].site, pokes[i].expected,
                          pokes[i].replacement, SITE, "poke-chk")
                    .reason == TEXT_OK;
    uint32_t single = sync_count() - syncs;
    uint64_t middle = clock_us();
    turn(SITES);
    struct text_result r = text_poke_batch(pokes, SITES, "poke-chk", NULL);
    uint32_t batch = sync_count() - syncs - single;
    judged("%u sites one by one: %u waits, %llu us; in a batch: %u, %llu us",
           good, single, middle - start, batch, clock_us() - middle);
    unmake();
    return verdict(good == SITES && r.reason == TEXT_OK && batch == 3 &&
                   single >= 30 * batch);
}

static const struct check checks[] = {
    {"a thousand sites take three waits", check_many},
    {"one bad site refuses all", check_one_bad},
    {"no site twice", check_twice},
    {"not more than fit", check_overfull},
    {"a full journal refuses all", check_journal_full},
    {"a batch is undone line by line", check_undo},
    {"a batch waits thirty times less", check_saving},
};
CHECK_SUITE(poke_batch, checks);
