// SPDX-License-Identifier: MIT
// The journal's memory: an array in order of number, compacted when full.
#include "smc/door/journal.h"
#include "kernel/cpu.h"
#include "kernel/string.h"

// At least this many entries go in one compaction, so that its cost is
// spread over as many writes.
enum { BATCH = JOURNAL_SIZE / 4 };

static struct journal_entry entries[JOURNAL_SIZE];
static uint32_t count, last, writes;

static bool is_live_patch(const struct journal_entry *e)
{
    return e->kind == JOURNAL_PATCH && e->state == JOURNAL_LIVE;
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
        return true;
    }
    return false;
}

static bool can_go(uint32_t index)
{
    const struct journal_entry *e = &entries[index];
    if (e->state == JOURNAL_LIVE && e->kind == JOURNAL_GENERATED)
        return false;
    return !is_live_patch(e) || fold(index);
}

static void compact(void)
{
    uint32_t kept = 0, gone = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (gone < BATCH && can_go(i))
            gone++;
        else if (kept++ != i)
            entries[kept - 1] = entries[i];
    }
    count = kept;
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

void journal_forget(const void *start, size_t len)
{
    for (uint32_t i = 0; i < count; i++)
        if (entries[i].state == JOURNAL_LIVE &&
            overlaps(&entries[i], start, len))
            entries[i].state = JOURNAL_FREED;
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
