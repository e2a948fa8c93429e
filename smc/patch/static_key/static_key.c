// SPDX-License-Identifier: MIT
// Who uses a key: the count, and the order of count and code.
//
//   inc, first user              dec, last user
//     patch all sites on           count 1 -> 0
//     count 0 -> 1                 patch all sites off
//
// The count is above 0 only while every site is on. That is what lets all
// users but the first and the last pass with one atomic addition: who finds
// another user counted has the code as it should be. With the opposite order a
// second user would find the count at 1 and go on while the first was still
// patching; Linux had that until 2016 ("fix concurrent static_key_slow_inc").
//
// Whoever finds 0 waits for the lock, and with it for the patch. It is held
// with interrupts on, as text_poke_batch waits for the other CPUs.
#include "smc/patch/static_key/static_key.h"
#include "boot/info.h"
#include "kernel/log.h"
#include "kernel/mutex.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "smc/patch/static_key/static_key_inside.h"

static struct mutex changing;
static bool is_open;

static const struct text_result busy = {.reason = TEXT_BUSY};

// Adds `step` to the count if it is at least `least`; all in one piece.
static bool count(struct static_key *key, int32_t least, int32_t step)
{
    int32_t users = __atomic_load_n(&key->users, __ATOMIC_RELAXED);
    while (users >= least)
        if (__atomic_compare_exchange_n(&key->users, &users, users + step,
                                        false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

static struct text_result patch(const struct static_key *key, bool on)
{
    return is_open ? static_key_patch(key, on) : (struct text_result){0};
}

// With an unfinished poke all CPUs execute the new code, if slowly.
static bool is_done(const struct text_result *r)
{
    return r->reason == TEXT_OK || r->reason == TEXT_UNFINISHED;
}

// With the lock. Somebody may have been first while we waited for it.
static struct text_result inc_locked(struct static_key *key)
{
    struct text_result r = {0};
    if (count(key, 1, +1))
        return r;
    r = patch(key, true);
    if (is_done(&r))
        __atomic_store_n(&key->users, 1, __ATOMIC_RELEASE);
    return r;
}

// With the lock. The count goes first: from then on a new user cannot pass by
// the count alone, and waits for us. As long as others come and go without
// the lock, we may be the last one now and not the last one next.
static struct text_result dec_locked(struct static_key *key)
{
    struct text_result r = {0};
    int32_t last = 1;
    while (!count(key, 2, -1)) {
        if (!static_key_enabled(key))
            panic("static key %s: given back more often than taken",
                  key->name);
        if (!__atomic_compare_exchange_n(&key->users, &last, 0, false,
                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
            last = 1;
            continue;
        }
        r = patch(key, false);
        if (!is_done(&r)) // all sites are on still: so is the key
            __atomic_store_n(&key->users, 1, __ATOMIC_RELEASE);
        break;
    }
    return r;
}

struct text_result static_key_inc(struct static_key *key)
{
    struct text_result r = {0};
    if (count(key, 1, +1))
        return r;
    if (!mutex_lock(&changing))
        return busy;
    r = inc_locked(key);
    mutex_unlock(&changing);
    return r;
}

struct text_result static_key_dec(struct static_key *key)
{
    struct text_result r = {0};
    if (count(key, 2, -1))
        return r;
    if (!mutex_lock(&changing))
        return busy;
    r = dec_locked(key);
    mutex_unlock(&changing);
    return r;
}

// by_hand changes under the lock only, and only together with the count. What
// is so already is patched again: nothing, unless sites were undone.
struct text_result static_key_enable(struct static_key *key)
{
    struct text_result r;
    if (!mutex_lock(&changing))
        return busy;
    if (key->by_hand)
        r = patch(key, true);
    else {
        r = inc_locked(key);
        key->by_hand = is_done(&r);
    }
    mutex_unlock(&changing);
    return r;
}

struct text_result static_key_disable(struct static_key *key)
{
    struct text_result r = {0};
    if (!mutex_lock(&changing))
        return busy;
    if (key->by_hand) {
        r = dec_locked(key);
        key->by_hand = !is_done(&r);
    } else if (!static_key_enabled(key))
        r = patch(key, false);
    mutex_unlock(&changing);
    return r;
}

struct static_key *static_key_find(const char *name)
{
    for (struct static_key *const *k = static_keys_start; k < static_keys_end;
         k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}

// "a,b": those that there are; the log names the others.
static void enable_listed(char *names)
{
    for (char *name = names, *end; *name; name = end) {
        for (end = name; *end && *end != ','; end++)
            ;
        if (*end)
            *end++ = 0;
        struct static_key *key = static_key_find(name);
        if (key)
            static_key_enable(key);
        else
            log_print("keys: there is no key \"%s\"\n", name);
    }
}

// The door is open, but until is_open is set a key is only a count: all sites
// go in one batch, those of the boot word's keys with those that get a better
// NOP.
void static_key_open(void)
{
    char names[128], text[200];
    if (boot_word("keys", names, sizeof names))
        enable_listed(names);
    struct text_result r = static_key_patch_all();
    if (r.reason != TEXT_OK)
        panic("static keys: %s", text_explain(text, sizeof text, &r));
    is_open = true;
}
