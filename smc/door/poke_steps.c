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
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
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

// The first bytes of `count` sites, from `old` or from `new`. Between two
// tries to finish a batch somebody who is alone may have written a site in the
// plain way; his first byte is neither, and stays.
static void store_heads(uint32_t count, bool new)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct poke_site *s = &poke_batch.sites[i];
        const uint8_t *head = new ? s->new : s->old;
        if (!s->len || *head == int3)
            continue;
        if (*s->site == int3 || *s->site == *head)
            store(s->site, head, 1, POKE_HEAD);
    }
}

static void note_found(struct text_result *r, const struct poke_site *s)
{
    r->len = s->len;
    memcpy(r->expected, s->old, s->len);
    memcpy(r->found, s->site, s->len);
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
            note_found(r, s);
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
// again, and what it finds then is the new byte. That CPU may have gone
// offline in between: so with all that are there, not with those online.
static void finish(bool new)
{
    if (cpus_present() > 1)
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
enum text_reason poke_run(struct text_result *r, size_t *culprit)
{
    uint32_t count = poke_batch.count;
    poke_publish();
    reached(POKE_PUBLISHED);
    uint32_t armed = arm(r);
    *culprit = armed < count ? poke_batch.sites[armed].index : 0;
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

uint32_t poke_go_on(void)
{
    return go_on() ? 0 : late;
}

// A site that is given up is not written any more, even if its poke is not
// finished, and an INT3 that traps there is its next owner's. The entry stays,
// for the order. False if a site lies there and a poke is under way: on
// another CPU, or a handler or an observer of this one has asked.
bool poke_drop(const void *start, size_t len)
{
    bool locked = poke_lock(), dropped = true;
    for (uint32_t i = 0; unfinished && i < poke_batch.count; i++) {
        struct poke_site *s = &poke_batch.sites[i];
        if ((uintptr_t)s->site - (uintptr_t)start >= len)
            continue;
        dropped = locked;
        if (!locked)
            break;
        s->len = 0;
        s->insn.kind = POKE_INT3;
    }
    if (locked)
        poke_unlock();
    return dropped;
}

void poke_forget(const void *start, size_t len)
{
    if (!poke_drop(start, len))
        panic("door: %p is given up in the middle of a poke", start);
}
