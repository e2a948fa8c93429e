// SPDX-License-Identifier: MIT
// May this batch be poked? Every question is asked of every site before one
// byte is written: all or nothing.
//
//   question                                         if not
//   1 to 4096 sites, each of 1 to 6 bytes            TEXT_BATCH, _BAD_LENGTH
//   text or arena, mapped, not the door              as text_write
//   is the first byte an INT3 nobody has announced?  TEXT_BREAKPOINT
//   the old bytes as expected, the new different     TEXT_MISMATCH, TEXT_SAME
//   both one instruction that can be emulated        TEXT_OLD, TEXT_NEW
//   its target in text or an arena                   TEXT_TARGET
//   nobody else's                                    TEXT_RESERVED
//   an instruction begins here, and no branch        TEXT_INSIDE, TEXT_BRANCH
//     leads to the bytes behind the first
//   no other site of the batch overlaps              TEXT_TWICE
//
// One instruction for one instruction: nobody can be in the middle of it, so
// nobody has to be waited for. Several NOPs in a row are several: in 2008
// Linux padded with two, and a CPU that was preempted between them came back
// into the middle of a CALL.
//
// Indirect jumps are no reason to refuse, as they are where several
// instructions are replaced: they lead to the first byte of instructions.
#include "kernel/layout.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/write.h"

enum { INT3 = 0xcc };

// In text only: nobody knows where the functions of an arena begin. There the
// owner, who has made the code, vouches for it.
static enum text_reason judge_place(struct text_result *r,
                                    const struct poke_site *s)
{
    if (s->site < text_start || s->site >= text_end)
        return TEXT_OK;
    return poke_map_judge(r, s->site, s->len);
}

static bool is_code(uint32_t target)
{
    const uint8_t *at = (const uint8_t *)target;
    return (at >= text_start && at < text_end) || arena_of(at, 1);
}

// An INT3 in the first byte is a debugger's, unless it was expected there.
static enum text_reason judge_bytes(struct text_result *r,
                                    const struct poke_site *s)
{
    r->len = s->len;
    memcpy(r->expected, s->old, s->len);
    memcpy(r->found, s->site, s->len);
    if (memcmp(s->site, s->old, s->len) != 0)
        return s->site[0] == INT3 && s->old[0] != INT3 ? TEXT_BREAKPOINT
                                                       : TEXT_MISMATCH;
    if (memcmp(s->old, s->new, s->len) == 0)
        return TEXT_SAME;
    if (poke_decode(s->old, s->len, (uint32_t)s->site).kind == POKE_NONE)
        return TEXT_OLD;
    if (s->insn.kind == POKE_NONE)
        return TEXT_NEW;
    bool branches = s->insn.kind == POKE_CALL || s->insn.kind == POKE_JMP ||
                    s->insn.kind == POKE_JCC;
    r->other = s->insn.target;
    return branches && !is_code(s->insn.target) ? TEXT_TARGET : TEXT_OK;
}

// With the lock, one site at a time: the list of arenas and the table of
// owners change under it, and a search in the middle of that ends one line
// beside.
static enum text_reason judge_site(struct text_result *r,
                                   const struct poke_site *s,
                                   const char *technique)
{
    bool on = door_lock();
    enum text_reason reason = door_judge(s->site, s->len);
    if (reason == TEXT_OK)
        reason = judge_bytes(r, s);
    if (reason == TEXT_OK)
        reason = reserve_judge(r, s->site, s->len, technique);
    if (reason == TEXT_OK)
        reason = judge_place(r, s);
    door_unlock(on);
    return reason;
}

static void copy(struct poke_site *s, const struct poke *poke, size_t index)
{
    *s = (struct poke_site){
        .site = poke->site, .len = poke->len, .index = (uint16_t)index};
    memcpy(s->old, poke->expected, poke->len);
    memcpy(s->new, poke->replacement, poke->len);
    s->insn = poke_decode(s->new, s->len, (uint32_t)s->site);
}

static void sift(struct poke_site *sites, size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && sites[child].site < sites[child + 1].site)
            child++;
        if (sites[root].site >= sites[child].site)
            return;
        struct poke_site swap = sites[root];
        sites[root] = sites[child];
        sites[child] = swap;
    }
}

// Heap sort: in place, and no order of the sites makes it slow. Most batches
// are sorted already; one walk finds that out.
static void sort(struct poke_site *sites, size_t count)
{
    size_t sorted = 1;
    while (sorted < count && sites[sorted - 1].site < sites[sorted].site)
        sorted++;
    if (sorted >= count)
        return;
    for (size_t i = count / 2; i-- > 0;)
        sift(sites, i, count);
    for (size_t end = count - 1; end; end--) {
        struct poke_site swap = sites[0];
        sites[0] = sites[end];
        sites[end] = swap;
        sift(sites, 0, end);
    }
}

static enum text_reason judge_all(struct text_result *r, const char *technique,
                                  size_t *culprit)
{
    const struct poke_site *sites = poke_batch.sites;
    for (uint32_t i = 0; i < poke_batch.count; i++) {
        *culprit = sites[i].index;
        if (i && sites[i - 1].site + sites[i - 1].len > sites[i].site) {
            r->other = (uint32_t)sites[i - 1].site;
            return TEXT_TWICE;
        }
        enum text_reason reason = judge_site(r, &sites[i], technique);
        if (reason != TEXT_OK)
            return reason;
    }
    *culprit = 0;
    return TEXT_OK;
}

enum text_reason poke_judge(struct text_result *r, const struct poke *pokes,
                            size_t count, const char *technique,
                            size_t *culprit)
{
    *culprit = 0;
    if (!count || count > POKE_BATCH_MAX)
        return TEXT_BATCH;
    for (size_t i = 0; i < count; i++) {
        *culprit = i;
        if (!pokes[i].len || pokes[i].len > POKE_MAX)
            return TEXT_BAD_LENGTH;
        copy(&poke_batch.sites[i], &pokes[i], i);
    }
    poke_batch.count = (uint32_t)count;
    sort(poke_batch.sites, count);
    poke_map_update();
    return judge_all(r, technique, culprit);
}
