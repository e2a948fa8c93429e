// SPDX-License-Identifier: MIT
// Slices: the code of several owners on the pages of one arena.
//
// Rights are per page, and most modules have less code than a page. Those that
// come together share pages, and still each of them is an arena of its own:
// it has a name, its patches are forgotten when it goes, and nobody can jump
// to what it has left.
//
//   the whole   | a.mod   | b.mod | c.mod        | cc cc cc | data ... |
//   b.mod goes  | a.mod   | cc cc | c.mod        | cc cc cc | data ... |
//   all gone    plain memory
//
// Linux has that since 6.13, with pages of 2 MiB (the ROX cache of
// mm/execmem.c), for which x86 was not ready at first; before, each module had
// pages of its own.
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

#define INT3 0xcc

static const uint8_t int3s[256] = {[0 ... 255] = INT3};

struct arena *arena_slice(struct arena *whole, const char *name, void *at,
                          size_t bytes)
{
    struct arena *slice = NULL;
    if (bytes && arena_holds(whole, at, bytes))
        slice = heap_zalloc(1, sizeof *slice);
    if (!slice)
        return NULL;
    *slice = (struct arena){
        .name = name, .base = at, .size = bytes, .whole = whole};
    whole->slices++;
    door_publish(slice);
    return slice;
}

// The line first, as with every block. If there is no room for it the code
// stays as it is, where nobody has an address of it.
void door_clear_slice(struct arena *slice, const void *caller)
{
    uint8_t *at = slice->base, *end = at + slice->size;
    struct text_result r = {
        .len = (uint8_t)(slice->size < TEXT_MAX ? slice->size : TEXT_MAX)};
    bool on = door_lock();
    bool ok = door_judge(at, slice->size) == TEXT_OK &&
              !journal_straddler(at, slice->size) &&
              door_journal_block(&r, at, int3s, slice->size, "arena",
                                 caller) == TEXT_OK;
    for (size_t n = sizeof int3s; ok && at < end; at += n) {
        if (n > (size_t)(end - at))
            n = (size_t)(end - at);
        door_copy(at, int3s, n);
    }
    door_unlock(on);
    if (ok)
        sync_all();
}
