// SPDX-License-Identifier: MIT
// Suite `door`: what the door writes, what it refuses, and that a refusal
// changes nothing.
#include "smc/door/door_check.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/symbols.h"

// The byte behind the site is looked at too: a copy that is one too long
// compares equal in the bytes that were asked for. So is the line, because
// an undo has nothing else to go by.
static enum check_result check_write(void)
{
    struct text_result r = text_write(door_subject->base, door_int3, door_nops,
                                      3, "door-chk");
    bool written = memcmp(door_subject->base, door_nops, 3) == 0 &&
                   door_subject->base[3] == 0xcc;
    struct journal_entry *e = journal_find(r.entry);
    bool kept = e && !memcmp(e->old, door_int3, 3) &&
                !memcmp(e->new, door_nops, 3);
    struct text_result undone = text_undo(r.entry);
    judged("entry #%u: cc cc cc -> 90 90 90, undone by #%u", r.entry,
           undone.entry);
    return verdict(r.reason == TEXT_OK && written && kept &&
                   undone.reason == TEXT_OK &&
                   memcmp(door_subject->base, door_int3, 4) == 0);
}

// Nothing else here notices an alias that stays: all bytes are right. The
// second page of the window counts, it is the one a crossing would leave.
static enum check_result check_alias_closed(void)
{
    struct page_info page;
    struct text_result r = text_write(door_subject->base, door_int3, door_nops,
                                      1, "door-chk");
    bool open = paging_lookup((void *)PAGING_ALIAS, &page) ||
                paging_lookup((void *)(PAGING_ALIAS + PAGE_SIZE), &page);
    text_undo(r.entry);
    paging_lookup(door_subject->base, &page);
    judged("alias %s; the site's page is %s", open ? "OPEN" : "closed",
           page.rights & PAGE_WRITE ? "WRITABLE" : "read-only");
    return verdict(!open && page.rights == PAGE_EXEC);
}

// With one page mapped the third store would fault. In an arena the next page
// is also the next frame, so an alias that guessed the second frame passes;
// the door looks it up.
static enum check_result check_crossing(void)
{
    uint8_t *site = door_subject->base + PAGE_SIZE - 2;
    struct text_result r = text_write(site, door_int3, door_nops, 5,
                                      "door-chk");
    bool written = memcmp(site, door_nops, 5) == 0;
    struct text_result undone = text_undo(r.entry);
    judged("5 bytes at page end - 2");
    return verdict(r.reason == TEXT_OK && written &&
                   undone.reason == TEXT_OK && !memcmp(site, door_int3, 5));
}

// In kernel text: with interrupts off only the door runs, and this function is
// part of it by linker.ld. So the first page boundary behind the door may hold
// nonsense for a moment.
static enum check_result check_crossing_text(void)
{
    char where[64];
    uint8_t *site = (uint8_t *)PAGE_ALIGN_UP((uintptr_t)door_end) + PAGE_SIZE -
                    2,
            old[4], new[4];
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

//   second - 2   [ .. cc cc ] mapped
//   second       [ cc cc cc ] not mapped any more
// A door that judges a page when it comes to it has written two bytes by the
// time it finds out.
static enum check_result check_unmapped(void)
{
    uint8_t *second = door_subject->base + PAGE_SIZE;
    paging_unmap((uintptr_t)second, 1);
    bool ok = door_refuses(second - 2, door_int3, door_nops, 5, TEXT_UNMAPPED);
    bool untouched = second[-2] == 0xcc && second[-1] == 0xcc;
    paging_map((uintptr_t)second, phys_of(second), 1, PAGE_EXEC);
    return verdict(ok && untouched);
}

// The caller believes in NOPs that are not there. Written all the same, the
// entry's old bytes would be a lie, and its undo would put NOPs where INT3s
// were.
static enum check_result check_mismatch(void)
{
    return verdict(door_refuses(door_subject->base, door_nops, door_int3, 5,
                                TEXT_MISMATCH));
}

// Unrefused, it would be a live patch that can be undone and changes nothing.
static enum check_result check_same(void)
{
    return verdict(
        door_refuses(door_subject->base, door_int3, door_int3, 5, TEXT_SAME));
}

// No bytes, and still a line: the journal would list what never happened.
static enum check_result check_length_0(void)
{
    return verdict(door_refuses(door_subject->base, door_int3, door_nops, 0,
                                TEXT_BAD_LENGTH));
}

// One byte over the arrays in the result and the entry. Unrefused, the copy
// would run into the next field, and the write would look right.
static enum check_result check_length_17(void)
{
    return verdict(door_refuses(door_subject->base, door_int3, door_nops,
                                TEXT_MAX + 1, TEXT_BAD_LENGTH));
}

// Three bytes each. The sites at the edges hang over by a byte or two: a test
// of the first byte alone, or of the last alone, lets some of them in. The
// one at the top of memory is there for the sum that wraps.
static enum check_result check_outside(void)
{
    static uint8_t data[4] = {1, 2, 3, 4};
    uint8_t *heap = heap_zalloc(1, 16);
    uint8_t *const sites[] = {data,
                              heap,
                              (uint8_t *)(uintptr_t)door_int3,
                              NULL,
                              (uint8_t *)UINTPTR_MAX - 1,
                              layout_at(text_start, -1),
                              layout_at(text_end, -1),
                              door_subject->base + door_subject->size - 2};
    size_t passed = 0, n = sizeof sites / sizeof sites[0];
    for (size_t i = 0; i < n; i++)
        passed += door_refuses(sites[i], door_int3, door_nops, 3,
                               TEXT_OUTSIDE);
    heap_free(heap);
    judged("%u of %u: data, heap, rodata, null, top of memory, both ends of "
           "text, end of an arena",
           passed, n);
    return verdict(passed == n && data[0] == 1);
}

// The expected bytes are right here (each site is compared with itself), so
// nothing but the place can be the reason. memcpy and paging_lookup stand for
// what the linker script adds to the door by name: forgotten there, they could
// be patched while they run.
static enum check_result check_door_itself(void)
{
    uint8_t *const sites[] = {(uint8_t *)text_write, (uint8_t *)memcpy,
                              (uint8_t *)door_start, layout_at(door_end, -1),
                              (uint8_t *)paging_lookup};
    size_t passed = 0, n = sizeof sites / sizeof sites[0];
    for (size_t i = 0; i < n; i++)
        passed += door_refuses(sites[i], sites[i], door_nops, 1, TEXT_DOOR);
    judged("%u of %u sites in the door, paging and memcpy", passed, n);
    return verdict(passed == n);
}

// The oracle of every other suite: a hash that stopped short of text_end would
// call a patched kernel unchanged.
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

static const struct check door_checks[] = {
    {"a fresh arena is INT3, readable and executable", door_check_begin},
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
    {"the hash sees one byte, and its undo", check_hash},
    {"nothing is left behind", door_check_end},
};
CHECK_SUITE(door, door_checks);
