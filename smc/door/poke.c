// SPDX-License-Identifier: MIT
// The calls of smc/door/poke.h: who may poke, what is judged, and the lines in
// the journal. The protocol itself is in poke_steps.c.
#include "smc/door/poke.h"
#include "kernel/cpu.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/door/poke_inside.h"
#include "smc/door/write.h"

// Who may --------------------------------------------------------------------

// With interrupts off nobody is waited for, since nobody else may run here.
static bool hold(void)
{
    if (!(read_eflags() & EFLAGS_IF))
        return cpus_try_hold();
    cpus_hold();
    return true;
}

// Interrupts off would make others wait for this CPU, in their own pokes, as
// long as this one waits for them.
enum text_reason poke_enter(struct text_result *r)
{
    if (!cpus_alone() && !(read_eflags() & EFLAGS_IF))
        return TEXT_INTERRUPTS;
    if (!poke_lock())
        return TEXT_BUSY;
    if (!hold()) {
        poke_unlock();
        return TEXT_BUSY;
    }
    r->cpus = poke_go_on();
    if (!r->cpus)
        return TEXT_OK;
    poke_leave();
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

// Nothing was written after all. A line may be gone: folded into that of
// whoever has written the site meanwhile.
static void unnote(void)
{
    bool on = door_lock();
    for (uint32_t i = 0; i < poke_batch.count; i++) {
        struct journal_entry *e = journal_find(poke_batch.sites[i].entry);
        if (e)
            journal_mark_undone(e);
    }
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
    reason = poke_run(r, culprit);
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

static struct text_result poke_one(void *site, const void *expected,
                                   const void *replacement, size_t len,
                                   const char *technique, const void *caller)
{
    size_t index = 0;
    struct poke one = {.site = site, .len = (uint8_t)len};
    if (len > 0 && len <= POKE_MAX) {
        memcpy(one.expected, expected, len);
        memcpy(one.replacement, replacement, len);
    } else {
        one.len = 0;
    }
    return poke(&one, 1, technique, &index, caller);
}

struct text_result text_poke(void *site, const void *expected,
                             const void *replacement, size_t len,
                             const char *technique)
{
    return poke_one(site, expected, replacement, len, technique,
                    __builtin_return_address(0));
}

struct text_result text_patch(void *site, const void *expected,
                              const void *replacement, size_t len,
                              const char *technique)
{
    struct text_result r;
    const void *caller = __builtin_return_address(0);
    if (door_write_alone(&r, site, expected, replacement, len, technique,
                         caller))
        return r;
    return poke_one(site, expected, replacement, len, technique, caller);
}
