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
#include "kernel/still.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/sync.h"
#include "smc/door/undo_inside.h"
#include "smc/door/write.h"

enum { PATIENCE_US = 1000000 };

//   the entry                        verdict
//   never was, or folded, or dropped TEXT_NO_ENTRY
//   block, undo or refusal           TEXT_NOT_PATCH
//   undone / freed / replaced        TEXT_UNDONE, _FREED, _REPLACED
//   a newer live patch overlaps      TEXT_OVERLAPPED, and which one
//   a thread is in the middle        TEXT_ENTERED, each time for a second
//   its page is gone or data         TEXT_UNMAPPED, from door_judge
//   other bytes are in memory        TEXT_MISMATCH, both byte strings
//
// The last can only be the work of somebody who went around the door. Writing
// over it would destroy the evidence.
enum text_reason undo_judge(const struct journal_entry *e,
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
struct journal_entry undo_take_out(const struct journal_entry *entry,
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
    enum text_reason reason = undo_judge(e, r);
    if (reason == TEXT_OK) {
        struct journal_entry undo = undo_take_out(e, r, caller);
        door_copy(undo.site, undo.new, undo.len);
        poke_map_forget(undo.site);
    }
    door_unlock(on);
    if (reason == TEXT_OK)
        sync_all();
    return reason;
}

// A line that could not be undone is live again. In a full journal it may be
// what made the room for its own undo: then it gets a new one.
static void put_back(const struct poke_site *s, enum text_reason reason,
                     const void *caller)
{
    struct journal_entry patch = {.kind = JOURNAL_PATCH,
                                  .technique = "undo",
                                  .site = s->site,
                                  .caller = caller,
                                  .len = s->len};
    struct journal_entry *e = journal_find(s->entry);
    struct journal_entry *was = e ? journal_find(e->other) : NULL;
    if (e) {
        patch.technique = e->technique;
        e->kind = JOURNAL_REFUSED;
        e->reason = (uint8_t)reason;
    }
    if (was) {
        journal_revive(was);
        return;
    }
    memcpy(patch.old, s->new, s->len);
    memcpy(patch.new, s->old, s->len);
    journal_add(patch);
}

// The lines are in the journal. If a CPU is stuck, they become refusals.
enum text_reason undo_run(struct text_result *r, const void *caller)
{
    enum text_reason reason = poke_run(r, &(size_t){0});
    if (reason == TEXT_OK || reason == TEXT_UNFINISHED)
        return reason;
    bool on = door_lock();
    for (uint32_t i = 0; i < poke_batch.count; i++)
        put_back(&poke_batch.sites[i], reason, caller);
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
    enum text_reason reason = undo_judge(e, r);
    if (reason == TEXT_OK)
        undo = undo_take_out(e, r, caller);
    door_unlock(on);
    if (reason != TEXT_OK)
        return reason;
    poke_batch.sites[0] = poke_site_of(&undo);
    poke_batch.count = 1;
    return undo_run(r, caller);
}

// Both sides are one instruction that the handler can execute.
bool undo_is_poke(const struct journal_entry *e)
{
    return e->len <= POKE_MAX &&
           poke_decode(e->old, e->len, (uint32_t)e->site).kind &&
           poke_decode(e->new, e->len, (uint32_t)e->site).kind;
}

// A patch is taken back as it came:
//
//   live   one instruction for one that others may be executing: the protocol
//   still  several, while all stood still
//   plain  what nobody else executes, says who wrote it
enum way { LIVE, STILL, PLAIN };

// *inside is what no thread may stand at then. Whoever is at the first byte
// has not begun.
static enum way way_of(uint32_t number, struct still_range *inside)
{
    bool on = door_lock();
    const struct journal_entry *e = journal_find(number);
    enum way way = e && e->still           ? STILL
                   : e && !undo_is_poke(e) ? PLAIN
                                           : LIVE;
    if (way == STILL)
        *inside = (struct still_range){e->site + 1, e->len - 1u};
    door_unlock(on);
    return way;
}

struct undoing {
    uint32_t number;
    struct text_result *r;
    const void *caller;
    enum text_reason reason;
};

static void undo_it(void *arg)
{
    struct undoing *u = arg;
    u->reason = undo_alone(u->number, u->r, u->caller);
}

static enum text_reason judge(uint32_t number, struct text_result *r)
{
    bool on = door_lock();
    enum text_reason reason = undo_judge(journal_find(number), r);
    door_unlock(on);
    return reason;
}

// All other CPUs stand still, and no thread waits in the middle: with one CPU
// it may have been preempted there. With interrupts off the caller answers for
// that. Nobody is stopped for what is refused anyway.
static enum text_reason undo_still(uint32_t number, struct text_result *r,
                                   const struct still_range *inside,
                                   const void *caller)
{
    struct undoing u = {number, r, caller, TEXT_ENTERED};
    char why[80];
    uint32_t looks = 0;
    if (!(read_eflags() & EFLAGS_IF)) {
        undo_it(&u);
        return u.reason;
    }
    poke_finish(); // an INT3 that waits for its end is no mismatch
    enum text_reason reason = judge(number, r);
    if (reason != TEXT_OK)
        return reason;
    still_call(inside, 1, undo_it, &u, PATIENCE_US, &looks, why, sizeof why);
    return u.reason;
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

// What is unfinished is neither the old instruction nor the new one yet. The
// protocol begins with finishing it; a plain write does not.
struct text_result undo_entry(uint32_t number, const void *caller)
{
    struct text_result r = {0};
    struct still_range inside;
    enum text_reason reason = TEXT_OK;
    if (cpus_alone() && (read_eflags() & EFLAGS_IF))
        poke_finish();
    enum way way = way_of(number, &inside);
    if (way == STILL) {
        reason = undo_still(number, &r, &inside, caller);
    } else if (way == PLAIN) {
        reason = undo_alone(number, &r, caller);
    } else if (!undo_while_alone(number, &r, caller, &reason) &&
               (reason = poke_enter(&r)) == TEXT_OK) {
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
    return undo_entry(number, __builtin_return_address(0));
}
