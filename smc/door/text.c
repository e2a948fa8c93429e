// SPDX-License-Identifier: MIT
// Writing code: judge, journal, store, serialise, read back.
//
//        executable view                 the same frame, short-lived
//   0xc0103000  [ r-x  .. cd ff .. ]      0xffbfe000  [ rw-  .. cd ff .. ]
//                                                            ^ store here
//
// The executable view never becomes writable. The store is visible through
// it at once (one frame), but the processor may have fetched the old bytes:
// hence sync_all. Linux does the same in text_poke. [SDM3 8.1.3]
#include "smc/door/text.h"
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

static bool is_open;
static uint64_t boot_hash;

static bool inside(const uint8_t *site, size_t len, const uint8_t *start,
                   const uint8_t *end)
{
    return site >= start && site < end && len <= (size_t)(end - site);
}

static bool touches(const uint8_t *site, size_t len, const uint8_t *start,
                    const uint8_t *end)
{
    return site < end && start < site + len;
}

// Every page of the site must be mapped and executable: all or none.
static bool is_mapped_code(const uint8_t *site, size_t len)
{
    const uint8_t *page = (const void *)PAGE_ALIGN_DOWN((uintptr_t)site);
    for (; page < site + len; page += PAGE_SIZE) {
        struct page_info info;
        if (!paging_lookup(page, &info) || !(info.rights & PAGE_EXEC))
            return false;
    }
    return true;
}

enum text_reason door_judge(const uint8_t *site, size_t len)
{
    if (!is_open)
        return TEXT_NOT_READY;
    if (!inside(site, len, text_start, text_end) && !arena_of(site, len))
        return TEXT_OUTSIDE;
    if (touches(site, len, door_start, door_end))
        return TEXT_DOOR;
    return is_mapped_code(site, len) ? TEXT_OK : TEXT_UNMAPPED;
}

__attribute__((noinline)) void door_store(volatile uint8_t *alias,
                                          const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        alias[i] = bytes[i];
}

// Maps the one or two frames behind [site, site + len) and returns the
// writable view of site.
static uint8_t *alias_open(const uint8_t *site, size_t len)
{
    uintptr_t page = PAGE_ALIGN_DOWN((uintptr_t)site);
    size_t offset = (uintptr_t)site - page, count = 0;
    for (; count * PAGE_SIZE < offset + len; count++) {
        struct page_info info;
        if (!paging_lookup((const void *)(page + count * PAGE_SIZE), &info))
            panic("door: %p was judged but is not mapped", site);
        paging_map(PAGING_ALIAS + count * PAGE_SIZE, info.pa, 1, PAGE_WRITE);
    }
    return (uint8_t *)PAGING_ALIAS + offset;
}

static void alias_close(void)
{
    paging_unmap(PAGING_ALIAS, 2);
}

void door_copy(uint8_t *site, const uint8_t *bytes, size_t len)
{
    while (len) {
        size_t room = 2 * PAGE_SIZE - (uintptr_t)site % PAGE_SIZE;
        size_t n = len < room ? len : room;
        door_store(alias_open(site, n), bytes, n);
        alias_close();
        sync_all();
        if (memcmp(site, bytes, n) != 0)
            panic("door: %p does not hold what was stored there", site);
        site += n;
        bytes += n;
        len -= n;
    }
}

void door_refuse(struct text_result *result, enum text_reason reason,
                 const void *site, const char *technique, const void *caller)
{
    struct journal_entry e = {.kind = JOURNAL_REFUSED,
                              .reason = reason,
                              .technique = technique,
                              .site = (void *)site,
                              .caller = caller,
                              .len = result->len};
    memcpy(e.old, result->found, TEXT_MAX);
    memcpy(e.new, result->expected, TEXT_MAX);
    result->reason = reason;
    result->entry = journal_add(e);
}

// Fills in both byte strings and judges them.
static enum text_reason judge_bytes(struct text_result *r, const uint8_t *site,
                                    const void *expected,
                                    const void *replacement, size_t len)
{
    r->len = (uint8_t)len;
    memcpy(r->expected, expected, len);
    memcpy(r->found, site, len);
    if (memcmp(site, expected, len) != 0)
        return TEXT_MISMATCH;
    return memcmp(expected, replacement, len) ? TEXT_OK : TEXT_SAME;
}

static enum text_reason write_judged(struct text_result *r, uint8_t *site,
                                     const void *replacement,
                                     const char *technique, const void *caller)
{
    struct journal_entry e = {.kind = JOURNAL_PATCH,
                              .technique = technique,
                              .site = site,
                              .caller = caller,
                              .len = r->len};
    memcpy(e.old, r->found, r->len);
    memcpy(e.new, replacement, r->len);
    r->entry = journal_add(e);
    if (!r->entry)
        return TEXT_FULL;
    door_copy(site, e.new, r->len); // what the journal has, no second read
    return TEXT_OK;
}

struct text_result text_write(void *site, const void *expected,
                              const void *replacement, size_t len,
                              const char *technique)
{
    const void *caller = __builtin_return_address(0);
    struct text_result r = {0};
    bool on = interrupts_off();
    enum text_reason reason = TEXT_BAD_LENGTH;
    if (len > 0 && len <= TEXT_MAX)
        reason = door_judge(site, len);
    if (reason == TEXT_OK)
        reason = judge_bytes(&r, site, expected, replacement, len);
    if (reason == TEXT_OK)
        reason = write_judged(&r, site, replacement, technique, caller);
    if (reason != TEXT_OK)
        door_refuse(&r, reason, site, technique, caller);
    interrupts_restore(on);
    return r;
}

// FNV-1a, 64 bits: one wrong byte anywhere changes it.
uint64_t text_hash(void)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (const uint8_t *p = text_start; p < text_end; p++)
        h = (h ^ *p) * 0x100000001b3ull;
    return h;
}

uint64_t text_boot_hash(void)
{
    return boot_hash;
}

void door_init(void)
{
    boot_hash = text_hash();
    is_open = true;
}

bool door_is_open(void)
{
    return is_open;
}
