// SPDX-License-Identifier: MIT
// Suite `place`: arenas below the kernel, at an address of somebody's choice.
#include "kernel/audit.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/door_check.h"

#define PLACE 0x12345000u

// mov $n, %eax; ret
static enum text_reason write_answer(struct arena *arena, size_t at, uint8_t n)
{
    const uint8_t code[] = {0xb8, n, 0, 0, 0, 0xc3};
    return arena_write(arena, arena->base + at, code, sizeof code, "place-chk")
        .reason;
}

static uint32_t ask(const struct arena *arena, size_t at)
{
    return ((uint32_t(*)(void))(void *)(arena->base + at))();
}

static bool has_rights(const void *va, unsigned rights)
{
    struct page_info page;
    return paging_lookup(va, &page) && page.rights == rights;
}

static bool is_mapped(const void *va)
{
    struct page_info page;
    return paging_lookup(va, &page);
}

// The frames of an ordinary arena are mapped once because nothing is ever
// mapped a second time. Here somebody has to take the first view away.
static enum check_result check_created(void)
{
    struct arena *arena = arena_create_at("place check", PLACE, 3 * PAGE_SIZE);
    char words[64];
    bool ok = arena && (uintptr_t)arena->base == PLACE;
    if (!ok)
        return CHECK_FAIL;
    ok = has_rights(arena->base, PAGE_EXEC) && *arena->base == 0xcc &&
         !is_mapped(arena->frames) && arena_of(arena->base + 5, 1) == arena;
    ok &= write_answer(arena, 2 * PAGE_SIZE - 3, 42) == TEXT_OK;
    uint32_t answer = ask(arena, 2 * PAGE_SIZE - 3);
    ok &= arena_make_data(arena, arena->base, PAGE_SIZE, true) &&
          has_rights(arena->base, PAGE_WRITE) && *arena->base == 0;
    uint32_t both = audit_run(0);
    symbol_format(words, sizeof words, arena->base + 0x1ffd);
    arena_destroy(arena);
    judged("code over a page border at %s returns %u; %u pages wx", words,
           answer, both);
    return verdict(ok && answer == 42 && both == 0 &&
                   strcmp(words, "[place check]+0x1ffd") == 0);
}

// Everything that an address can be, and one that is good for comparison.
static enum check_result check_refused(void)
{
    static const struct {
        uintptr_t base;
        size_t bytes;
        const char *why; // the first words
    } at[] = {
        {PLACE + 1, 1, "is no multiple"},
        {0, 1, "is in the first"},
        {0xf000, 1, "is in the first"},
        {KERNEL_BASE, 1, "belongs to the kernel"},
        {0xfffff000, 1, "belongs to the kernel"},
        {KERNEL_BASE - PAGE_SIZE, PAGE_SIZE + 1, "leaves too little"},
        {0x10000, 0, "leaves too little"},
        {0x10000, 0xffffffff, "leaves too little"},
        {PLACE, 1, "is taken"},
        {PLACE - PAGE_SIZE, PAGE_SIZE + 1, "is taken"},
        {PLACE - PAGE_SIZE, PAGE_SIZE, NULL},
        {PLACE + PAGE_SIZE, 1, NULL},
        {KERNEL_BASE - PAGE_SIZE, PAGE_SIZE, NULL},
    };
    unsigned n = sizeof at / sizeof at[0], right = 0;
    struct arena *arena = arena_create_at("place check", PLACE, 1);
    for (unsigned i = 0; i < n; i++) {
        const char *why = arena_refuse_at(at[i].base, at[i].bytes);
        bool as_said = why && at[i].why
                           ? !strncmp(why, at[i].why, strlen(at[i].why))
                           : why == at[i].why;
        right += as_said &&
                 (!why ||
                  !arena_create_at("place check", at[i].base, at[i].bytes));
    }
    arena_destroy(arena);
    judged("%u of %u as expected", right, n);
    return verdict(arena && right == n);
}

// Tables and directories count as pages: a loader that draws a place each
// time would otherwise lose three pages with every file.
static enum check_result check_destroyed(void)
{
    uint32_t before = page_stats().used, rw = 0;
    struct arena *arena = arena_create_at("place check", 0x7ffff000,
                                          2 * PAGE_SIZE);
    if (!arena)
        return CHECK_FAIL;
    uint8_t *frames = arena->frames, *base = arena->base;
    uint32_t used = page_stats().used;
    uint32_t n = text_write(base, door_int3, door_nops, 1, "place-chk").entry;
    arena_destroy(arena);
    for (int i = 0; i < 2; i++)
        rw += has_rights(frames + i * PAGE_SIZE, PAGE_WRITE);
    bool gone = !is_mapped(base) && !is_mapped(base + PAGE_SIZE);
    struct text_result r = text_undo(n);
    judged("%u pages in use before, %u meanwhile, %u after", before, used,
           page_stats().used);
    return verdict(rw == 2 && gone && r.reason == TEXT_FREED &&
                   used > before + 2 && page_stats().used == before);
}

// Draws are repeatable, lie where they may, and are spread: of 1000 places
// among three quarters of a million hardly one is drawn twice.
static enum check_result check_drawn(void)
{
    uint32_t seed = 1, again = 1, bad = 0, low = 0, same = 0;
    uintptr_t last = 0;
    for (int i = 0; i < 1000; i++) {
        uintptr_t at = arena_draw(100000, &seed);
        bad += at != arena_draw(100000, &again) || arena_refuse_at(at, 100000);
        low += at < KERNEL_BASE / 2;
        same += at == last;
        last = at;
    }
    judged("1000 places: %u refused, %u in the lower half, %u repeated", bad,
           low, same);
    return verdict(!bad && !same && low > 400 && low < 600);
}

// Takes runs of halving size until less than `keep` pages are left, chained
// through their first words.
struct run {
    struct run *next;
    size_t pages;
};

static struct run *take_all_but(uint32_t keep)
{
    struct run *runs = NULL;
    for (size_t size = 1u << 16; size; size /= 2)
        for (;;) {
            uint32_t left = page_stats().usable - page_stats().used;
            struct run *run = left >= keep + size ? pages_alloc(size) : NULL;
            if (!run)
                break;
            *run = (struct run){runs, size};
            runs = run;
        }
    return runs;
}

// paging_map would panic for want of a table. The arena is refused before.
static enum check_result check_no_memory(void)
{
    uint32_t before = page_stats().used, refused = 0, made = 0;
    for (uint32_t keep = 0; keep < 12; keep++) {
        struct run *runs = take_all_but(keep), *next;
        struct arena *arena = arena_create_at("place check", PLACE, 1);
        refused += !arena;
        made += arena != NULL;
        arena_destroy(arena);
        for (; runs; runs = next) {
            next = runs->next;
            pages_free(runs, runs->pages);
        }
    }
    judged("with 0 to 11 pages left: %u refused, then %u made", refused, made);
    return verdict(refused && made && page_stats().used == before);
}

static const struct check place_checks[] = {
    {"an arena at an address of choice is like any other", check_created},
    {"addresses that cannot be are refused in words", check_refused},
    {"destroyed, it gives back tables and frames", check_destroyed},
    {"places are drawn, and again", check_drawn},
    {"without memory it is refused", check_no_memory},
};
CHECK_SUITE(place, place_checks);
