// SPDX-License-Identifier: MIT
// The kernel's own uses, judged by what they do and not by which form they
// have: every processor must give the same results.
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/text.h"
#include "smc/patch/alternative/alternative.h"
#include "smc/patch/alternative/alternative_check.h"
#include "smc/patch/alternative/block.h"
#include "smc/patch/alternative/lock.h"
#include "smc/patch/alternative/popcount.h"

// Somebody may have undone the patches of the boot: then the site is brought
// up to date first. Applying what is applied already writes nothing.
enum check_result check_kernel(void)
{
    const struct alternative *a = alternatives_start;
    unsigned sites = 0, chosen = 0, wrong = 0;
    char why[160];
    for (; a < alternatives_end; a = alternative_next(a)) {
        const struct alternative *want = alternative_choice(
            a, alternatives_features());
        const struct alternative *has = alternative_current(a);
        if (want && !has &&
            alternative_apply(a, alternatives_features(), why, sizeof why))
            wrong++;
        wrong += want && !alternative_current(a);
        sites++;
        chosen += want != NULL;
    }
    judged("%u sites, %u with a replacement, %u wrong", sites, chosen, wrong);
    return verdict(sites > 4 && !wrong);
}

static uint32_t count_slowly(uint32_t x)
{
    uint32_t n = 0;
    for (; x; x >>= 1)
        n += x & 1;
    return n;
}

// noinline: one site.
static __attribute__((noinline)) bool miscounted(uint32_t x)
{
    return popcount32(x) != count_slowly(x);
}

enum check_result check_popcount(void)
{
    uint32_t wrong = 0, x = 1;
    for (int i = 0; i < 32; i++)
        wrong += miscounted(1u << i) + miscounted((1u << i) - 1);
    for (int i = 0; i < 1000; i++)
        wrong += miscounted(x = x * 1664525 + 1013904223);
    uint32_t counted = pages_count_used(), kept = page_stats().used;
    judged("1064 words, %u wrong; %u frames in use by the bitmap, %u by the "
           "count",
           wrong, counted, kept);
    return verdict(!wrong && !miscounted(UINT32_MAX) && counted == kept);
}

enum { ROOM = 6000, EDGE = 64 };

// Copies and fills in the middle of `room`; memcpy and memset do it elsewhere.
static bool block_is_right(uint8_t *room, uint8_t *oracle, size_t at, size_t n)
{
    memset(room, 0x11, ROOM);
    memset(oracle, 0x11, ROOM);
    for (size_t i = 0; i < ROOM / 2; i++)
        room[i] = oracle[i] = (uint8_t)(i * 7);
    bool to = block_copy(room + ROOM / 2 + at, room + at, n) ==
              room + ROOM / 2 + at;
    memcpy(oracle + ROOM / 2 + at, oracle + at, n);
    bool copied = memcmp(room, oracle, ROOM) == 0;
    to &= block_fill(room + at, 0x5a, n) == room + at;
    memset(oracle + at, 0x5a, n);
    return to && copied && memcmp(room, oracle, ROOM) == 0;
}

enum check_result check_blocks(void)
{
    uint8_t *room = heap_alloc(ROOM), *oracle = heap_alloc(ROOM);
    unsigned cases = 0, wrong = 0;
    for (size_t at = 0; room && oracle && at < 4; at++)
        for (size_t n = 0; n < ROOM / 2 - EDGE; n += n < 20 ? 1 : 571) {
            wrong += !block_is_right(room, oracle, at, n);
            cases++;
        }
    heap_free(room);
    heap_free(oracle);
    judged("%u alignments and lengths from 0 on, %u wrong", cases, wrong);
    return verdict(cases > 80 && !wrong);
}

static bool atomics_work(void)
{
    volatile uint32_t word = 40;
    volatile uint8_t byte = 3;
    bool replaced = atomic_replace(&byte, 3, 9);
    bool refused = !atomic_replace(&byte, 3, 12);
    return atomic_fetch_add(&word, 2) == 40 && word == 42 && replaced &&
           refused && byte == 9;
}

// With others online the prefixes must be there, and stay.
static enum check_result check_locked(unsigned sites)
{
    bool works = atomics_work();
    judged("%u CPUs; %u of %u sites locked; results %s",
           popcount32(cpus_online()), locks_count(), sites,
           works ? "right" : "WRONG");
    return verdict(works && sites > 2 && locks_count() == sites);
}

// Nobody else may be running: text_write's contract, and locks_set's.
enum check_result check_locks(void)
{
    unsigned sites = (unsigned)(smp_locks_end - smp_locks_start);
    unsigned before = locks_count();
    if (cpus_online() != 1)
        return check_locked(sites);
    bool on = interrupts_off();
    unsigned refused = locks_set(true);
    unsigned with = locks_count();
    bool locked = atomics_work();
    refused += locks_set(false);
    unsigned without = locks_count();
    bool plain = atomics_work();
    refused += locks_set(before != 0);
    interrupts_restore(on);
    judged("%u sites; locked %u, then %u, then %u, %u refused; results %s",
           sites, before, with, without, refused,
           locked && plain ? "alike" : "WRONG");
    return verdict(sites > 2 && !refused && with == sites && !without &&
                   locked && plain);
}
