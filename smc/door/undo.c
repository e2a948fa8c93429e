// SPDX-License-Identifier: MIT
// Taking writes back. An undo is itself a write with an entry of its own;
// what it restores is known to have been right, since it was there before.
//
// Undoing is only right from the top down:
//
//   #7   A -> B      undo #7 alone would put A where #9 stands;
//   #9   B -> C      undo #9 later would bring back B, which is undone
#include "kernel/cpu.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

//   the entry                        verdict
//   never was, or folded, or dropped TEXT_NO_ENTRY
//   block, undo or refusal           TEXT_NOT_PATCH
//   undone / freed / replaced        TEXT_UNDONE, _FREED, _REPLACED
//   a newer live patch overlaps      TEXT_OVERLAPPED, and which one
//   its page is gone or data         TEXT_UNMAPPED, from door_judge
//   other bytes are in memory        TEXT_MISMATCH, both byte strings
//
// The last can only be the work of somebody who went around the door. Writing
// over it would destroy the evidence.
static enum text_reason judge_entry(const struct journal_entry *e,
                                    struct text_result *r)
{
    if (!e)
        return TEXT_NO_ENTRY;
    if (e->kind != JOURNAL_PATCH)
        return TEXT_NOT_PATCH;
    if (e->state == JOURNAL_UNDONE)
        return TEXT_UNDONE;
    if (e->state != JOURNAL_LIVE)
        return e->state == JOURNAL_FREED ? TEXT_FREED : TEXT_REPLACED;
    // The newest over these bytes is at least e itself: e is live.
    const struct journal_entry *later = journal_overlap(e->site, e->len,
                                                        UINT32_MAX);
    if (later != e) {
        r->other = later->number;
        return TEXT_OVERLAPPED;
    }
    enum text_reason reason = door_judge(e->site, e->len);
    if (reason != TEXT_OK)
        return reason;
    r->len = (uint8_t)e->len;
    memcpy(r->expected, e->new, e->len);
    memcpy(r->found, e->site, e->len);
    return memcmp(r->found, r->expected, e->len) ? TEXT_MISMATCH : TEXT_OK;
}

// The new entry may push the old one out of the ring or move it: all that
// is needed of it is taken first.
//
// It is marked as undone before the line is added. In a journal full of live
// patches this makes the room; the other way round the one command that
// could help would be refused for want of it.
static struct journal_entry take_out(const struct journal_entry *entry,
                                     struct text_result *r, const void *caller)
{
    struct journal_entry undo = {.kind = JOURNAL_UNDO,
                                 .technique = entry->technique,
                                 .site = entry->site,
                                 .caller = caller,
                                 .len = entry->len,
                                 .other = entry->number};
    memcpy(undo.old, entry->new, TEXT_MAX);
    memcpy(undo.new, entry->old, TEXT_MAX);
    journal_mark_undone(journal_find(undo.other));
    r->entry = undo.number = journal_add(undo);
    return undo;
}

// Nobody executes it: one copy.
static enum text_reason undo_alone(uint32_t number, struct text_result *r,
                                   const void *caller)
{
    bool on = door_lock();
    const struct journal_entry *e = journal_find(number);
    enum text_reason reason = judge_entry(e, r);
    if (reason == TEXT_OK) {
        struct journal_entry undo = take_out(e, r, caller);
        door_copy(undo.site, undo.new, undo.len);
        poke_map_forget(undo.site);
    }
    door_unlock(on);
    if (reason == TEXT_OK)
        sync_all();
    return reason;
}

// The lines are in the journal. If a CPU is stuck, they become refusals, and
// what they undid is live again.
static enum text_reason run(struct text_result *r)
{
    enum text_reason reason = poke_run(r, &(size_t){0});
    if (reason == TEXT_OK || reason == TEXT_UNFINISHED)
        return reason;
    bool on = door_lock();
    for (uint32_t i = 0; i < poke_batch.count; i++) {
        struct journal_entry *e = journal_find(poke_batch.sites[i].entry);
        journal_revive(journal_find(e->other));
        e->kind = JOURNAL_REFUSED;
        e->reason = (uint8_t)reason;
    }
    door_unlock(on);
    return reason;
}

// What other CPUs may be executing goes by the protocol, as it came. The
// caller has the batch.
static enum text_reason undo_live(uint32_t number, struct text_result *r,
                                  const void *caller)
{
    struct journal_entry undo = {0};
    bool on = door_lock();
    const struct journal_entry *e = journal_find(number);
    enum text_reason reason = judge_entry(e, r);
    if (reason == TEXT_OK)
        undo = take_out(e, r, caller);
    door_unlock(on);
    if (reason != TEXT_OK)
        return reason;
    poke_batch.sites[0] = poke_site_of(&undo);
    poke_batch.count = 1;
    return run(r);
}

// The live lines of a batch up to `last`, each to be written back: they are in
// order of address, as they were when they were poked. 0 if one of them cannot
// be undone; then all are undone one by one, and the refusal is said.
static uint32_t gather(uint32_t last)
{
    const struct journal_entry *e = journal_find(last);
    uint32_t batch = e ? e->batch : 0, count = 0;
    for (uint32_t n = batch; batch && n <= last; n++) {
        struct text_result r = {0};
        e = journal_find(n);
        if (!e || e->batch != batch || e->kind != JOURNAL_PATCH ||
            e->state != JOURNAL_LIVE)
            continue;
        if (judge_entry(e, &r) != TEXT_OK)
            return 0;
        poke_batch.sites[count++].entry = n;
    }
    return journal_make_room(count) ? count : 0;
}

// Takes a whole batch back as one: three waits, however many sites.
static uint32_t undo_batch(uint32_t last, const void *caller)
{
    struct text_result r = {0};
    bool on = door_lock();
    uint32_t count = gather(last), first = journal_last() + 1;
    for (uint32_t i = 0; i < count; i++) {
        struct journal_entry undo = take_out(
            journal_find(poke_batch.sites[i].entry), &r, caller);
        journal_find(undo.number)->batch = first;
        poke_batch.sites[i] = poke_site_of(&undo);
    }
    poke_batch.count = count;
    door_unlock(on);
    if (!count)
        return 0;
    enum text_reason reason = run(&r);
    return reason == TEXT_OK || reason == TEXT_UNFINISHED ? count : 0;
}

// Both sides are one instruction that the handler can execute. Others were
// written while nobody could be there, and are taken back likewise.
static bool is_pokeable(uint32_t number)
{
    bool on = door_lock();
    const struct journal_entry *e = journal_find(number);
    bool is = e && e->len <= POKE_MAX &&
              poke_decode(e->old, e->len, (uint32_t)e->site).kind &&
              poke_decode(e->new, e->len, (uint32_t)e->site).kind;
    door_unlock(on);
    return is;
}

static void note_refusal(uint32_t number, struct text_result *r,
                         enum text_reason reason, const void *caller)
{
    bool on = door_lock();
    const struct journal_entry *e = journal_find(number);
    door_refuse(r, reason, e ? e->site : NULL, e ? e->technique : "undo",
                caller);
    door_unlock(on);
}

// False if other CPUs run. With interrupts off none is started in between.
static bool undo_while_alone(uint32_t number, struct text_result *r,
                             const void *caller, enum text_reason *reason)
{
    bool on = interrupts_off(), alone = cpus_alone();
    if (alone)
        *reason = undo_alone(number, r, caller);
    interrupts_restore(on);
    return alone;
}

static struct text_result undo(uint32_t number, const void *caller)
{
    struct text_result r = {0};
    enum text_reason reason = TEXT_OK;
    bool done = undo_while_alone(number, &r, caller, &reason);
    if (!done && !is_pokeable(number)) {
        reason = undo_alone(number, &r, caller);
    } else if (!done && (reason = poke_enter(&r)) == TEXT_OK) {
        reason = undo_live(number, &r, caller);
        poke_leave();
    }
    if (reason == TEXT_OK || reason == TEXT_UNFINISHED)
        r.reason = reason;
    else
        note_refusal(number, &r, reason, caller);
    return r;
}

struct text_result text_undo(uint32_t number)
{
    return undo(number, __builtin_return_address(0));
}

// By number, not by index: the undo in between adds a line and may move all.
static uint32_t newest_live(uint32_t before)
{
    for (uint32_t i = journal_count(); i-- > 0;) {
        const struct journal_entry *e = journal_at(i);
        if (e->number < before && e->kind == JOURNAL_PATCH &&
            e->state == JOURNAL_LIVE)
            return e->number;
    }
    return 0;
}

// Only a batch, and only where others may be executing it.
static uint32_t undo_together(uint32_t number, const void *caller)
{
    struct text_result r = {0};
    if (cpus_alone() || poke_enter(&r) != TEXT_OK)
        return 0;
    uint32_t many = undo_batch(number, caller);
    poke_leave();
    return many;
}

// One entry that cannot be undone must not keep the others: it is passed
// over, and what lies under it is refused in its turn.
uint32_t text_undo_all(struct text_result *refusal)
{
    uint32_t undone = 0, number = UINT32_MAX;
    *refusal = (struct text_result){0};
    while ((number = newest_live(number)) != 0) {
        uint32_t many = undo_together(number, __builtin_return_address(0));
        undone += many;
        if (many)
            continue;
        struct text_result r = undo(number, __builtin_return_address(0));
        // Numbers only fall, so the loop ends even if all are refused.
        bool done = r.reason == TEXT_OK || r.reason == TEXT_UNFINISHED;
        undone += done;
        if (!done && refusal->reason == TEXT_OK)
            *refusal = r;
    }
    return undone;
}
