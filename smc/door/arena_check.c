// SPDX-License-Identifier: MIT
// Suite `arena`: generated code, images with data in them, and the end.
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/door_check.h"
#include "smc/door/journal.h"

// The block is run, not compared: a page that is not executable, or a CPU that
// still has the INT3s, shows only there. A block of no length is refused as a
// patch is, and one that sticks out is not cut.
static enum check_result check_arena_write(void)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; // mov; ret
    uint8_t *at = arena_reserve(door_subject, sizeof code, 16);
    struct text_result r = arena_write(door_subject, at, code, sizeof code,
                                       "door-chk");
    uint32_t result = ((uint32_t(*)(void))(void *)at)();
    enum text_reason past = arena_write(door_subject,
                                        door_subject->base +
                                            door_subject->size - 2,
                                        code, sizeof code, "door-chk")
                                .reason;
    enum text_reason none =
        arena_write(door_subject, at, code, 0, "door-chk").reason;
    arena_write(door_subject, at, door_int3, sizeof code, "door-chk");
    judged("mov $42,%%eax; ret returns %u; past the end and length 0 refused",
           result);
    return verdict(r.reason == TEXT_OK && result == 42 &&
                   past == TEXT_OUTSIDE && none == TEXT_BAD_LENGTH);
}

//   image   [ code r-x ][ data ][ code r-x ]
// Ragged ranges come first: rounded instead of refused, they would take the
// neighbour's code with them. Then the write that begins in code and ends in
// data; then frozen data, which must have kept what was put into it.
static enum check_result check_arena_data(void)
{
    struct page_info page;
    struct arena *image = arena_create("door check, image", 3 * PAGE_SIZE);
    if (!image)
        return CHECK_FAIL;
    uint8_t *data = image->base + PAGE_SIZE;
    bool ragged = arena_make_data(image, data + 1, PAGE_SIZE, true) ||
                  arena_make_data(image, data, 100, true) ||
                  arena_make_data(image, data, 3 * PAGE_SIZE, true);
    bool made = arena_make_data(image, data, PAGE_SIZE, true);
    paging_lookup(data, &page);
    bool writable = page.rights == PAGE_WRITE && data[0] == 0;
    bool ok = door_refuses(data - 2, door_int3, door_nops, 4, TEXT_UNMAPPED);
    data[0] = 7;
    arena_make_data(image, data, PAGE_SIZE, false);
    paging_lookup(data, &page);
    bool frozen = page.rights == PAGE_READ && data[0] == 7;
    arena_destroy(image);
    judged("a page in the middle becomes data: no patch reaches it");
    return verdict(!ragged && made && writable && ok && frozen);
}

// Three things to forget: the patch (an undo would write into somebody's
// data), the rights (the next owner's first store would fault), the page (seen
// in the allocator's count only).
static enum check_result check_arena_destroy(void)
{
    struct page_stats before = page_stats();
    struct arena *short_lived = arena_create("door check, short", 1);
    uint8_t *base = short_lived->base;
    uint32_t n = text_write(base, door_int3, door_nops, 1, "door-chk").entry;
    arena_destroy(short_lived);
    struct page_info page;
    paging_lookup(base, &page);
    struct text_result r = text_undo(n);
    char words[128];
    judged("undo #%u: %s", n, text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_FREED && page.rights == PAGE_WRITE &&
                   page_stats().used == before.used);
}

// A block is written over a patch: the patch is history, and no fold or undo
// may bring its bytes back.
static enum check_result check_regenerated(void)
{
    static const uint8_t second[] = {0xbb, 0x22, 0x22, 0x22};
    uint8_t *at = door_subject->base + 256, new = 0xbb;
    uint32_t first = text_write(at, door_int3, &new, 1, "door-chk").entry;
    arena_write(door_subject, at, second, sizeof second, "door-chk");
    struct text_result old = text_undo(first);
    uint32_t later = text_write(at, second, door_nops, 4, "door-chk").entry;
    enum text_reason undone = text_undo(later).reason;
    bool kept = memcmp(at, second, sizeof second) == 0;
    arena_write(door_subject, at, door_int3, sizeof second, "door-chk");
    char words[128];
    judged("undo #%u: %s", first, text_explain(words, sizeof words, &old));
    return verdict(old.reason == TEXT_REPLACED && undone == TEXT_OK && kept);
}

// The patch lies two bytes before the edge and two behind it. Both ways of
// giving up the second half are tried, and the patch must still be whole.
static enum check_result check_half_inside(void)
{
    uint8_t *edge = door_subject->base + PAGE_SIZE;
    uint32_t n =
        text_write(edge - 2, door_int3, door_nops, 4, "door-chk").entry;
    struct text_result block = arena_write(door_subject, edge, door_int3, 16,
                                           "door-chk");
    bool data = arena_make_data(door_subject, edge, PAGE_SIZE, true);
    bool kept = memcmp(edge - 2, door_nops, 4) == 0;
    char words[128];
    judged("%s", text_explain(words, sizeof words, &block));
    return verdict(block.reason == TEXT_STRADDLED && block.other == n &&
                   !data && kept && text_undo(n).reason == TEXT_OK);
}

// More blocks than the journal has entries, over the same bytes and over
// fresh ones: their lines must not shut the door.
static enum check_result check_many_blocks(void)
{
    uint8_t *at = door_subject->base + 512;
    uint32_t written = 0;
    for (uint32_t i = 0; i < 2 * JOURNAL_SIZE; i++)
        written += arena_write(door_subject, at + i % 512, door_int3, 16,
                               "door-chk")
                       .reason == TEXT_OK;
    struct text_result r = text_write(at, door_int3, door_nops, 1, "door-chk");
    judged("%u blocks, then a patch: %s", written,
           r.reason == TEXT_OK ? "written" : "refused");
    return verdict(written == 2 * JOURNAL_SIZE && r.reason == TEXT_OK &&
                   text_undo(r.entry).reason == TEXT_OK);
}

// A block is copied in pieces straight from the source, so it may not come
// from its own place. A patch is copied through its entry: it may, and the
// bytes must be those from before the first store.
static enum check_result check_own_source(void)
{
    uint8_t *at = door_subject->base + 64;
    enum text_reason block =
        arena_write(door_subject, at + 1, at, 8, "door-chk").reason;
    static const uint8_t steps[] = {0, 1, 2, 3, 4};
    arena_write(door_subject, at, steps, sizeof steps, "door-chk");
    // A patch may come from anywhere: its bytes are taken once.
    struct text_result r = text_write(at + 1, steps + 1, at, 4, "door-chk");
    bool shifted = memcmp(at + 1, steps, 4) == 0;
    bool undone = text_undo(r.entry).reason == TEXT_OK;
    arena_write(door_subject, at, door_int3, sizeof steps, "door-chk");
    judged("a block from itself refused, a patch from itself shifts");
    return verdict(block == TEXT_SOURCE && shifted && undone);
}

static void write_from_nowhere(void *source)
{
    arena_write(door_subject, door_subject->base, source, 2 * PAGE_SIZE,
                "door-chk");
}

// The second page of the source is missing. A fault in the middle of the copy
// would leave a line without its write, and the alias open behind it.
static enum check_result check_bad_source(void)
{
    struct page_info page;
    uint8_t *source = pages_alloc(2);
    if (!source)
        return CHECK_FAIL;
    paging_unmap((uintptr_t)source + PAGE_SIZE, 1);
    uint32_t lines = journal_last();
    bool returned = trap_try(write_from_nowhere, source, NULL);
    bool open = paging_lookup((void *)PAGING_ALIAS, &page);
    paging_map((uintptr_t)source + PAGE_SIZE, phys_of(source) + PAGE_SIZE, 1,
               PAGE_WRITE);
    pages_free(source, 2);
    judged("it faults before anything is journaled; alias %s",
           open ? "OPEN" : "closed");
    return verdict(!returned && !open && journal_last() == lines &&
                   door_subject->base[0] == 0xcc);
}

// Everything that must not become code: a page that is code already, bytes
// that lie where they are to go, more than fits, ragged ranges.
static bool fill_refuses(struct arena *image, uint8_t *code, uint8_t *data)
{
    const struct {
        uint8_t *at;
        size_t bytes;
        const uint8_t *source;
        size_t len;
        enum text_reason reason;
    } bad[] = {
        {code, PAGE_SIZE, door_nops, 4, TEXT_UNMAPPED},
        {code, 2 * PAGE_SIZE, door_nops, 4, TEXT_UNMAPPED},
        {data, PAGE_SIZE, data + 4, 8, TEXT_SOURCE},
        {data, PAGE_SIZE, door_nops, PAGE_SIZE + 1, TEXT_BAD_LENGTH},
        {data + 16, PAGE_SIZE, door_nops, 4, TEXT_BAD_LENGTH},
        {data, PAGE_SIZE - 1, door_nops, 4, TEXT_BAD_LENGTH},
        {data, 2 * PAGE_SIZE, door_nops, 4, TEXT_OUTSIDE},
    };
    bool all = true;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        all &= arena_fill(image, bad[i].at, bad[i].bytes, bad[i].source,
                          bad[i].len, "door-chk")
                   .reason == bad[i].reason;
    return all;
}

// Filled where it lies and run: what the page shows when it is code must be
// the code and traps, and its line in the journal must have both byte strings.
static enum check_result check_arena_fill(void)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; // mov; ret
    struct page_info before, after;
    struct arena *image = arena_create_data("door check, image", 0,
                                            2 * PAGE_SIZE);
    if (!image)
        return CHECK_FAIL;
    uint8_t *at = image->base;
    memset(at, 0x5a, 2 * PAGE_SIZE);
    paging_lookup(at, &before);
    memcpy(at, code, sizeof code);
    struct text_result r = arena_fill(image, at, PAGE_SIZE, at, sizeof code,
                                      "door-chk");
    paging_lookup(at, &after);
    const struct journal_entry *line = journal_find(r.entry);
    bool journaled = line && line->site == at && line->len == sizeof code &&
                     !memcmp(line->old, door_int3, sizeof code) &&
                     !memcmp(line->new, code, sizeof code);
    bool rights = before.rights == PAGE_WRITE && after.rights == PAGE_EXEC;
    bool traps = at[sizeof code] == 0xcc && at[PAGE_SIZE - 1] == 0xcc;
    uint32_t result = ((uint32_t(*)(void))(void *)at)();
    bool refused = fill_refuses(image, at, at + PAGE_SIZE);
    bool untouched = at[PAGE_SIZE] == 0x5a && at[2 * PAGE_SIZE - 1] == 0x5a;
    arena_destroy(image);
    judged("rw- to r-x, returns %u, journal line %u", result, r.entry);
    return verdict(r.reason == TEXT_OK && result == 42 && rights && traps &&
                   journaled && refused && untouched);
}

static uint32_t run(const void *code)
{
    return ((uint32_t(*)(void))(uintptr_t)code)();
}

// Two owners on one page. No patch may lie in both, or in one and behind it.
// The first goes, with a patch in it: its code traps, with a line in the
// journal, and the patch is history. The second runs as before, and with it
// goes the page.
static enum check_result check_slices(void)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3}; // mov; ret
    struct page_stats before = page_stats();
    struct arena *whole = arena_create("door check, whole", PAGE_SIZE);
    uint8_t *at = whole ? whole->base : NULL;
    if (!at)
        return CHECK_FAIL;
    arena_write(whole, at, code, sizeof code, "door-chk");
    arena_write(whole, at + sizeof code, code, sizeof code, "door-chk");
    struct arena *one = arena_slice(whole, "one", at, sizeof code);
    struct arena *two = arena_slice(whole, "two", at + sizeof code, 6);
    bool named = arena_of(at + 5, 1) == one && arena_of(at + 6, 1) == two &&
                 arena_of(at + 5, 2) == whole &&
                 !arena_slice(whole, "past", at, PAGE_SIZE + 1);
    bool apart = door_refuses(at + 5, code, door_nops, 2, TEXT_OUTSIDE) &&
                 door_refuses(at + 11, code, door_nops, 2, TEXT_OUTSIDE);
    uint32_t n = text_write(at + 1, "\x2a", "\x2b", 1, "door-chk").entry;
    bool both = run(at) == 43 && run(at + 6) == 42;
    arena_destroy(whole); // goes later
    arena_destroy(one);
    const struct journal_entry *line = journal_find(journal_last());
    bool traps = !memcmp(at, door_int3, 6) && line->site == at &&
                 line->len == 6 && !memcmp(line->old + 1, "\x2b", 1);
    struct text_result r = text_undo(n);
    apart &= door_refuses(at + 5, code, door_nops, 2, TEXT_OUTSIDE);
    bool stays = run(at + 6) == 42 && page_stats().used > before.used;
    arena_destroy(two);
    char words[128];
    judged("undo #%u: %s", n, text_explain(words, sizeof words, &r));
    return verdict(named && apart && both && traps && stays &&
                   r.reason == TEXT_FREED && page_stats().used == before.used);
}

static const struct check arena_checks[] = {
    {"a fresh arena is INT3, readable and executable", door_check_begin},
    {"a generated block runs; its limits hold", check_arena_write},
    {"pages of an image can be data", check_arena_data},
    {"data pages become code once they are full", check_arena_fill},
    {"a destroyed arena gives everything back", check_arena_destroy},
    {"a slice goes alone, its page with the last one", check_slices},
    {"a block over a patch: the patch can no longer be undone",
     check_regenerated},
    {"a block over half a patch: refused", check_half_inside},
    {"blocks without number leave the door open", check_many_blocks},
    {"a source inside the target", check_own_source},
    {"a source that is not all mapped", check_bad_source},
    {"nothing is left behind", door_check_end},
};
CHECK_SUITE(arena, arena_checks);
