// SPDX-License-Identifier: MIT
// Lab `door`: one instruction becomes another while anybody may execute it,
// store by store; and what many at once save.
#include "kernel/bench.h"
#include "kernel/heap.h"
#include "kernel/lab.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/patch/poke/poke_check.h"

static const char *const stages[] = {
    [POKE_PUBLISHED] = "announced", [POKE_ARM] = "INT3 in front",
    [POKE_ARMED] = "all CPUs know", [POKE_TAIL] = "one byte behind",
    [POKE_TAILS] = "all CPUs know", [POKE_HEAD] = "the first byte",
    [POKE_HEADS] = "all CPUs know", [POKE_DONE] = "over",
};

// The site runs at every step, on this CPU; poke_smp does it on others.
static void show_stage(enum poke_stage stage)
{
    char meaning[80];
    ksnprintf(meaning, sizeof meaning, "%-16s poke_five answers %d",
              stages[stage], poke_five());
    tell_bytes("", poke_five_site, 5, meaning);
}

static void demo_poke(const char *words, const uint8_t bytes[POKE_MAX])
{
    uint32_t syncs = sync_count();
    tell("%s", words);
    poke_observe(show_stage);
    struct text_result r = poke_over(poke_five_site, bytes, 5);
    poke_observe(NULL);
    tell("%u waits for all CPUs. The journal has it:", sync_count() - syncs);
    const struct journal_entry *e = journal_find(r.entry);
    if (e)
        journal_print(e);
}

static void demo(void)
{
    uint8_t found[POKE_MAX], bytes[POKE_MAX];
    char where[64];
    memcpy(found, poke_five_site, 5);
    poke_make_form(bytes, 0);
    if (memcmp(found, bytes, 5) != 0)
        poke_over(poke_five_site, bytes, 5);
    tell("A site of 5 bytes, %s. poke_five answers 1 with a NOP there,",
         symbol_format(where, sizeof where, poke_five_site));
    tell("11 if it calls poke_add_10, 101 if it calls poke_add_100.");
    tell_code("before", poke_five_site, 5);
    poke_make_form(bytes, 2);
    demo_poke("A NOP becomes a CALL:", bytes);
    poke_make_form(bytes, 3);
    demo_poke("The CALL becomes another. Meanwhile it must call:", bytes);
    tell_code("after", poke_five_site, 5);
    poke_over(poke_five_site, found, 5);
}

// The bench: as many sites as Linux measured in 2019.
enum { SITES = 56, SITE = 5 };
static struct arena *arena;
static struct poke pokes[SITES];

static void begin(void *arg)
{
    uint8_t code[SITES * SITE];
    (void)arg;
    arena_destroy(arena);
    arena = arena_create("door bench", sizeof code);
    for (unsigned i = 0; arena && i < SITES; i++) {
        uint8_t *site = arena->base + i * SITE;
        memcpy(code + i * SITE, poke_nop(SITE), SITE);
        pokes[i] = (struct poke){.site = site, .len = SITE};
        memcpy(pokes[i].expected, poke_nop(SITE), SITE);
        poke_branch(pokes[i].replacement, 0xe9, site, arena->base);
    }
    if (arena)
        arena_write(arena, arena->base, code, sizeof code, "bench");
}

static void turn(void)
{
    for (unsigned i = 0; i < SITES; i++) {
        uint8_t bytes[POKE_MAX];
        memcpy(bytes, pokes[i].expected, POKE_MAX);
        memcpy(pokes[i].expected, pokes[i].replacement, POKE_MAX);
        memcpy(pokes[i].replacement, bytes, POKE_MAX);
    }
}

static void one_by_one(void *arg)
{
    bool live = arg;
    for (unsigned i = 0; i < SITES; i++) {
        const struct poke *p = &pokes[i];
        (live ? text_poke : text_write)(p->site, p->expected, p->replacement,
                                        SITE, "bench");
    }
    turn();
}

static void in_a_batch(void *arg)
{
    (void)arg;
    text_poke_batch(pokes, SITES, "bench", NULL);
    turn();
}

static void bench(void)
{
    const struct bench_way ways[] = {
        {"poked one by one", begin, one_by_one, &arena, SITES * SITE},
        {"poked in a batch", begin, in_a_batch, NULL, SITES * SITE},
        {"written, nobody there", begin, one_by_one, NULL, SITES * SITE},
    };
    begin(NULL); // each setup then has an arena to destroy
    bench_begin("door", "56 instructions become others");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10);
    arena_destroy(arena);
    arena = NULL;
    bench_end("168 waits for other CPUs one by one, 3 in a batch, 56 written; "
              "here there is nobody to wait for");
}

LAB(door, "an instruction changes while other CPUs execute it",
    "smc/door/poke.h", demo, bench);
