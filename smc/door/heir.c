// SPDX-License-Identifier: MIT
// Heirs by place: a compaction of the journal asks for those of thousands of
// patches. To look through all that follow takes the square of their number,
// with interrupts off: most of the time of `trace on`, once the journal was
// full.
//
// Text is cut into places of 16 bytes. A patch has 16 at most and so lies in
// one place or two, and hangs in the list of each. The walk is from the newest
// to the oldest: what hangs there already is later, the next one first.
//
//   place     0xc0101230       0xc0101240
//             | . . . . . 90 90 | 90 . . . . . |      #7, two places
//   lists     #7 -> #9          #7 -> #8 -> #12
//
// Several places share a list, so that it is asked what overlaps.
#include "smc/door/heir.h"

enum { PLACE = TEXT_MAX, LISTS = 4096 };

// A patch is 2 * index in the list of its first byte's place, and one more in
// that of its last byte's.
_Static_assert(2 * JOURNAL_SIZE < HEIR_NONE, "two numbers for each patch");
static uint16_t heads[LISTS], next[2 * JOURNAL_SIZE], heirs[JOURNAL_SIZE];

static uint16_t *list_of(const uint8_t *at)
{
    return &heads[(uintptr_t)at / PLACE % LISTS];
}

static const uint8_t *last_byte(const struct journal_entry *e)
{
    return e->site + e->len - 1;
}

static uint32_t search(const struct journal_entry *entries,
                       const struct journal_entry *e, uint32_t node)
{
    while (node != HEIR_NONE &&
           !journal_overlaps(&entries[node / 2], e->site, e->len))
        node = next[node];
    return node == HEIR_NONE ? HEIR_NONE : node / 2;
}

static void hang(uint16_t *list, uint32_t node)
{
    next[node] = *list;
    *list = (uint16_t)node;
}

void heir_find_all(const struct journal_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < LISTS; i++)
        heads[i] = HEIR_NONE;
    for (uint32_t i = count; i-- > 0;) {
        const struct journal_entry *e = &entries[i];
        if (!journal_is_live_patch(e))
            continue;
        uint16_t *first = list_of(e->site), *last = list_of(last_byte(e));
        uint32_t heir = search(entries, e, *first);
        uint32_t other = first == last ? heir : search(entries, e, *last);
        heirs[i] = (uint16_t)(other < heir ? other : heir);
        hang(first, 2 * i);
        if (first != last)
            hang(last, 2 * i + 1);
    }
}

uint32_t heir_of(uint32_t index)
{
    return heirs[index];
}
