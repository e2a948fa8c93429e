// SPDX-License-Identifier: MIT
// Arenas whose pages become code when they are complete.
//
// An image of a file has code and data, and its loader knows beforehand which
// page will be which. If all pages were code first, most would be turned to
// data at once; and code that is complete before anybody may execute it needs
// no alias. Linux's module loader goes the same way: it fills its pages as
// data and makes them executable last (set_memory_ro, set_memory_x).
//
//   arena_create_data   rw-  whatever was there before
//   arena_fill          rw-  | code ....... | cc cc cc |   journaled
//                       r-x  | code ....... | cc cc cc |   one change
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/kthread.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/lock.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

#define INT3 0xcc

// The CPU between arena_turn_many and arena_turned: its number plus 1, or 0.
// The others' pages are turned at once, as ever.
static volatile uint32_t turner;

static bool is_turner(void)
{
    return turner == cpu_index() + 1;
}

// A thread stays on its CPU until it has told all of them.
void arena_turn_many(void)
{
    preempt_off();
    __sync_bool_compare_and_swap(&turner, 0, cpu_index() + 1);
}

// A page that is r-x in the table may have been rw- for a CPU up to here, but
// never executable as well: what it remembers is older than the table.
void arena_turned(void)
{
    if (is_turner()) {
        turner = 0;
        paging_flush();
        sync_all();
    }
    preempt_on();
}

void door_turn(void *at, size_t bytes, unsigned rights)
{
    if (is_turner())
        paging_protect_later(at, bytes / PAGE_SIZE, rights);
    else
        paging_protect(at, bytes / PAGE_SIZE, rights);
}

struct arena *arena_create_data(const char *name, uintptr_t base, size_t bytes)
{
    if (base)
        return door_create_at(name, base, bytes, PAGE_WRITE);
    if (!bytes || bytes > DIRECT_MAP_SIZE)
        return NULL;
    size_t count = PAGE_ALIGN_UP(bytes) / PAGE_SIZE;
    struct arena *arena = heap_zalloc(1, sizeof *arena);
    uint8_t *pages = arena ? pages_alloc(count) : NULL;
    if (!pages) {
        heap_free(arena);
        return NULL;
    }
    *arena = (struct arena){.name = name,
                            .base = pages,
                            .frames = pages,
                            .size = count * PAGE_SIZE,
                            .owned = true};
    door_publish(arena);
    return arena;
}

static bool is_data(const uint8_t *at, size_t bytes)
{
    return paging_all(at, bytes / PAGE_SIZE, PAGE_EXEC | PAGE_WRITE,
                      PAGE_WRITE);
}

static enum text_reason judge_fill(const struct arena *arena,
                                   const uint8_t *at, size_t bytes,
                                   const uint8_t *code, size_t len)
{
    if (!bytes || bytes % PAGE_SIZE || (uintptr_t)at % PAGE_SIZE ||
        len > bytes)
        return TEXT_BAD_LENGTH;
    if (at < arena->base || bytes > arena->size ||
        (size_t)(at - arena->base) > arena->size - bytes)
        return TEXT_OUTSIDE;
    if (len && code != at && code < at + bytes && at < code + len)
        return TEXT_SOURCE;
    return is_data(at, bytes) ? TEXT_OK : TEXT_UNMAPPED;
}

// What the line shows as old is what every arena begins with, and not the
// data that happened to be here. The code itself may be here already, so that
// its head steps aside for the line.
static enum text_reason journal_fill(struct text_result *r, uint8_t *at,
                                     const void *code, size_t len,
                                     const char *technique, const void *caller)
{
    uint8_t head[TEXT_MAX];
    memcpy(head, code, r->len);
    memset(at, INT3, r->len);
    enum text_reason reason = door_journal_block(r, at, head, len, technique,
                                                 caller);
    memcpy(at, head, r->len);
    return reason;
}

// Nobody has executed these pages since they are the arena's, and nobody can
// before the last line but one: the store needs no protocol. No patch can lie
// here, since a patch is of code.
struct text_result arena_fill(struct arena *arena, void *at, size_t bytes,
                              const void *code, size_t len,
                              const char *technique)
{
    const void *caller = __builtin_return_address(0);
    struct text_result r = {.len = (uint8_t)(len < TEXT_MAX ? len : TEXT_MAX)};
    door_touch(code, len);
    bool on = door_lock();
    enum text_reason reason = judge_fill(arena, at, bytes, code, len);
    if (reason == TEXT_OK && len)
        reason = journal_fill(&r, at, code, len, technique, caller);
    if (reason != TEXT_OK) {
        r.len = 0; // no bytes were looked at
        door_refuse(&r, reason, at, technique, caller);
    }
    door_unlock(on);
    if (reason != TEXT_OK)
        return r;
    if (code != at)
        memcpy(at, code, len);
    memset((uint8_t *)at + len, INT3, bytes - len);
    door_turn(at, bytes, PAGE_EXEC);
    if (!is_turner())
        sync_all();
    return r;
}
