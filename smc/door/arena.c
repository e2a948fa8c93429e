// SPDX-License-Identifier: MIT
// Arenas: pages of the direct map whose rights are turned from data to code.
// The address at which code runs is the address at which the page always
// was, so there is one mapping per frame and nothing to forget. (place.c makes
// those that run somewhere else.)
#include "smc/door/arena.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

#define INT3 0xcc

// The list decides what the door takes for code: a page that is executable but
// on no list cannot be written. Changed with interrupts off, because a
// handler's text_write walks it.
static struct arena *arenas;

void door_publish(struct arena *arena)
{
    bool on = door_lock();
    arena->next = arenas;
    arenas = arena;
    door_unlock(on);
}

// The order: fill, protect, publish. Filled before it is executable, so that
// no old data is ever code; on the list last, so that nobody is promised a
// page that is still writable.
struct arena *arena_adopt(const char *name, void *base, size_t bytes)
{
    struct arena *arena = heap_zalloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->name = name;
    arena->base = arena->frames = base;
    arena->size = PAGE_ALIGN_UP(bytes);
    memset(base, INT3, arena->size); // still data; code from the next line on
    paging_protect(base, arena->size / PAGE_SIZE, PAGE_EXEC);
    door_publish(arena);
    return arena;
}

// The limit keeps PAGE_ALIGN_UP from wrapping to 0 pages for a size near 4
// GiB, which a file's header may well ask for.
struct arena *arena_create(const char *name, size_t bytes)
{
    if (!bytes || bytes > DIRECT_MAP_SIZE)
        return NULL;
    size_t count = PAGE_ALIGN_UP(bytes) / PAGE_SIZE;
    void *pages = pages_alloc(count);
    if (!pages)
        return NULL;
    struct arena *arena = arena_adopt(name, pages, bytes);
    if (arena)
        arena->owned = true;
    else
        pages_free(pages, count);
    return arena;
}

void door_touch(const volatile uint8_t *code, size_t len)
{
    for (size_t i = 0; i < len; i += PAGE_SIZE)
        (void)code[i];
    if (len)
        (void)code[len - 1];
}

// What could make a block wrong later is refused now.
//
// TEXT_SOURCE: the copy is made in pieces and read back; a source that the
// copy itself overwrites can compare equal and still be wrong.
//
// TEXT_STRADDLED:      block        [ - - - - - - ]
//                      patch  [ x x x x ]
// Half of the patch would be gone, and its undo would find bytes that it does
// not expect.
static enum text_reason judge_block(struct text_result *r,
                                    const struct arena *arena,
                                    const uint8_t *at, const uint8_t *code,
                                    size_t len)
{
    if (len == 0)
        return TEXT_BAD_LENGTH;
    if (!arena_holds(arena, at, len))
        return TEXT_OUTSIDE;
    if (code < at + len && at < code + len)
        return TEXT_SOURCE;
    const struct journal_entry *half = journal_straddler(at, len);
    if (half) {
        r->other = half->number;
        return TEXT_STRADDLED;
    }
    return door_judge(at, len);
}

enum text_reason door_journal_block(struct text_result *r, uint8_t *at,
                                    const void *code, size_t len,
                                    const char *technique, const void *caller)
{
    struct journal_entry e = {.kind = JOURNAL_GENERATED,
                              .technique = technique,
                              .site = at,
                              .caller = caller,
                              .len = len};
    memcpy(e.old, at, r->len);
    memcpy(e.new, code, r->len);
    r->entry = journal_add(e);
    if (r->entry)
        journal_replace(at, len);
    return r->entry ? TEXT_OK : TEXT_FULL;
}

// No byte string is expected here: what a block replaces is INT3 or an older
// block, and both belong to the arena's owner. Interrupts are off as in
// text_write, for the length of the whole block.
struct text_result arena_write(struct arena *arena, void *at, const void *code,
                               size_t len, const char *technique)
{
    const void *caller = __builtin_return_address(0);
    struct text_result r = {.len = (uint8_t)(len < TEXT_MAX ? len : TEXT_MAX)};
    door_touch(code, len);
    bool on = door_lock();
    enum text_reason reason = judge_block(&r, arena, at, code, len);
    if (reason == TEXT_OK)
        reason = door_journal_block(&r, at, code, len, technique, caller);
    if (reason == TEXT_OK) {
        (void)poke_drop(at, len); // or whoever finishes it sees: store_heads
        door_copy(at, code, len);
    } else {
        r.len = 0; // no bytes were looked at
        door_refuse(&r, reason, at, technique, caller);
    }
    door_unlock(on);
    if (reason == TEXT_OK)
        sync_all();
    return r;
}

static bool is_straddled(const uint8_t *at, size_t bytes)
{
    bool on = door_lock();
    bool straddled = journal_straddler(at, bytes) != NULL;
    door_unlock(on);
    return straddled;
}

// Patches inside become history, as the bytes they would bring back are code
// and the pages no longer are. Unfinished pokes first: they take a lock of
// their own, and have lines in the journal.
static void forget_patches(const uint8_t *at, size_t bytes)
{
    poke_forget(at, bytes);
    bool on = door_lock();
    journal_forget(at, bytes);
    reserve_forget(at, bytes);
    door_unlock(on);
}

// Writable only after it has stopped being executable. That takes one change
// of the entry here: there is no rwx in between. Data begins cleared: no INT3,
// no old code.
static void clear_code(uint8_t *page)
{
    struct page_info info;
    if (paging_lookup(page, &info) && (info.rights & PAGE_EXEC)) {
        paging_protect(page, 1, PAGE_WRITE);
        memset(page, 0, PAGE_SIZE);
    }
}

// Of pages that are no code the journal has nothing, and nothing is cleared.
bool arena_make_data(struct arena *arena, void *at, size_t bytes,
                     bool writable)
{
    if ((uintptr_t)at % PAGE_SIZE || bytes % PAGE_SIZE ||
        !arena_holds(arena, at, bytes))
        return false;
    if (!paging_all(at, bytes / PAGE_SIZE, PAGE_EXEC, 0)) {
        if (is_straddled(at, bytes)) // half a patch cannot be forgotten
            return false;
        forget_patches(at, bytes);
        for (size_t i = 0; i < bytes; i += PAGE_SIZE)
            clear_code((uint8_t *)at + i);
    }
    door_turn(at, bytes, writable ? PAGE_WRITE : PAGE_READ);
    return true;
}

// An arena that is not on the list was destroyed before. The search then runs
// off the end and faults in the null page; the list stays right.
static void unlink(struct arena *arena)
{
    struct arena **link = &arenas;
    while (*link != arena)
        link = &(*link)->next;
    *link = arena->next;
}

// Off the list and out of the journal: from here on no patch and no undo
// reaches these bytes. In 2008 ftrace patched text that had been freed, and by
// then was a mapping of a network card's flash (e1000e).
static void retire(struct arena *arena)
{
    poke_forget(arena->base, arena->size);
    bool on = door_lock();
    unlink(arena);
    journal_forget(arena->base, arena->size);
    reserve_forget(arena->base, arena->size);
    door_unlock(on);
}

// The pages may have been unmapped or made data; map them as plain data. Then
// free them: the next owner's first store would fault on r-x. The view below
// the kernel goes first, so that no frame is writable here and executable
// there.
static void give_back(struct arena *arena)
{
    size_t count = arena->size / PAGE_SIZE;
    if (arena->base != arena->frames)
        paging_release((uintptr_t)arena->base, count);
    paging_map((uintptr_t)arena->frames, phys_of(arena->frames), count,
               PAGE_WRITE);
    if (arena->owned)
        pages_free(arena->frames, count);
}

void arena_destroy(struct arena *arena)
{
    if (!arena)
        return;
    struct arena *whole = arena->whole;
    arena->closed = true;
    if (arena->slices)
        return;
    retire(arena);
    if (!whole)
        give_back(arena);
    else if (--whole->slices || !whole->closed)
        door_clear_slice(arena, __builtin_return_address(0));
    heap_free(arena);
    if (whole && whole->closed)
        arena_destroy(whole);
}

struct arena *arena_of(const void *at, size_t len)
{
    for (struct arena *a = arenas; a; a = a->next)
        if (arena_holds(a, at, len))
            return a;
    return NULL;
}

// Asked of bytes in one arena: at + len does not wrap.
bool door_cuts_slice(const uint8_t *at, size_t len)
{
    for (struct arena *a = arenas; a; a = a->next)
        if (a->whole && at < a->base + a->size && a->base < at + len &&
            !arena_holds(a, at, len))
            return true;
    return false;
}
