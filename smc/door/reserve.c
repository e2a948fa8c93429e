// SPDX-License-Identifier: MIT
// Which technique a site belongs to. Two that each remember what they wrote
// would both believe to know the bytes; the second to come is refused, by the
// name of the first. Linux asks every technique about every other instead
// (jump_label_text_reserved, ftrace_text_reserved, ...).
//
// A table in order of address. Ranges never overlap, so that the one before a
// place and the one after it are all that can be in the way.
#include "kernel/string.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/write.h"

enum { MOST = 8192 };

static struct reservation {
    const uint8_t *site;
    uint32_t len;
    const char *technique;
} table[MOST];
static uint32_t count;

// The first that ends behind `at`: the only one that can hold it, or the next.
static uint32_t place_of(const uint8_t *at)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (table[mid].site + table[mid].len <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool meets(uint32_t i, const uint8_t *site, size_t len)
{
    return i < count && table[i].site < site + len;
}

enum text_reason reserve_judge(struct text_result *r, const void *site,
                               size_t len, const char *technique)
{
    for (uint32_t i = place_of(site); meets(i, site, len); i++)
        if (strcmp(table[i].technique, technique) != 0) {
            r->owner = table[i].technique;
            return TEXT_RESERVED;
        }
    return TEXT_OK;
}

// Overlapping one's own is no error if it is the same range; another range
// would have to be merged, and then released as what?
static enum text_reason add(struct text_result *r, const uint8_t *site,
                            size_t len, const char *technique)
{
    enum text_reason reason = reserve_judge(r, site, len, technique);
    uint32_t at = place_of(site);
    if (reason != TEXT_OK)
        return reason;
    if (meets(at, site, len)) {
        r->owner = table[at].technique;
        return table[at].site == site && table[at].len == len ? TEXT_OK
                                                              : TEXT_RESERVED;
    }
    if (count == MOST)
        return TEXT_FULL;
    memmove(&table[at + 1], &table[at], (count++ - at) * sizeof table[0]);
    table[at] = (struct reservation){site, (uint32_t)len, technique};
    return TEXT_OK;
}

struct text_result text_reserve(const void *site, size_t len,
                                const char *technique)
{
    const void *caller = __builtin_return_address(0);
    struct text_result r = {0};
    bool on = door_lock();
    enum text_reason reason = TEXT_BAD_LENGTH;
    if (len > 0 && len <= TEXT_MAX)
        reason = add(&r, site, len, technique);
    if (reason != TEXT_OK)
        door_refuse(&r, reason, site, technique, caller);
    door_unlock(on);
    return r;
}

static void drop(uint32_t at)
{
    memmove(&table[at], &table[at + 1], (--count - at) * sizeof table[0]);
}

void text_release(const void *site, size_t len, const char *technique)
{
    bool on = door_lock();
    uint32_t at = place_of(site);
    if (at < count && table[at].site == site && table[at].len == len &&
        strcmp(table[at].technique, technique) == 0)
        drop(at);
    door_unlock(on);
}

// Also one that is only half in the range: half a site is none.
void reserve_forget(const void *start, size_t len)
{
    uint32_t at = place_of(start), end = at;
    while (meets(end, start, len))
        end++;
    memmove(&table[at], &table[end], (count - end) * sizeof table[0]);
    count -= end - at;
}
