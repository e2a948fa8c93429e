// SPDX-License-Identifier: MIT
// Suite `journal`: taking writes back, in order, once, and after the ring
// has wrapped.
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/door_check.h"

//   site    0  1  2  3
//   before  cc cc cc cc
//   #a      90 90 90 90
//   #b            cc cc
// Without the test for overlaps the bytes would refuse this too, as a
// mismatch that names nobody. But a later patch that keeps the common bytes
// and changes others would go unnoticed, and be half undone.
static enum check_result check_undo_order(void)
{
    uint8_t *site = door_subject->base + 64;
    char words[128];
    uint32_t a = text_write(site, door_int3, door_nops, 4, "door-chk").entry;
    static const uint8_t mixed[] = {0x90, 0x90, 0xcc, 0xcc};
    uint32_t b = text_write(site + 2, mixed, mixed + 2, 2, "door-chk").entry;
    struct text_result r = text_undo(a);
    bool early = r.reason == TEXT_OVERLAPPED && r.other == b &&
                 site[0] == 0x90;
    judged("undo #%u: %s", a, text_explain(words, sizeof words, &r));
    bool late = text_undo(b).reason == TEXT_OK &&
                text_undo(a).reason == TEXT_OK;
    return verdict(early && late && memcmp(site, door_int3, 4) == 0);
}

// The second undo would find old bytes where it expects new ones: a mismatch,
// which reads like sabotage. It is told apart. The undo of an undo is a redo,
// and that is a new write by its technique.
static enum check_result check_undo_twice(void)
{
    char words[128];
    uint32_t a = text_write(door_subject->base, door_int3, door_nops, 2,
                            "door-chk")
                     .entry;
    struct text_result first = text_undo(a), second = text_undo(a);
    struct text_result of_undo = text_undo(first.entry);
    judged("second time: %s", text_explain(words, sizeof words, &second));
    return verdict(first.reason == TEXT_OK && second.reason == TEXT_UNDONE &&
                   of_undo.reason == TEXT_NOT_PATCH &&
                   door_subject->base[0] == 0xcc);
}

// 0 is what a caller holds if the journal was full. The others lie beyond the
// end of the array, where a search that is off by one reads on.
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
    uint32_t a = text_write(door_subject->base, door_int3, door_nops, 2,
                            "door-chk")
                     .entry;
    paging_protect(door_subject->base, 1, PAGE_WRITE);
    door_subject->base[1] = 0xc3;
    paging_protect(door_subject->base, 1, PAGE_EXEC);
    char words[128];
    struct text_result r = text_undo(a);
    judged("%s", text_explain(words, sizeof words, &r));
    bool kept = door_subject->base[0] == 0x90 && door_subject->base[1] == 0xc3;
    paging_protect(door_subject->base, 1, PAGE_WRITE);
    door_subject->base[1] = 0x90;
    paging_protect(door_subject->base, 1, PAGE_EXEC);
    return verdict(r.reason == TEXT_MISMATCH && kept &&
                   text_undo(a).reason == TEXT_OK);
}

// Undoes all patches of a site, the newest first. Returns how many.
static uint32_t undo_at(const uint8_t *site, size_t len)
{
    uint32_t undone = 0;
    struct journal_entry *e;
    while ((e = journal_overlap(site, len, UINT32_MAX)) &&
           text_undo(e->number).reason == TEXT_OK)
        undone++;
    return undone;
}

// The first must not be folded into the third, past the second. They lie in
// two of the places by which heirs are found (smc/door/heir.c).
//
//   site    14 15 | 16 17
//   before  cc cc   cc cc
//   #a      90 90   90 90
//   #b              cc cc
//   #c      41 41   41 41
static void write_across(uint8_t *site)
{
    static const uint8_t mixed[] = {0x90, 0x90, 0xcc, 0xcc};
    static const uint8_t all[] = {0x41, 0x41, 0x41, 0x41};
    text_write(site, door_int3, door_nops, 4, "door-chk");
    text_write(site + 2, mixed, mixed + 2, 2, "door-chk");
    text_write(site, mixed, all, 4, "door-chk");
}

// Twice as many patches of one byte as there are entries. If the oldest were
// dropped and not folded, everything would still look right, and the last undo
// would end at a byte from the middle of the series.
static enum check_result check_wrapped(void)
{
    uint8_t *site = door_subject->base + 128;
    uint8_t *across = door_subject->base + 254;
    uint32_t first = 0, last = 0, made = 0;
    write_across(across);
    for (uint32_t i = 0; i < 2 * JOURNAL_SIZE; i++) {
        uint8_t old = site[0], new = (uint8_t)(old + 1);
        struct text_result r = text_write(site, &old, &new, 1, "door-chk");
        made += r.reason == TEXT_OK;
        last = r.entry;
        first = first ? first : r.entry;
    }
    enum text_reason gone = text_undo(first).reason;
    uint8_t before = site[0];
    uint32_t undone = undo_at(site, 1), crossed = undo_at(across, 4);
    judged("%u patches #%u..#%u; #%u has left: refused; %u undos bring %02x "
           "back to %02x; 3 that overlap: %u undos",
           made, first, last, first, undone, before, site[0], crossed);
    return verdict(made == 2 * JOURNAL_SIZE && gone == TEXT_NO_ENTRY &&
                   site[0] == 0xcc && undone <= JOURNAL_SIZE && crossed == 3 &&
                   memcmp(across, door_int3, 4) == 0);
}

// Fills the journal with live patches of different sites: nothing can fold.
// The door must say no before it stores, and must open again as soon as the
// arena, and with it the patches, has gone. Without `stuck` being taken back
// then, it would stay shut for good.
static enum check_result check_full(void)
{
    struct text_result r = {0};
    uint32_t live = 0;
    struct arena *many = arena_create("door check, many", 2 * PAGE_SIZE);
    if (!many)
        return CHECK_FAIL;
    for (; live < many->size; live++) {
        r = text_write(many->base + live, door_int3, door_nops, 1, "door-chk");
        if (r.reason != TEXT_OK)
            break;
    }
    bool untouched = many->base[live] == 0xcc;
    char words[128];
    judged("after %u live sites: %s", live,
           text_explain(words, sizeof words, &r));
    arena_destroy(many);
    struct text_result again = text_write(door_subject->base, door_int3,
                                          door_nops, 1, "door-chk");
    return verdict(r.reason == TEXT_FULL && untouched && live > 900 &&
                   again.reason == TEXT_OK &&
                   text_undo(again.entry).reason == TEXT_OK);
}

static const struct check journal_checks[] = {
    {"a fresh arena is INT3, readable and executable", door_check_begin},
    {"undo out of order: refused, names the entry in the way",
     check_undo_order},
    {"undo twice, and undo of an undo: refused", check_undo_twice},
    {"undo of an entry that never was: refused", check_undo_unknown},
    {"undo where the bytes have changed: refused", check_undo_changed_bytes},
    {"a journal that wrapped still brings the first bytes back",
     check_wrapped},
    {"a journal full of live patches: refused, nothing written", check_full},
    {"nothing is left behind", door_check_end},
};
CHECK_SUITE(journal, journal_checks);
