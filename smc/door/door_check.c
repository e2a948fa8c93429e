// SPDX-License-Identifier: MIT
// Suite `door`: what the door refuses, and that a refusal changes nothing.
//
// The subject is an arena of two pages, so that sites can lie anywhere,
// across the page boundary included.
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/lab.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"

static struct arena *arena;
static const uint8_t int3[TEXT_MAX + 1] = {0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                                           0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                                           0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
static const uint8_t nops[TEXT_MAX + 1] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                                           0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                                           0x90, 0x90, 0x90, 0x90, 0x90};

static enum check_result verdict(bool pass)
{
    return pass ? CHECK_PASS : CHECK_FAIL;
}

// Judges one refusal: the reason, in words; the journal's line; no byte
// changed.
static bool refused(void *site, const void *expected, const void *new,
                    size_t len, enum text_reason reason)
{
    char words[128];
    uint8_t before[TEXT_MAX];
    struct page_info page;
    bool readable = len && len <= TEXT_MAX && paging_lookup(site, &page) &&
                    paging_lookup((uint8_t *)site + len - 1, &page);
    if (readable)
        memcpy(before, site, len);
    uint64_t hash = text_hash();
    struct text_result r = text_write(site, expected, new, len, "door-chk");
    const struct journal_entry *e = journal_find(r.entry);
    judged("%s", text_explain(words, sizeof words, &r));
    return r.reason == reason && hash == text_hash() && e &&
           e->kind == JOURNAL_REFUSED &&
           (!readable || memcmp(before, site, len) == 0);
}

static enum check_result check_write(void)
{
    struct text_result r = text_write(arena->base, int3, nops, 3, "door-chk");
    bool written = memcmp(arena->base, nops, 3) == 0 && arena->base[3] == 0xcc;
    struct journal_entry *e = journal_find(r.entry);
    bool kept = e && !memcmp(e->old, int3, 3) && !memcmp(e->new, nops, 3);
    struct text_result undone = text_undo(r.entry);
    judged("entry #%u: cc cc cc -> 90 90 90, undone by #%u", r.entry,
           undone.entry);
    return verdict(r.reason == TEXT_OK && written && kept &&
                   undone.reason == TEXT_OK &&
                   memcmp(arena->base, int3, 4) == 0);
}

static enum check_result check_alias_closed(void)
{
    struct page_info page;
    struct text_result r = text_write(arena->base, int3, nops, 1, "door-chk");
    bool open = paging_lookup((void *)PAGING_ALIAS, &page) ||
                paging_lookup((void *)(PAGING_ALIAS + PAGE_SIZE), &page);
    text_undo(r.entry);
    paging_lookup(arena->base, &page);
    judged("alias %s; the site's page is %s", open ? "OPEN" : "closed",
           page.rights & PAGE_WRITE ? "WRITABLE" : "read-only");
    return verdict(!open && page.rights == PAGE_EXEC);
}

static enum check_result check_crossing(void)
{
    uint8_t *site = arena->base + PAGE_SIZE - 2;
    struct text_result r = text_write(site, int3, nops, 5, "door-chk");
    bool written = memcmp(site, nops, 5) == 0;
    struct text_result undone = text_undo(r.entry);
    judged("5 bytes at page end - 2");
    return verdict(r.reason == TEXT_OK && written &&
                   undone.reason == TEXT_OK && !memcmp(site, int3, 5));
}

// In kernel text: with interrupts off only the door and this function run,
// so any page boundary outside both may hold nonsense for a moment.
static enum check_result check_crossing_text(void)
{
    char where[64];
    uint32_t offset;
    uint8_t *site = (uint8_t *)PAGE_ALIGN_UP((uintptr_t)door_end) + PAGE_SIZE -
                    2,
            old[4], new[4];
    if (!strcmp(symbol_name(site, &offset), "check_crossing_text"))
        site += PAGE_SIZE;
    memcpy(old, site, 4);
    for (int i = 0; i < 4; i++)
        new[i] = (uint8_t)~old[i];
    uint64_t hash = text_hash();
    bool on = interrupts_off();
    struct text_result r = text_write(site, old, new, 4, "door-chk");
    bool written = memcmp(site, new, 4) == 0;
    struct text_result undone = text_undo(r.entry);
    interrupts_restore(on);
    judged("4 bytes across a page at %s, written and undone",
           symbol_format(where, sizeof where, site));
    return verdict(r.reason == TEXT_OK && written &&
                   undone.reason == TEXT_OK && hash == text_hash());
}

static enum check_result check_unmapped(void)
{
    uint8_t *second = arena->base + PAGE_SIZE;
    paging_unmap((uintptr_t)second, 1);
    bool ok = refused(second - 2, int3, nops, 5, TEXT_UNMAPPED);
    bool untouched = second[-2] == 0xcc && second[-1] == 0xcc;
    paging_map((uintptr_t)second, phys_of(second), 1, PAGE_EXEC);
    return verdict(ok && untouched);
}

static enum check_result check_mismatch(void)
{
    return verdict(refused(arena->base, nops, int3, 5, TEXT_MISMATCH));
}

static enum check_result check_same(void)
{
    return verdict(refused(arena->base, int3, int3, 5, TEXT_SAME));
}

static enum check_result check_length_0(void)
{
    return verdict(refused(arena->base, int3, nops, 0, TEXT_BAD_LENGTH));
}

static enum check_result check_length_17(void)
{
    return verdict(
        refused(arena->base, int3, nops, TEXT_MAX + 1, TEXT_BAD_LENGTH));
}

static enum check_result check_outside(void)
{
    static uint8_t data[4] = {1, 2, 3, 4};
    uint8_t *heap = heap_zalloc(1, 16);
    uint8_t *const sites[] = {data,
                              heap,
                              (uint8_t *)(uintptr_t)int3,
                              NULL,
                              (uint8_t *)UINTPTR_MAX - 1,
                              layout_at(text_start, -1),
                              layout_at(text_end, -1),
                              arena->base + arena->size - 2};
    size_t passed = 0, n = sizeof sites / sizeof sites[0];
    for (size_t i = 0; i < n; i++)
        passed += refused(sites[i], int3, nops, 3, TEXT_OUTSIDE);
    heap_free(heap);
    judged("%u of %u: data, heap, rodata, null, top of memory, both ends of "
           "text, end of an arena",
           passed, n);
    return verdict(passed == n && data[0] == 1);
}

static enum check_result check_door_itself(void)
{
    uint8_t *const sites[] = {(uint8_t *)text_write, (uint8_t *)memcpy,
                              (uint8_t *)door_start, layout_at(door_end, -1),
                              (uint8_t *)paging_lookup};
    size_t passed = 0, n = sizeof sites / sizeof sites[0];
    for (size_t i = 0; i < n; i++)
        passed += refused(sites[i], sites[i], nops, 1, TEXT_DOOR);
    judged("%u of %u sites in the door, paging and memcpy", passed, n);
    return verdict(passed == n);
}

static enum check_result check_undo_order(void)
{
    uint8_t *site = arena->base + 64;
    char words[128];
    uint32_t a = text_write(site, int3, nops, 4, "door-chk").entry;
    static const uint8_t mixed[] = {0x90, 0x90, 0xcc, 0xcc};
    uint32_t b = text_write(site + 2, mixed, mixed + 2, 2, "door-chk").entry;
    struct text_result r = text_undo(a);
    bool early = r.reason == TEXT_OVERLAPPED && r.other == b &&
                 site[0] == 0x90;
    judged("undo #%u: %s", a, text_explain(words, sizeof words, &r));
    bool late = text_undo(b).reason == TEXT_OK &&
                text_undo(a).reason == TEXT_OK;
    return verdict(early && late && memcmp(site, int3, 4) == 0);
}

static enum check_result check_undo_twice(void)
{
    char words[128];
    uint32_t a = text_write(arena->base, int3, nops, 2, "door-chk").entry;
    struct text_result first = text_undo(a), second = text_undo(a);
    struct text_result of_undo = text_undo(first.entry);
    judged("second time: %s", text_explain(words, sizeof words, &second));
    return verdict(first.reason == TEXT_OK && second.reason == TEXT_UNDONE &&
                   of_undo.reason == TEXT_NOT_PATCH && arena->base[0] == 0xcc);
}

static enum check_result check_undo_unknown(void)
{
    bool zero = text_undo(0).reason == TEXT_NO_ENTRY;
    bool future = text_undo(journal_last() + 1000).reason == TEXT_NO_ENTRY;
    bool most = text_undo(UINT32_MAX).reason == TEXT_NO_ENTRY;
    judged("#0, the number after the last, 0xffffffff");
    return verdict(zero && future && most);
}

static enum check_result check_undo_changed_bytes(void)
{
    // Another hand changed the bytes: only possible around the door.
    uint32_t a = text_write(arena->base, int3, nops, 2, "door-chk").entry;
    paging_protect(arena->base, 1, PAGE_WRITE);
    arena->base[1] = 0xc3;
    paging_protect(arena->base, 1, PAGE_EXEC);
    char words[128];
    struct text_result r = text_undo(a);
    judged("%s", text_explain(words, sizeof words, &r));
    bool kept = arena->base[0] == 0x90 && arena->base[1] == 0xc3;
    paging_protect(arena->base, 1, PAGE_WRITE);
    arena->base[1] = 0x90;
    paging_protect(arena->base, 1, PAGE_EXEC);
    return verdict(r.reason == TEXT_MISMATCH && kept &&
                   text_undo(a).reason == TEXT_OK);
}

static enum check_result check_wrapped(void)
{
    uint8_t *site = arena->base + 128;
    uint32_t first = 0, last = 0, made = 0;
    for (uint32_t i = 0; i < 2 * JOURNAL_SIZE; i++) {
        uint8_t old = site[0], new = (uint8_t)(old + 1);
        struct text_result r = text_write(site, &old, &new, 1, "door-chk");
        made += r.reason == TEXT_OK;
        last = r.entry;
        first = first ? first : r.entry;
    }
    enum text_reason gone = text_undo(first).reason;
    uint8_t before = site[0];
    uint32_t undone = 0;
    struct journal_entry *e;
    while ((e = journal_overlap(site, 1, UINT32_MAX)))
        undone += text_undo(e->number).reason == TEXT_OK;
    judged("%u patches #%u..#%u; #%u has left: refused; %u undos bring %02x "
           "back to %02x",
           made, first, last, first, undone, before, site[0]);
    return verdict(made == 2 * JOURNAL_SIZE && gone == TEXT_NO_ENTRY &&
                   site[0] == 0xcc && undone <= JOURNAL_SIZE);
}

// Fills the journal with live patches of different sites.
static enum check_result check_full(void)
{
    struct text_result r = {0};
    uint32_t live = 0;
    struct arena *many = arena_create("door check, many", 2 * PAGE_SIZE);
    if (!many)
        return CHECK_FAIL;
    for (; live < many->size; live++) {
        r = text_write(many->base + live, int3, nops, 1, "door-chk");
        if (r.reason != TEXT_OK)
            break;
    }
    bool untouched = many->base[live] == 0xcc;
    char words[128];
    judged("after %u live sites: %s", live,
           text_explain(words, sizeof words, &r));
    arena_destroy(many);
    struct text_result again = text_write(arena->base, int3, nops, 1,
                                          "door-chk");
    return verdict(r.reason == TEXT_FULL && untouched && live > 900 &&
                   again.reason == TEXT_OK &&
                   text_undo(again.entry).reason == TEXT_OK);
}

static enum check_result check_hash(void)
{
    uint8_t *site = layout_at(text_end, -1); // padding behind the last byte
    uint8_t old = *site, new = (uint8_t)~old;
    uint64_t before = text_hash();
    struct text_result r = text_write(site, &old, &new, 1, "door-chk");
    uint64_t during = text_hash();
    text_undo(r.entry);
    judged("%016llx, one byte patched %016llx, undone %016llx", before, during,
           text_hash());
    return verdict(before != during && before == text_hash());
}

static enum check_result check_arena_rights(void)
{
    struct page_info page;
    size_t wrong = 0;
    for (size_t i = 0; i < arena->size; i++)
        wrong += arena->base[i] != 0xcc;
    paging_lookup(arena->base, &page);
    judged("%u bytes, %u not INT3; rights r%c%c", arena->size, wrong,
           page.rights & PAGE_WRITE ? 'w' : '-',
           page.rights & PAGE_EXEC ? 'x' : '-');
    return verdict(!wrong && page.rights == PAGE_EXEC);
}

static enum check_result check_arena_write(void)
{
    static const uint8_t code[] = {0xb8, 0x2a, 0, 0, 0, 0xc3};
    uint8_t *at = arena_reserve(arena, sizeof code, 16);
    struct text_result r = arena_write(arena, at, code, sizeof code,
                                       "door-chk");
    uint32_t result = ((uint32_t(*)(void))(void *)at)();
    enum text_reason past = arena_write(arena, arena->base + arena->size - 2,
                                        code, sizeof code, "door-chk")
                                .reason;
    enum text_reason none = arena_write(arena, at, code, 0, "door-chk").reason;
    arena_write(arena, at, int3, sizeof code, "door-chk");
    judged("mov $42,%%eax; ret returns %u; past the end and length 0 refused",
           result);
    return verdict(r.reason == TEXT_OK && result == 42 &&
                   past == TEXT_OUTSIDE && none == TEXT_BAD_LENGTH);
}

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
    bool ok = refused(data - 2, int3, nops, 4, TEXT_UNMAPPED);
    data[0] = 7;
    arena_make_data(image, data, PAGE_SIZE, false);
    paging_lookup(data, &page);
    bool frozen = page.rights == PAGE_READ && data[0] == 7;
    arena_destroy(image);
    judged("a page in the middle becomes data: no patch reaches it");
    return verdict(!ragged && made && writable && ok && frozen);
}

static enum check_result check_arena_destroy(void)
{
    struct page_stats before = page_stats();
    struct arena *short_lived = arena_create("door check, short", 1);
    uint8_t *base = short_lived->base;
    uint32_t n = text_write(base, int3, nops, 1, "door-chk").entry;
    arena_destroy(short_lived);
    struct page_info page;
    paging_lookup(base, &page);
    struct text_result r = text_undo(n);
    char words[128];
    judged("undo #%u: %s", n, text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_FREED && page.rights == PAGE_WRITE &&
                   page_stats().used == before.used);
}

static enum check_result check_begin(void)
{
    arena = arena_create("door check", 2 * PAGE_SIZE);
    return arena ? check_arena_rights() : CHECK_FAIL;
}

static enum check_result check_end(void)
{
    bool clean = !memchr(arena->base, 0x90, arena->size);
    arena_destroy(arena);
    arena = NULL;
    judged("every check left INT3 behind");
    return verdict(clean);
}

static const struct check door_checks[] = {
    {"a fresh arena is INT3, readable and executable", check_begin},
    {"a patch is written, journaled and undone", check_write},
    {"the alias is closed after a write", check_alias_closed},
    {"a site may cross a page", check_crossing},
    {"a site may cross a page of kernel text", check_crossing_text},
    {"an unmapped second page: refused, first page untouched", check_unmapped},
    {"wrong old bytes: refused with both byte strings", check_mismatch},
    {"new bytes equal to old ones: refused", check_same},
    {"length 0: refused", check_length_0},
    {"length over the limit: refused", check_length_17},
    {"sites outside text and arenas: refused", check_outside},
    {"the door does not rewrite itself", check_door_itself},
    {"undo out of order: refused, names the entry in the way",
     check_undo_order},
    {"undo twice, and undo of an undo: refused", check_undo_twice},
    {"undo of an entry that never was: refused", check_undo_unknown},
    {"undo where the bytes have changed: refused", check_undo_changed_bytes},
    {"a journal that wrapped still brings the first bytes back",
     check_wrapped},
    {"a journal full of live patches: refused, nothing written", check_full},
    {"the hash sees one byte, and its undo", check_hash},
    {"a generated block runs; its limits hold", check_arena_write},
    {"pages of an image can be data", check_arena_data},
    {"a destroyed arena gives everything back", check_arena_destroy},
    {"nothing is left behind", check_end},
};
CHECK_SUITE(door, door_checks);
