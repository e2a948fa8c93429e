// SPDX-License-Identifier: MIT
// The journal's memory: an array in order of number, compacted when full.
#include "smc/door/journal.h"
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/string.h"

// At least this many entries go in one compaction, so that its cost is
// spread over as many writes.
enum { BATCH = JOURNAL_SIZE / 4 };

static struct journal_entry entries[JOURNAL_SIZE];
static uint32_t count, last, writes;
static bool stuck;

// Live patches in arenas. While there are none, a new block lies over no
// patch, and the journal need not be searched for one.
static uint32_t arena_patches;

static bool is_live_patch(const struct journal_entry *e)
{
    return e->kind == JOURNAL_PATCH && e->state == JOURNAL_LIVE;
}

static bool is_arena_patch(const struct journal_entry *e)
{
    return is_live_patch(e) && (e->site < text_start || e->site >= text_end);
}

static bool overlaps(const struct journal_entry *e, const uint8_t *site,
                     size_t len)
{
    return e->site < site + len && site < e->site + e->len;
}

// Hands an old live patch's bytes to the next live patch there, if that
// covers exactly the same bytes. A partial overlap cannot take them: undoing
// in reverse order would meet bytes that it does not expect.
static bool fold(uint32_t index)
{
    const struct journal_entry *e = &entries[index];
    for (uint32_t i = index + 1; i < count; i++) {
        struct journal_entry *heir = &entries[i];
        if (!is_live_patch(heir) || !overlaps(heir, e->site, e->len))
            continue;
        if (heir->site != e->site || heir->len != e->len)
            return false;
        memcpy(heir->old, e->old, sizeof heir->old);
        heir->folded += e->folded + 1;
        arena_patches -= is_arena_patch(e);
        return true;
    }
    return false;
}

// Generated blocks cannot be undone, so their lines are history at once.
static bool can_go(uint32_t index)
{
    return !is_live_patch(&entries[index]) || fold(index);
}

// The first symptom of a wrong fold is an `undo all` that stops with a
// mismatch. `stuck` remembers that nothing could go, so that a full journal
// is not searched again before an entry's state has changed.
static void compact(void)
{
    uint32_t kept = 0, gone = 0;
    for (uint32_t i = 0; i < count && !stuck; i++) {
        if (gone < BATCH && can_go(i))
            gone++;
        else if (kept++ != i)
            entries[kept - 1] = entries[i];
    }
    if (!stuck)
        count = kept;
    stuck = gone == 0;
}

uint32_t journal_add(struct journal_entry entry)
{
    if (count == JOURNAL_SIZE)
        compact();
    if (count == JOURNAL_SIZE)
        return 0;
    entry.number = ++last;
    writes += entry.kind != JOURNAL_REFUSED;
    entry.tsc = rdtsc();
    entries[count++] = entry;
    arena_patches += is_arena_patch(&entry);
    return entry.number;
}

struct journal_entry *journal_find(uint32_t number)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (entries[mid].number < number)
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && entries[low].number == number ? &entries[low] : NULL;
}

struct journal_entry *journal_overlap(const void *site, size_t len,
                                      uint32_t before)
{
    for (uint32_t i = count; i-- > 0;)
        if (entries[i].number < before && is_live_patch(&entries[i]) &&
            overlaps(&entries[i], site, len))
            return &entries[i];
    return NULL;
}

static bool is_inside(const struct journal_entry *e, const uint8_t *start,
                      size_t len)
{
    return e->site >= start && e->site + e->len <= start + len;
}

static void retire(struct journal_entry *e, enum journal_state state)
{
    arena_patches -= is_arena_patch(e);
    e->state = state;
    stuck = false;
}

void journal_forget(const void *start, size_t len)
{
    for (uint32_t i = 0; i < count; i++)
        if (entries[i].state == JOURNAL_LIVE &&
            entries[i].kind != JOURNAL_REFUSED &&
            is_inside(&entries[i], start, len))
            retire(&entries[i], JOURNAL_FREED);
}

void journal_replace(const void *start, size_t len)
{
    for (uint32_t i = 0; i < count && arena_patches; i++)
        if (is_live_patch(&entries[i]) && is_inside(&entries[i], start, len))
            retire(&entries[i], JOURNAL_REPLACED);
}

struct journal_entry *journal_straddler(const void *start, size_t len)
{
    if (!arena_patches)
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (is_live_patch(&entries[i]) && overlaps(&entries[i], start, len) &&
            !is_inside(&entries[i], start, len))
            return &entries[i];
    return NULL;
}

void journal_mark_undone(struct journal_entry *entry)
{
    retire(entry, JOURNAL_UNDONE);
}

uint32_t journal_count(void)
{
    return count;
}

struct journal_entry *journal_at(uint32_t index)
{
    return index < count ? &entries[index] : NULL;
}

uint32_t journal_last(void)
{
    return last;
}

uint32_t journal_writes(void)
{
    return writes;
}
