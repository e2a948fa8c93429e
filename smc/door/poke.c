// SPDX-License-Identifier: MIT
// The protocol: how instructions change under the feet of other processors.
//
//   step           first byte   others   a CPU that arrives       then wait
//   publish        old          old      executes the old
//   1 arm          INT3         old      old, or emulates new     sync
//   2 tails        INT3         new      emulates new             sync
//   3 heads        new          new      emulates new, or new     sync
//   withdraw       new          new      executes the new
//
// Each wait is needed. Without the first, a CPU that still has the old first
// byte would go on into new tails; without the second, one that still has old
// tails would meet a new first byte; without the third, one could trap on an
// INT3 that nobody announces any more.
//
// A CPU that does not answer in time is stuck, or has interrupts off in a loop
// that does not answer. What is safe then depends on the step:
//
//   after 1   the old first bytes go back: any mixture of INT3 and old is
//             legal, and no tail has changed. Nothing was written
//   after 2,3 the batch stays published and its INT3s stay where they are:
//             the CPU may have the old tails, so that no first byte may be
//             made live. All CPUs emulate. The next poke tries to finish it
//
// [SDM3 8.1.3; Linux smp_text_poke_batch_finish]
#include "smc/door/poke.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/sync.h"
#include "smc/door/write.h"

static const uint8_t int3 = 0xcc;

// The step whose sync is missing, and for whom.
static enum { DONE, TAILS, HEADS } unfinished;
static uint32_t late;

static void (*observer)(enum poke_stage stage);

void poke_observe(void (*fn)(enum poke_stage stage))
{
    observer = fn;
}

static void reached(enum poke_stage stage)
{
    if (observer)
        observer(stage);
}

// The steps ----------------------------------------------------------------

static void store(uint8_t *site, const uint8_t *bytes, size_t len,
                  enum poke_stage stage)
{
    size_t step = observer ? 1 : len;
    for (size_t i = 0; i < len; i += step) {
        bool on = door_lock();
        door_copy(site + i, bytes + i, step);
        door_unlock(on);
        reached(stage);
    }
}

// The first bytes of `count` sites, from `old` or from `new`.
static void store_heads(uint32_t count, bool new)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct poke_site *s = &poke_batch.sites[i];
        const uint8_t *head = new ? s->new : s->old;
        if (s->len && *head != int3)
            store(s->site, head, 1, POKE_HEAD);
    }
}

// Compared once more, with the lock: since the judging somebody else may have
// written. Returns how many are armed.
static uint32_t arm(struct text_result *r)
{
    uint32_t i = 0;
    for (bool same = true; same && i < poke_batch.count; i += same) {
        const struct poke_site *s = &poke_batch.sites[i];
        bool on = door_lock();
        same = memcmp(s->site, s->old, s->len) == 0;
        if (same && s->old[0] != int3)
            door_copy(s->site, &int3, 1);
        else if (!same)
            memcpy(r->found, s->site, s->len);
        door_unlock(on);
        if (same)
            reached(POKE_ARM);
    }
    return i;
}

static bool store_tails(void)
{
    bool any = false;
    for (uint32_t i = 0; i < poke_batch.count; i++) {
        const struct poke_site *s = &poke_batch.sites[i];
        if (s->insn.target)
            poke_map_target(s->insn.target);
        if (s->len > 1)
            store(s->site + 1, s->new + 1, s->len - 1u, POKE_TAIL);
        any |= s->len > 1;
    }
    return any;
}

// The first bytes go in a second time. On a processor that changes nothing.
// QEMU 7.2 throws translated code away *before* it stores, so another CPU may
// translate the INT3 once more in between, and keep it: this throws it away
// again, and what it finds then is the new byte.
static void finish(bool new)
{
    if (cpus_online() & (cpus_online() - 1))
        store_heads(poke_batch.count, new);
    poke_withdraw();
    unfinished = DONE;
}

// From the step whose sync is missing. True when all is done.
static bool go_on(void)
{
    if (unfinished == TAILS) {
        if ((late = sync_all()))
            return false;
        reached(POKE_TAILS);
        store_heads(poke_batch.count, true);
        unfinished = HEADS;
    }
    if (unfinished == HEADS) {
        if ((late = sync_all()))
            return false;
        reached(POKE_HEADS);
        finish(true);
        reached(POKE_DONE);
    }
    return true;
}

static enum text_reason take_back_heads(uint32_t armed, uint32_t count,
                                        enum text_reason reason)
{
    poke_batch.count = armed;
    store_heads(armed, false);
    sync_all();
    finish(false);
    poke_batch.count = count;
    return reason;
}

// What is one byte long has no tails, and needs one wait less.
enum text_reason poke_run(struct text_result *r)
{
    uint32_t count = poke_batch.count;
    poke_publish();
    reached(POKE_PUBLISHED);
    uint32_t armed = arm(r);
    if (armed < count)
        return take_back_heads(armed, count, TEXT_MISMATCH);
    r->cpus = sync_all();
    if (r->cpus)
        return take_back_heads(count, count, TEXT_STUCK);
    reached(POKE_ARMED);
    if (store_tails())
        unfinished = TAILS;
    else {
        store_heads(count, true);
        unfinished = HEADS;
    }
    if (go_on())
        return TEXT_OK;
    r->cpus = late;
    return TEXT_UNFINISHED;
}

// Who may --------------------------------------------------------------------

// Interrupts off would make others wait for this CPU, in their own pokes, as
// long as this one waits for them.
enum text_reason poke_enter(struct text_result *r)
{
    bool alone = !(cpus_online() & (cpus_online() - 1));
    if (!alone && !(read_eflags() & EFLAGS_IF))
        return TEXT_INTERRUPTS;
    if (!poke_lock())
        return TEXT_BUSY;
    cpus_hold();
    if (go_on())
        return TEXT_OK;
    poke_leave();
    r->cpus = late;
    return TEXT_STUCK;
}

void poke_leave(void)
{
    cpus_release();
    poke_unlock();
}

uint32_t poke_finish(void)
{
    struct text_result r = {0};
    enum text_reason reason = poke_enter(&r);
    if (reason == TEXT_OK)
        poke_leave();
    return r.cpus;
}

// A site that is given up is not written any more, even if its poke is not
// finished. The entry stays, for the order.
void poke_forget(const void *start, size_t len)
{
    bool locked = poke_lock();
    for (uint32_t i = 0; unfinished && i < poke_batch.count; i++)
        if ((uintptr_t)poke_batch.sites[i].site - (uintptr_t)start < len)
            poke_batch.sites[i].len = 0;
    if (locked)
        poke_unlock();
}

// The journal ----------------------------------------------------------------

// The lines come before the bytes. Room is made for all of them first: a batch
// that is half in the journal would have to be taken out again, and what was
// folded meanwhile could not be unfolded.
static enum text_reason note_all(struct text_result *r, const char *technique,
                                 const void *caller)
{
    uint32_t count = poke_batch.count, first = journal_last() + 1;
    if (!journal_make_room(count))
        return TEXT_FULL;
    for (uint32_t i = 0; i < count; i++) {
        struct poke_site *s = &poke_batch.sites[i];
        struct journal_entry e = {.kind = JOURNAL_PATCH,
                                  .technique = technique,
                                  .site = s->site,
                                  .caller = caller,
                                  .batch = count > 1 ? first : 0,
                                  .len = s->len};
        memcpy(e.old, s->old, s->len);
        memcpy(e.new, s->new, s->len);
        s->entry = journal_add(e);
    }
    r->entry = first;
    return TEXT_OK;
}

static enum text_reason note(struct text_result *r, const char *technique,
                             const void *caller)
{
    bool on = door_lock();
    enum text_reason reason = note_all(r, technique, caller);
    door_unlock(on);
    return reason;
}

struct poke_site poke_site_of(const struct journal_entry *e)
{
    struct poke_site s = {
        .site = e->site, .len = (uint8_t)e->len, .entry = e->number};
    memcpy(s.old, e->old, s.len);
    memcpy(s.new, e->new, s.len);
    s.insn = poke_decode(s.new, s.len, (uint32_t)s.site);
    return s;
}

// Nothing was written after all.
static void unnote(void)
{
    bool on = door_lock();
    for (uint32_t i = 0; i < poke_batch.count; i++)
        journal_mark_undone(journal_find(poke_batch.sites[i].entry));
    door_unlock(on);
}

// The calls ------------------------------------------------------------------

static enum text_reason poke_entered(struct text_result *r,
                                     const struct poke *pokes, size_t count,
                                     const char *technique, size_t *culprit,
                                     const void *caller)
{
    enum text_reason reason = poke_judge(r, pokes, count, technique, culprit);
    if (reason == TEXT_OK)
        reason = note(r, technique, caller);
    if (reason != TEXT_OK)
        return reason;
    reason = poke_run(r);
    if (reason != TEXT_OK && reason != TEXT_UNFINISHED)
        unnote();
    return reason;
}

static struct text_result poke(const struct poke *pokes, size_t count,
                               const char *technique, size_t *culprit,
                               const void *caller)
{
    struct text_result r = {0};
    if (count && count <= POKE_BATCH_MAX)
        door_touch((const void *)pokes, count * sizeof *pokes);
    enum text_reason reason = poke_enter(&r);
    if (reason == TEXT_OK) {
        reason = poke_entered(&r, pokes, count, technique, culprit, caller);
        poke_leave();
    }
    if (reason == TEXT_OK || reason == TEXT_UNFINISHED) {
        r.reason = reason;
        return r;
    }
    bool on = door_lock();
    const void *site = count && count <= POKE_BATCH_MAX ? pokes[*culprit].site
                                                        : NULL;
    door_refuse(&r, reason, site, technique, caller);
    door_unlock(on);
    return r;
}

struct text_result text_poke_batch(const struct poke *pokes, size_t count,
                                   const char *technique, size_t *culprit)
{
    size_t index = 0;
    struct text_result r = poke(pokes, count, technique, &index,
                                __builtin_return_address(0));
    if (culprit)
        *culprit = index;
    return r;
}

struct text_result text_poke(void *site, const void *expected,
                             const void *replacement, size_t len,
                             const char *technique)
{
    size_t index = 0;
    struct poke one = {.site = site, .len = (uint8_t)len};
    if (len > 0 && len <= POKE_MAX) {
        memcpy(one.expected, expected, len);
        memcpy(one.replacement, replacement, len);
    } else {
        one.len = 0;
    }
    return poke(&one, 1, technique, &index, __builtin_return_address(0));
}
