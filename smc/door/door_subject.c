// SPDX-License-Identifier: MIT
// The subject of the door's suites and the judge of a refusal.
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/door_check.h"

struct arena *door_subject;
// Seventeen bytes: one more than the longest patch, for the check that asks
// for too much. NOP and INT3 differ in every place, so that one byte missed is
// one byte seen.
const uint8_t door_int3[] = {0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                             0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
                             0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
const uint8_t door_nops[] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                             0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                             0x90, 0x90, 0x90, 0x90, 0x90};

// Two witnesses, as neither sees everything: the hash covers kernel text, the
// copy covers the site wherever it lies. A site that is not mapped at both
// ends cannot be copied; then the hash is all there is.
//
// A refusal without a line would hide an attempt from whoever reads the
// journal after a crash.
bool door_refuses(void *site, const void *expected, const void *new,
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

// Zeros in place of INT3 are ADD instructions: a stray jump would run on
// through them, changing memory, instead of trapping at the first byte.
// Rights equal to PAGE_EXEC means also: not writable.
static enum check_result subject_is_int3(void)
{
    struct page_info page;
    size_t wrong = 0;
    for (size_t i = 0; i < door_subject->size; i++)
        wrong += door_subject->base[i] != 0xcc;
    paging_lookup(door_subject->base, &page);
    judged("%u bytes, %u not INT3; rights r%c%c", door_subject->size, wrong,
           page.rights & PAGE_WRITE ? 'w' : '-',
           page.rights & PAGE_EXEC ? 'x' : '-');
    return verdict(!wrong && page.rights == PAGE_EXEC);
}

enum check_result door_check_begin(void)
{
    door_subject = arena_create("door check", 2 * PAGE_SIZE);
    return door_subject ? subject_is_int3() : CHECK_FAIL;
}

// A NOP left behind is a check that did not undo what it wrote; the next
// suite's expected bytes would be wrong for no visible reason.
enum check_result door_check_end(void)
{
    bool clean = !memchr(door_subject->base, 0x90, door_subject->size);
    arena_destroy(door_subject);
    door_subject = NULL;
    judged("every check left INT3 behind");
    return verdict(clean);
}
