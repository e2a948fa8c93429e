// SPDX-License-Identifier: MIT
// Taking everything back, newest first; what was poked as a batch, as a batch.
#include "kernel/smp.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/undo_inside.h"

// The live lines of a batch up to `last`, each to be written back: they are in
// order of address, as they were when they were poked. 0 if one of them cannot
// be undone; then all are undone one by one, and the refusal is said. The room
// for the new lines is made first, since that may drop old ones.
static uint32_t gather(uint32_t last)
{
    const struct journal_entry *e = journal_find(last);
    uint32_t batch = e ? e->batch : 0, count = 0;
    if (!batch || !journal_make_room(last - batch + 1))
        return 0;
    for (uint32_t n = batch; n <= last; n++) {
        struct text_result r = {0};
        e = journal_find(n);
        if (!e || e->batch != batch || e->kind != JOURNAL_PATCH ||
            e->state != JOURNAL_LIVE)
            continue;
        // Folded, a line may have the old bytes of several instructions.
        if (undo_judge(e, &r) != TEXT_OK || !undo_is_poke(e))
            return 0;
        poke_batch.sites[count++].entry = n;
    }
    return count;
}

// Takes a whole batch back as one: three waits, however many sites.
static uint32_t undo_batch(uint32_t last, const void *caller)
{
    struct text_result r = {0};
    bool on = door_lock();
    uint32_t count = gather(last), first = journal_last() + 1;
    for (uint32_t i = 0; i < count; i++) {
        struct journal_entry undo = undo_take_out(
            journal_find(poke_batch.sites[i].entry), &r, caller);
        journal_find(undo.number)->batch = first;
        poke_batch.sites[i] = poke_site_of(&undo);
    }
    poke_batch.count = count;
    door_unlock(on);
    if (!count)
        return 0;
    enum text_reason reason = undo_run(&r, caller);
    return reason == TEXT_OK || reason == TEXT_UNFINISHED ? count : 0;
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
        // Room was made for the batch: a line that changes nothing has gone.
        if (many || !journal_find(number))
            continue;
        struct text_result r = undo_entry(number, __builtin_return_address(0));
        // Numbers only fall, so the loop ends even if all are refused.
        bool done = r.reason == TEXT_OK || r.reason == TEXT_UNFINISHED;
        undone += done;
        if (!done && refusal->reason == TEXT_OK)
            *refusal = r;
    }
    return undone;
}
