// SPDX-License-Identifier: MIT
// Where the instructions of kernel text begin, and where its branches lead:
// two bits for each byte. All of text is decoded once, at the first poke; then
// a batch of a thousand sites costs a thousand looks.
//
//   byte     55 | 89 e5 | 74 03 | 66 90 | 40 | c3
//   starts   1    1  0    1  0    1  0    1    1
//   targets  0    0  0    0  0    0  1    0    0    <- somebody jumps there
//
// All of text, since a label in the middle of a function looks like another
// function, and parts of one lie elsewhere (f.cold). A poke replaces one
// instruction by one of the same length and so moves no start. What text_write
// has changed is decoded again before the next poke.
//
// Targets are never taken back: a branch that is gone refuses a poke that
// would be right, which is the harmless mistake. Computed branches are not
// seen; they lead to first bytes.
#include "kernel/layout.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/x86/decode.h"

enum { BYTES = 1 << 20, DIRTY = 32 };

static uint8_t starts[BYTES / 8], targets[BYTES / 8];

// Sites written since the map was made; more than fit mean all of text.
static const uint8_t *dirty[DIRTY];
static uint32_t dirty_count = DIRTY + 1;

static bool get(const uint8_t *bits, const uint8_t *at)
{
    uint32_t i = (uint32_t)(at - text_start);
    return bits[i / 8] >> i % 8 & 1;
}

static void put(uint8_t *bits, const uint8_t *at, bool bit)
{
    uint32_t i = (uint32_t)(at - text_start);
    bits[i / 8] = (uint8_t)((bits[i / 8] & ~(1 << i % 8)) | bit << i % 8);
}

static bool in_text(const uint8_t *at)
{
    return at >= text_start && at < text_end && at - text_start < BYTES;
}

void poke_map_target(uint32_t target)
{
    if (in_text((const uint8_t *)target))
        put(targets, (const uint8_t *)target, true);
}

// One instruction after the other, from the first byte on. What cannot be
// decoded ends it, and has no starts behind it: pokes there are refused.
static void map_function(const uint8_t *code, uint32_t size)
{
    struct insn insn;
    uint32_t target;
    if (!in_text(code + size - 1))
        return;
    for (uint32_t at = 0; at < size; at++)
        put(starts, code + at, false);
    for (uint32_t at = 0; at < size; at += insn.length) {
        if (!insn_has_length(
                insn_decode(&insn, code + at, size - at, INSN_32)))
            return;
        put(starts, code + at, true);
        if (insn.row && insn_target(&insn, (uint32_t)code + at, &target))
            poke_map_target(target);
    }
}

static void map_all(void)
{
    const uint8_t *start = text_start;
    uint32_t size = 0;
    memset(targets, 0, sizeof targets);
    for (; symbol_range(start, &start, &size); start += size)
        map_function(start, size);
}

// Called by whoever writes to text without the protocol, with door_lock.
void poke_map_forget(const uint8_t *site)
{
    if (!in_text(site) || dirty_count > DIRTY ||
        (dirty_count && dirty[dirty_count - 1] == site))
        return;
    if (dirty_count < DIRTY)
        dirty[dirty_count] = site;
    dirty_count++;
}

// Before the judging, with poke_lock. Who writes while this decodes is on the
// list for the next time.
void poke_map_update(void)
{
    const uint8_t *start, *sites[DIRTY];
    uint32_t size;
    bool on = door_lock();
    uint32_t count = dirty_count;
    memcpy(sites, dirty, sizeof sites);
    dirty_count = 0;
    door_unlock(on);
    if (count > DIRTY)
        map_all();
    else
        while (count-- > 0)
            if (symbol_range(sites[count], &start, &size))
                map_function(start, size);
}

// The start of the instruction that holds `at`, for a refusal.
static const uint8_t *start_of(const uint8_t *at)
{
    while (at > text_start && !get(starts, at))
        at--;
    return at;
}

enum text_reason poke_map_judge(struct text_result *r, const uint8_t *site,
                                size_t len)
{
    if (!in_text(site) || !get(starts, site)) {
        r->other = in_text(site) ? (uint32_t)start_of(site) : 0;
        return TEXT_INSIDE;
    }
    for (size_t i = 1; i < len && in_text(site + i); i++)
        if (get(targets, site + i)) {
            r->other = (uint32_t)site + i;
            return TEXT_BRANCH;
        }
    return TEXT_OK;
}
