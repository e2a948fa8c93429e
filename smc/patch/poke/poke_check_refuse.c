// SPDX-License-Identifier: MIT
// Suite `poke-refuse`: what may not be poked is refused in words, with a line
// in the journal, and with every byte as it was.
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/door/poke_inside.h"
#include "smc/patch/poke/poke_check.h"

static char words[128];

// The site as text_poke is told to expect it, the hash and the journal are the
// witnesses.
static bool refused_as(void *site, const void *expected, const void *new,
                       size_t len, enum text_reason reason)
{
    uint64_t hash = text_hash();
    struct text_result r = text_poke(site, expected, new, len, "poke-chk");
    const struct journal_entry *e = journal_find(r.entry);
    text_explain(words, sizeof words, &r);
    return r.reason == reason && hash == text_hash() && e &&
           e->kind == JOURNAL_REFUSED && e->reason == reason;
}

// The bytes that are there are expected: only the rest can be wrong.
static bool refused(void *site, const void *new, size_t len,
                    enum text_reason reason)
{
    uint8_t now[POKE_MAX];
    memcpy(now, site, len);
    return refused_as(site, now, new, len, reason);
}

// At each byte of poke_five's first PUSH but its first, and of the site: the
// bytes are right, a one-byte RET would fit, but nothing begins there.
static enum check_result check_boundary(void)
{
    uint32_t wrong = 0, tried = 0;
    const uint8_t int3 = 0xcc;
    for (uint8_t *at = (uint8_t *)poke_five; at < poke_five_end; at++) {
        uint8_t now = *at;
        struct text_result r = text_poke(at, &now, &int3, 1, "poke-chk");
        // No byte in here is a whole instruction of the kinds known; the one
        // of 1 byte is INC, before poke_five_end.
        tried++;
        wrong += r.reason == TEXT_OK;
    }
    uint8_t nop[2] = {0x66, 0x90};
    bool inside = refused_as(poke_branched_site + 1, "\x90", "\xc3", 1,
                             TEXT_INSIDE);
    judged("%u offsets, %u written; the second byte of 66 90: %s", tried,
           wrong, words);
    return verdict(!wrong && inside && !memcmp(poke_branched_site, nop, 2));
}

// 66 90 with a branch to the 90. An other CPU may be between the two.
static enum check_result check_branch(void)
{
    uint8_t jmp[POKE_MAX];
    poke_branch(jmp, 0xeb, poke_branched_site, poke_branched_site + 2);
    bool ok = refused(poke_branched_site, jmp, 2, TEXT_BRANCH);
    judged("%s", words);
    return verdict(ok);
}

// Two NOPs where one is wanted: the bug of 2008.
static enum check_result check_two_nops(void)
{
    static const uint8_t two[] = {0x66, 0x66, 0x90, 0x66, 0x90};
    bool ok = refused(poke_five_site, two, 5, TEXT_NEW);
    judged("66 66 90 66 90: %s", words);
    return verdict(ok);
}

// Nobody gets behind a RET. If somebody does, he is to trap.
static enum check_result check_padding(void)
{
    static const uint8_t open[] = {0xc3, 0x90, 0x90, 0x90, 0x90};
    static const uint8_t shut[] = {0xc3, 0xcc, 0xcc, 0xcc, 0xcc};
    bool ok = refused(poke_branched_site, open, 2, TEXT_NEW) &&
              refused(poke_five_site, open, 5, TEXT_NEW);
    judged("c3 90 90 90 90: %s; c3 cc cc cc cc is %s", words,
           poke_decode(shut, 5, 0).kind == POKE_RET ? "a RET" : "NONE");
    return verdict(ok && poke_decode(shut, 5, 0).kind == POKE_RET);
}

static enum check_result check_old(void)
{
    uint8_t *site = poke_five_site_end; // INC %eax
    bool ok = refused(site, poke_nop(1), 1, TEXT_OLD);
    judged("40: %s", words);
    return verdict(ok);
}

static enum check_result check_target(void)
{
    static uint8_t data[16];
    uint8_t jmp[POKE_MAX];
    poke_branch(jmp, 0xe9, poke_five_site, data);
    bool ok = refused(poke_five_site, jmp, 5, TEXT_TARGET);
    judged("%s", words);
    return verdict(ok);
}

// -128..127 from the end of two bytes; one more on either side is too far.
static enum check_result check_displacement(void)
{
    uint8_t bytes[POKE_MAX], *site = poke_jcc8_site, *end = layout_at(site, 2);
    size_t fits = poke_branch(bytes, 0xeb, site, end + 127) +
                  poke_branch(bytes, 0x74, site, layout_at(end, -128));
    size_t far = poke_branch(bytes, 0xeb, site, end + 128) +
                 poke_branch(bytes, 0x74, site, layout_at(end, -129));
    size_t wide = poke_branch(bytes, 0x84, site, end + 128);
    judged("rel8 to +127 and -128 fits, to +128 and -129 not; rel32 takes %u "
           "bytes",
           wide);
    return verdict(fits == 4 && far == 0 && wide == 6);
}

// A debugger's CC, written around this technique.
static enum check_result check_breakpoint(void)
{
    uint8_t old[POKE_MAX], jmp[POKE_MAX];
    memcpy(old, poke_five_site, 5);
    poke_branch(jmp, 0xe9, poke_five_site, poke_five_end);
    struct text_result cc = text_write(poke_five_site, old, "\xcc", 1,
                                       "debugger");
    bool ok = refused_as(poke_five_site, old, jmp, 5, TEXT_BREAKPOINT);
    struct text_result undone = text_undo(cc.entry);
    judged("%s", words);
    return verdict(ok && undone.reason == TEXT_OK &&
                   !memcmp(old, poke_five_site, 5));
}

static enum check_result check_mismatch(void)
{
    uint8_t jmp[POKE_MAX];
    poke_branch(jmp, 0xe9, poke_five_site, poke_five_end);
    bool ok = refused_as(poke_five_site, jmp, poke_nop(5), 5, TEXT_MISMATCH);
    bool same = refused(poke_five_site, poke_five_site, 5, TEXT_SAME);
    judged("expected a JMP: refused; the same again: %s", words);
    return verdict(ok && same);
}

// The reasons of text_write, through the other entry.
static enum check_result check_place(void)
{
    static uint8_t data[8] = {0x90, 0xcc};
    uint32_t passed = 0;
    passed += refused_as(data, data, "\xc3", 1, TEXT_OUTSIDE);
    passed += refused_as(layout_at(text_end, -1), "\x0f\x1f\x44\x00\x00",
                         "\xcc\xcc\xcc\xcc\xcc", 5, TEXT_OUTSIDE);
    passed += refused((void *)text_poke, "\x90", 1, TEXT_DOOR);
    passed += refused_as(poke_five_site, data, "\xc3", 0, TEXT_BAD_LENGTH);
    passed += refused_as(poke_five_site, data, "\xc3", 7, TEXT_BAD_LENGTH);
    judged("%u of 5: data, the end of text, the door, 0 and 7 bytes", passed);
    return verdict(passed == 5);
}

// Somebody else writes the second site of a batch when the first has its INT3
// already: that is taken back.
static void write_second(enum poke_stage stage)
{
    if (stage == POKE_PUBLISHED)
        text_write(poke_one_site, "\x90", "\xc3", 1, "poke-chk");
}

static enum check_result check_written_meanwhile(void)
{
    struct poke pokes[2] = {{.site = poke_one_site, .len = 1},
                            {.site = poke_five_site, .len = 5}};
    size_t culprit = 2;
    int answer = poke_five();
    memcpy(pokes[0].expected, "\x90", 1);
    memcpy(pokes[0].replacement, "\xc3", 1);
    memcpy(pokes[1].expected, poke_five_site, 5);
    poke_branch(pokes[1].replacement, 0xe9, poke_five_site, poke_five_end);
    poke_observe(write_second);
    struct text_result r = text_poke_batch(pokes, 2, "poke-chk", &culprit);
    poke_observe(NULL);
    bool same = memcmp(poke_five_site, pokes[1].expected, 5) == 0;
    uint8_t now = *poke_one_site;
    text_write(poke_one_site, "\xc3", "\x90", 1, "poke-chk");
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_MISMATCH && culprit == 0 && same &&
                   now == 0xc3 && poke_five() == answer);
}

// Both ways: a poke and a plain write by somebody else, and a second owner.
static enum check_result check_reserved(void)
{
    uint8_t jmp[POKE_MAX], now[POKE_MAX];
    memcpy(now, poke_five_site, 5);
    poke_branch(jmp, 0xe9, poke_five_site, poke_five_end);
    struct text_result mine = text_reserve(poke_five_site, 5, "owner");
    bool poke = refused(poke_five_site, jmp, 5, TEXT_RESERVED);
    struct text_result write = text_write(poke_five_site + 4, now + 4, "\x01",
                                          1, "poke-chk");
    struct text_result second = text_reserve(layout_at(poke_five_site, -1), 2,
                                             "late");
    struct text_result again = text_reserve(poke_five_site, 5, "owner");
    struct text_result own = text_poke(poke_five_site, now, jmp, 5, "owner");
    text_undo(own.entry);
    text_release(poke_five_site, 5, "owner");
    struct text_result freed = text_reserve(layout_at(poke_five_site, -1), 2,
                                            "late");
    text_release(layout_at(poke_five_site, -1), 2, "late");
    judged("%s; its owner may", words);
    return verdict(mine.reason == TEXT_OK && poke &&
                   write.reason == TEXT_RESERVED &&
                   second.reason == TEXT_RESERVED && again.reason == TEXT_OK &&
                   own.reason == TEXT_OK && freed.reason == TEXT_OK);
}

// An arena that is gone takes its reservations along: who gets the memory next
// would be refused for a site that is none.
static enum check_result check_forgotten(void)
{
    struct arena *arena = arena_create("poke check", PAGE_SIZE);
    uint8_t *site = arena->base;
    struct text_result mine = text_reserve(site, 5, "owner");
    arena_destroy(arena);
    struct text_result other = text_reserve(site, 5, "late");
    text_release(site, 5, "late");
    judged("reserved by one, its arena destroyed, reserved by another");
    return verdict(mine.reason == TEXT_OK && other.reason == TEXT_OK);
}

// A site that crosses a page at each of its bytes: -1 to -4. Then the second
// page is taken away: both or neither.
static enum check_result check_crossing(void)
{
    uint32_t written = 0, kept = 0;
    for (int before = 1; before <= 4; before++) {
        struct arena *arena = arena_create("poke check", 2 * PAGE_SIZE);
        uint8_t *edge = arena->base + PAGE_SIZE, jmp[POKE_MAX];
        uint8_t *site = edge - before;
        arena_write(arena, site, poke_nop(5), 5, "poke-chk");
        poke_branch(jmp, 0xe9, site, arena->base);
        written += poke_over(site, jmp, 5).reason == TEXT_OK &&
                   memcmp(site, jmp, 5) == 0;
        poke_over(site, poke_nop(5), 5);
        paging_unmap((uintptr_t)edge, 1);
        kept += refused_as(site, poke_nop(5), jmp, 5, TEXT_UNMAPPED) &&
                memcmp(site, poke_nop(5), (size_t)(edge - site)) == 0;
        paging_map((uintptr_t)edge, phys_of(edge), 1, PAGE_EXEC);
        arena_destroy(arena);
    }
    judged("page end -1 to -4: %u written; without the second page %u "
           "refused: %s",
           written, kept, words);
    return verdict(written == 4 && kept == 4);
}

static const struct check checks[] = {
    {"a site begins where an instruction begins", check_boundary},
    {"a branch into the site", check_branch},
    {"two NOPs are not one", check_two_nops},
    {"an old instruction that cannot be emulated", check_old},
    {"a branch out of all code", check_target},
    {"a distance that does not fit", check_displacement},
    {"a debugger's breakpoint is named", check_breakpoint},
    {"other bytes than expected, or the same", check_mismatch},
    {"what text_write refuses", check_place},
    {"a site that is written meanwhile", check_written_meanwhile},
    {"a site has one owner", check_reserved},
    {"owners that come and go meanwhile are no owners",
     poke_check_owners_move},
    {"an arena that is gone reserves nothing", check_forgotten},
    {"both pages or neither", check_crossing},
    {"what stands behind a RET is INT3", check_padding},
};
CHECK_SUITE(poke_refuse, checks);
