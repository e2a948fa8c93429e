// SPDX-License-Identifier: MIT
// Suite `fuzz`: does the fuzzer see what it is there to see? Each check lets
// one thing go wrong on purpose, in the place of a load.
#include "kernel/heap.h"
#include "kernel/lab.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/door/text.h"
#include "smc/load/fuzz/fuzz.h"
#include "smc/load/fuzz/mutate.h"

// Neither format: a load of it is refused with words.
static const uint8_t bytes[64] = "neither ELF nor PE";
static const struct module file = {.name = "sample",
                                   .cmdline = "sample",
                                   .data = bytes,
                                   .size = sizeof bytes};
static void *lost;

static void write_below(void *arg)
{
    struct fuzz *fuzz = arg;
    fuzz->cage.base[CAGE_FENCE * PAGE_SIZE - 1] ^= 1;
}

// Once with a page of the hole in use, to show that it is one.
static void write_above(void *arg)
{
    struct fuzz *fuzz = arg;
    uint8_t *page = pages_alloc(fuzz->cage.hole);
    bool inside = page == fuzz->cage.base + CAGE_FENCE * PAGE_SIZE;
    if (inside)
        page[fuzz->cage.hole * PAGE_SIZE] ^= 1;
    if (page)
        pages_free(page, fuzz->cage.hole);
}

// A block of the heap, and one byte more.
static void write_canary(void *arg)
{
    struct fuzz *fuzz = arg;
    uint8_t *block = heap_alloc(16);
    fuzz->cage.canary[0][15] ^= (uint8_t)(block != NULL);
    heap_free(block);
}

static void write_copy(void *arg)
{
    struct fuzz *fuzz = arg;
    fuzz->copy[5] = 0;
    fuzz->copy[50] = 1;
    fuzz->copy[20] = 2;
    fuzz->copy[40] = 3;
}

// What a loader that follows a wild pointer would end in, told apart from:
static void fault(void *arg)
{
    (void)arg;
    __asm__ volatile("ud2");
}

static void loop(void *arg)
{
    (void)arg;
    for (;;)
        __asm__ volatile("");
}

static void lose_page(void *arg)
{
    (void)arg;
    lost = pages_alloc(1);
}

static void lose_block(void *arg)
{
    (void)arg;
    lost = heap_alloc(16);
}

// One undamaged attempt of this kind. The row tells what was seen.
static struct fuzz_row row_of(void (*attempt)(void *))
{
    struct fuzz *fuzz = heap_alloc(sizeof *fuzz);
    struct fuzz_row row = {.mute = 1};

    if (fuzz && fuzz_begin(fuzz, &file)) {
        fuzz->quiet = true;
        fuzz->ticks = 3;
        if (attempt)
            fuzz->attempt = attempt;
        fuzz_one(fuzz, 1);
        row = fuzz->row;
        fuzz_end(fuzz);
    }
    heap_free(fuzz);
    return row;
}

// The counterpart of the others: without it a fuzzer that cries at everything
// would pass them all.
static enum check_result check_quiet(void)
{
    struct fuzz_row row = row_of(NULL);

    judged("%u refused, %u loaded", row.refused, row.loaded);
    return verdict(fuzz_clean(&row) && row.refused == 1 && !row.loaded);
}

static enum check_result check_strays(void)
{
    void (*const writes[])(void *) = {write_below, write_above, write_canary,
                                      write_copy};
    uint32_t seen = 0, n = sizeof writes / sizeof writes[0];

    for (uint32_t i = 0; i < n; i++) {
        struct fuzz_row row = row_of(writes[i]);
        seen += row.strays == 1 && !fuzz_clean(&row) && !row.crashed;
    }
    judged("before, behind, in the heap, in the file: %u of %u seen", seen, n);
    return verdict(seen == n);
}

static enum check_result check_ends(void)
{
    struct fuzz_row crash = row_of(fault), hang = row_of(loop);

    judged("a fault: %u crashed, %u hung; a loop: %u crashed, %u hung",
           crash.crashed, crash.hung, hang.crashed, hang.hung);
    return verdict(crash.crashed == 1 && !crash.hung && hang.hung == 1 &&
                   !hang.crashed && !fuzz_clean(&crash) && !fuzz_clean(&hang));
}

// The page and the block are given back here, after they were missed.
static enum check_result check_leaks(void)
{
    struct page_stats before = page_stats();
    struct fuzz_row page, block;

    page = row_of(lose_page);
    pages_free(lost, 1);
    block = row_of(lose_block);
    heap_free(lost);
    judged("a page: %u, a block: %u; %u pages in use before, %u after",
           page.leaks, block.leaks, before.used, page_stats().used);
    return verdict(page.leaks == 1 && block.leaks == 1 &&
                   page_stats().used == before.used);
}

// The same seed, the same damage; and what was changed is put back.
static enum check_result check_mutate(void)
{
    uint8_t one[sizeof bytes], two[sizeof bytes];
    uint32_t same = 0, damaged = 0, undone = 0, cut = 0, words = 0;
    struct mutation mutation;

    for (uint32_t seed = 0; seed < 1000; seed++) {
        memcpy(one, bytes, sizeof one);
        memcpy(two, bytes, sizeof two);
        mutate(two, sizeof two, seed, &mutation);
        mutate(one, sizeof one, seed, &mutation);
        same += memcmp(one, two, sizeof one) == 0;
        // Two words may overlap, and the second undo the first: not often.
        damaged += mutation.size < sizeof one ||
                   memcmp(one, bytes, sizeof one) != 0;
        cut += mutation.size < sizeof one;
        words += mutation.words;
        mutate_undo(one, &mutation);
        undone += memcmp(one, bytes, sizeof one) == 0;
    }
    judged("of 1000: %u repeated, %u damaged, %u undone; %u cuts, %u words",
           same, damaged, undone, cut, words);
    return verdict(same == 1000 && damaged > 990 && undone == 1000 &&
                   cut > 20 && cut < 200 && words > 1000);
}

static const struct check checks[] = {
    {"damage is the same for the same seed, and undone", check_mutate},
    {"nothing wrong is nothing seen", check_quiet},
    {"stray writes are seen, each once", check_strays},
    {"a fault and an endless loop are told apart", check_ends},
    {"a lost page and a lost block are seen", check_leaks},
};
CHECK_SUITE(fuzz, checks);
