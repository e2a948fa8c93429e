// SPDX-License-Identifier: MIT
// What a question costs that is asked on every pass, by who answers it; and
// what it costs to change the answer.
#include "smc/patch/static_key/static_key_bench.h"
#include "kernel/bench.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/patch/static_key/static_key_subject.h"
#include <stddef.h>

enum { MANY_BYTES = 990 * 2 + 10 * 5 }; // of sites

// The way everybody does it. Read through volatile: the compiler would
// otherwise be free to know the answer in a loop.
static bool flag;

static __attribute__((noinline)) void by_flag(void *arg)
{
    (void)arg;
    if (*(volatile bool *)&flag)
        static_key_hits++;
}

// The same, with the compiler told what to expect: the block is laid out of
// line, and the test stays.
static __attribute__((noinline)) void by_expect(void *arg)
{
    (void)arg;
    if (__builtin_expect(*(volatile bool *)&flag, 0))
        static_key_hits++;
}

// A pointer to what is to be done: nothing.
static void (*volatile pointer)(void *);

static void work(void *arg)
{
    (void)arg;
    static_key_hits++;
}

static __attribute__((noinline)) void by_pointer(void *arg)
{
    pointer(arg);
}

static void set_flag(void *arg)
{
    flag = arg != NULL;
}

static void set_pointer(void *arg)
{
    pointer = arg ? work : static_key_baseline;
}

static void set_key(void *arg)
{
    if (arg)
        static_branch_enable(&lab_subject);
    else
        static_branch_disable(&lab_subject);
}

// The losing case: the answer changes, and so many passes ask it.
static void changing_key(void *arg)
{
    const uint32_t *passes = arg;
    set_key(static_key_enabled(&lab_subject.key) ? NULL : &lab_subject);
    for (uint32_t i = 0; i < *passes; i++)
        static_key_subject(NULL);
}

static void changing_flag(void *arg)
{
    const uint32_t *passes = arg;
    set_flag(flag ? NULL : &flag);
    for (uint32_t i = 0; i < *passes; i++)
        by_flag(NULL);
}

// Each begins with the other answer, so that the setup is one change.
static void bench_passes(bool on)
{
    void *yes = &lab_subject, *answer = on ? yes : NULL;
    const struct bench_way ways[] = {
        {"flag: cmpb; je", set_flag, by_flag, answer, 9},
        {"flag, __builtin_expect", set_flag, by_expect, answer, 9},
        {"function pointer", set_pointer, by_pointer, answer, 6},
        {"static key", set_key, static_key_subject, answer,
         lab_subject.key.sites->len},
    };
    set_key(on ? NULL : yes);
    bench_begin("static_key", on ? "one pass, the answer is yes"
                                 : "one pass, the answer is no");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10000);
    bench_end("setup is one change of the answer");
    set_key(NULL);
}

static void bench_changing(const char *title, uint32_t passes)
{
    const struct bench_way ways[] = {
        {"flag: cmpb; je", NULL, changing_flag, &passes, 9},
        {"static key", NULL, changing_key, &passes,
         lab_subject.key.sites->len},
    };
    bench_begin("static_key", title);
    bench_way(&ways[0], 10);
    bench_way(&ways[1], 10);
    bench_end("the key is worth it only if it is asked often enough");
    set_key(NULL);
}

// To and fro, or the second time there would be nothing to do.
static void many_in_one_batch(void *arg)
{
    (void)arg;
    if (static_key_enabled(&lab_many.key))
        static_branch_disable(&lab_many);
    else
        static_branch_enable(&lab_many);
}

// The same bytes without a batch: three syncs for each site.
static void many_one_by_one(void *arg)
{
    (void)arg;
    const struct static_key_site *s = lab_many.key.sites;
    for (uint32_t i = 0; i < lab_many.key.count; i++, s++) {
        uint8_t jump[POKE_MAX];
        poke_branch(jump, s->len == 2 ? 0xeb : 0xe9, s->site,
                    s->site + s->len + s->distance);
        bool is_jump = memcmp(s->site, jump, s->len) == 0;
        const uint8_t *nop = poke_nop(s->len);
        text_poke(s->site, is_jump ? jump : nop, is_jump ? nop : jump, s->len,
                  "static_key");
    }
}

static void bench_many(void)
{
    const struct bench_way ways[] = {
        {"a thousand pokes", NULL, many_one_by_one, NULL, MANY_BYTES},
        {"one batch", NULL, many_in_one_batch, NULL, MANY_BYTES},
    };
    bench_begin("static_key", "a change of a key with 1000 sites");
    bench_way(&ways[0], 1);
    many_one_by_one(NULL); // five changes and this one: all is off again
    bench_way(&ways[1], 1);
    static_branch_disable(&lab_many);
    bench_end("3000 syncs against 3");
}

// Interrupts are off while something is measured, and nobody waits for other
// CPUs then: the door would refuse, and the figures would be of nothing.
void static_key_bench(void)
{
    if (cpus_online() != 1) {
        kprintf("bench static_key: only with one CPU online\n");
        return;
    }
    bench_passes(false);
    bench_passes(true);
    bench_changing("a change of the answer and 100 passes", 100);
    bench_changing("a change of the answer and 10 000 passes", 10000);
    bench_many();
}
