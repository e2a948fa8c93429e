// SPDX-License-Identifier: MIT
// The journal's memory: an array in order of number, compacted when full.
//
//   full      | 1 u | 2 L | 3 r | 4 L | 5 L | ... | 8192 L |
//                ^     ^     ^
//                |     |     refused: history
//                |     live, but #5 has the same bytes: folded into it
//                undone: history
//   compacted | 4 L | 5 L | ... | 8192 L |     free      |
//
// What must hold between two calls, and how it shows if it does not:
//
//   numbers ascend      `undo N` does not find what `journal` prints
//   live patches leave  `undo all` is content, and the hash is not that of
//   by folding only     the boot
//   arena_patches are   too low: a block overwrites half of a patch; too
//   their true counts   high: every block is a search
//
// Live entries that overlap are in the order of their writes, since numbers
// are: the newest is the one whose bytes are in memory.
#include "smc/door/journal.h"
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/heir.h"

// At most this many entries go in one compaction: enough to spread its cost
// over as many writes, few enough to leave some history to read.
enum { BATCH = JOURNAL_SIZE / 4 };

static struct journal_entry entries[JOURNAL_SIZE];
static uint32_t count, last, writes;
// Nothing could go at the last try, and no entry has changed since.
static bool stuck;

// Live patches in arenas, by page; several pages share a count. Where there
// are none, a new block lies over no patch, and the journal need not be
// searched for one.
enum { PAGES = 256 };
static uint16_t arena_patches[PAGES];

// An undo stays JOURNAL_LIVE too, as does a generated block: hence both
// conditions.
bool journal_is_live_patch(const struct journal_entry *e)
{
    return e->kind == JOURNAL_PATCH && e->state == JOURNAL_LIVE;
}

static bool is_arena_patch(const struct journal_entry *e)
{
    return journal_is_live_patch(e) &&
           (e->site < text_start || e->site >= text_end);
}

static uint16_t *patches_near(const uint8_t *at)
{
    return &arena_patches[(uintptr_t)at / PAGE_SIZE % PAGES];
}

// A patch comes (1) or goes (-1). It may lie across two pages, and is counted
// in both.
static void count_patch(const struct journal_entry *e, int step)
{
    const uint8_t *end = e->site + e->len - 1;
    if (!is_arena_patch(e))
        return;
    *patches_near(e->site) += (uint16_t)step;
    if (patches_near(end) != patches_near(e->site))
        *patches_near(end) += (uint16_t)step;
}

static bool may_hold_patches(const uint8_t *start, size_t len)
{
    const uint8_t *page = (const void *)PAGE_ALIGN_DOWN((uintptr_t)start);
    for (; page < start + len; page += PAGE_SIZE)
        if (*patches_near(page))
            return true;
    return false;
}

bool journal_overlaps(const struct journal_entry *e, const uint8_t *site,
                      size_t len)
{
    return e->site < site + len && site < e->site + e->len;
}

// Hands an old live patch's bytes to the next live patch there, if that
// covers exactly the same bytes. A partial overlap cannot take them: undoing
// in reverse order would meet bytes that it does not expect.
//
//   site      0  1  2  3
//   #7        aa aa aa aa      had  00 00 00 00
//   #9              bb bb      had  aa aa
//
// If #9 took over 00 00 for its two bytes, sites 0 and 1 would stay aa for
// ever. The first live patch that overlaps decides: it is the one that was
// written straight over e, and looking further would skip it.
static bool fold(uint32_t index)
{
    const struct journal_entry *e = &entries[index];
    if (heir_of(index) == HEIR_NONE)
        return false;
    struct journal_entry *heir = &entries[heir_of(index)];
    if (heir->site != e->site || heir->len != e->len)
        return false;
    memcpy(heir->old, e->old, sizeof heir->old);
    heir->folded += e->folded + 1;
    heir->still |= e->still;
    count_patch(e, -1);
    return true;
}

// Generated blocks cannot be undone, so their lines are history at once.
// Asking changes the heir: whoever gets a yes must drop the entry.
//
// A patch that took back what was folded into it, as a switch that was turned
// on and off, has nothing to undo any more:
//
//   #9   site  A -> B      becomes     #12  site  A -> A, 1 folded: goes
//   #12  site  B -> A
static bool can_go(uint32_t index)
{
    const struct journal_entry *e = &entries[index];
    if (!journal_is_live_patch(e))
        return true;
    if (memcmp(e->old, e->new, e->len) != 0)
        return fold(index);
    count_patch(e, -1);
    return true;
}

// The first symptom of a wrong fold is an `undo all` that stops with a
// mismatch. `stuck` remembers that nothing could go, so that a full journal
// is not searched again before an entry's state has changed: a refused write
// must be cheap.
//
// Entries are read at i and written at or below i. Those above i are still
// where they were, and the heir of i is among them.
static void compact(void)
{
    uint32_t kept = 0, gone = 0;
    if (!stuck)
        heir_find_all(entries, count);
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

// As often as something goes: one compaction frees a quarter at most.
bool journal_make_room(uint32_t wanted)
{
    while (JOURNAL_SIZE - count < wanted) {
        uint32_t before = count;
        compact();
        if (count == before)
            return false;
    }
    return true;
}

// Refusals are appended as patches are: at a full journal a refusal too is
// dropped, but not the refusal of the door, which is a value.
uint32_t journal_add(struct journal_entry entry)
{
    if (!journal_make_room(1))
        return 0;
    entry.number = ++last;
    writes += entry.kind != JOURNAL_REFUSED;
    entry.cpu = (uint8_t)cpu_index();
    entry.tsc = rdtsc();
    entries[count++] = entry;
    stuck = false; // it may be an heir
    count_patch(&entry, 1);
    return entry.number;
}

// Binary search: numbers ascend, with gaps where entries have gone. Number 0
// is never given, so a result without a line finds nothing.
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

// From the newest down: the answer is the patch to undo first.
struct journal_entry *journal_overlap(const void *site, size_t len,
                                      uint32_t before)
{
    for (uint32_t i = count; i-- > 0;)
        if (entries[i].number < before && journal_is_live_patch(&entries[i]) &&
            journal_overlaps(&entries[i], site, len))
            return &entries[i];
    return NULL;
}

static bool is_inside(const struct journal_entry *e, const uint8_t *start,
                      size_t len)
{
    return e->site >= start && e->site + e->len <= start + len;
}

// The one way out of JOURNAL_LIVE. The count comes first: after the state has
// changed the entry no longer looks like what is counted.
static void retire(struct journal_entry *e, enum journal_state state)
{
    count_patch(e, -1);
    e->state = state;
    stuck = false;
}

// For memory that is given up. An entry left live would let `undo` write old
// code into whatever the page holds by then. Refusals have no state to lose;
// generated blocks and undos are marked as well, for the reader.
void journal_forget(const void *start, size_t len)
{
    for (uint32_t i = 0; i < count; i++)
        if (entries[i].state == JOURNAL_LIVE &&
            entries[i].kind != JOURNAL_REFUSED &&
            is_inside(&entries[i], start, len))
            retire(&entries[i], JOURNAL_FREED);
}

// For a block that is written anew. If a patch below it stayed live, the next
// patch of these bytes would overlap it, and a fold could bring back bytes of
// code that exists no more. Without patches nearby there is no search:
// generating many blocks must not take the square of their number.
void journal_replace(const void *start, size_t len)
{
    bool search = may_hold_patches(start, len);
    for (uint32_t i = 0; i < count && search; i++)
        if (journal_is_live_patch(&entries[i]) &&
            is_inside(&entries[i], start, len))
            retire(&entries[i], JOURNAL_REPLACED);
}

//   range               [ - - - - - - - ]
//   inside                [ x x ]               replaced or forgotten
//   straddles     [ x x x x ]                   the answer
//   straddles   [ x x x x x x x x x x x x x ]   the answer too
struct journal_entry *journal_straddler(const void *start, size_t len)
{
    if (!may_hold_patches(start, len))
        return NULL;
    for (uint32_t i = 0; i < count; i++)
        if (journal_is_live_patch(&entries[i]) &&
            journal_overlaps(&entries[i], start, len) &&
            !is_inside(&entries[i], start, len))
            return &entries[i];
    return NULL;
}

void journal_mark_undone(struct journal_entry *entry)
{
    retire(entry, JOURNAL_UNDONE);
}

void journal_revive(struct journal_entry *entry)
{
    entry->state = JOURNAL_LIVE;
    count_patch(entry, 1);
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
