// SPDX-License-Identifier: MIT
// Updating static calls: all sites of a key, and its trampoline, in one batch.
//
// Three syncs whatever the number of sites, and all or nothing: a refusal of
// one site (a debugger's INT3 in it) leaves every caller with the old target.
#include "smc/patch/static_call/static_call.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/log.h"
#include "kernel/mutex.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/poke.h"

enum {
    CALL = 0xe8,
    JMP = 0xe9,
    RET = 0xc3,
    INT3 = 0xcc,
    MOV_EAX = 0xb8,
    SITES_MAX = 256, // for more, static_call_open complains
};

// What each site was as linked: afterwards its opcode no longer tells. A site
// that is none of the two stays a call of its trampoline, which is right, too:
// a Jcc that a compiler has made of `if (x) return f();`, or a site in the
// door's part.
enum kind { KIND_LEFT, KIND_CALL, KIND_TAIL };
static uint8_t kinds[SITES_MAX];

static bool is_open;

uint8_t *static_call_at(const struct static_call_site *site)
{
    return layout_at(text_start, (int)site->at);
}

static enum kind kind_of(const struct static_call_site *site)
{
    size_t index = (size_t)(site - static_call_sites_start);
    return index < SITES_MAX ? (enum kind)kinds[index] : KIND_LEFT;
}

bool static_call_owns(const struct static_call_key *key,
                      const struct static_call_site *site, bool *tail)
{
    enum kind kind = kind_of(site);
    *tail = kind == KIND_TAIL;
    return layout_at(text_start, (int)site->tramp) == key->tramp &&
           kind != KIND_LEFT;
}

static bool is_return0(const void *target)
{
    return target == (const void *)static_call_return0;
}

// The table at the head of static_call.h. `xor %eax, %eax` is two bytes and
// needs a NOP behind it: two instructions, and a CPU could stand between. MOV
// with a zero in it is five.
void static_call_bytes(uint8_t bytes[STATIC_CALL_LEN], const uint8_t *at,
                       bool tail, const void *target)
{
    static const uint8_t ret[] = {RET, INT3, INT3, INT3, INT3};
    static const uint8_t zero[] = {MOV_EAX, 0, 0, 0, 0};
    uint8_t branch[POKE_MAX];
    const uint8_t *from = branch;
    if (!target)
        from = tail ? ret : poke_nop(STATIC_CALL_LEN);
    else if (is_return0(target) && !tail)
        from = zero;
    else
        poke_branch(branch, tail ? JMP : CALL, at, target);
    memcpy(bytes, from, STATIC_CALL_LEN);
}

// The batch that an update collects.
struct batch {
    const struct static_call_key *key;
    const void *target;
    struct poke *pokes;
    size_t count;
};

// Adds a site unless it is as wanted. `linked` is where it led at first: for a
// site the trampoline, for a trampoline what it was assembled for. Somebody
// may have undone the last update, so those bytes are right as well; with any
// others the door is told what should be there, and refuses by name.
static void add(struct batch *b, uint8_t *at, bool tail, const void *linked)
{
    uint8_t first[STATIC_CALL_LEN];
    struct poke *p = &b->pokes[b->count];
    p->site = at;
    p->len = STATIC_CALL_LEN;
    static_call_bytes(p->replacement, at, tail, b->target);
    static_call_bytes(p->expected, at, tail, b->key->target);
    static_call_bytes(first, at, tail, linked);
    if (memcmp(at, first, STATIC_CALL_LEN) == 0)
        memcpy(p->expected, first, STATIC_CALL_LEN);
    if (memcmp(at, p->replacement, STATIC_CALL_LEN) != 0)
        b->count++;
}

static void collect(struct batch *b)
{
    const struct static_call_site *s = static_call_sites_start;
    bool tail;
    for (; s < static_call_sites_end; s++)
        if (static_call_owns(b->key, s, &tail))
            add(b, static_call_at(s), tail, b->key->tramp);
    add(b, b->key->tramp, true, b->key->linked);
}

// The key names its target after the sites have it. That is one piece: of two
// updates at once the second would take the first one's bytes for foreign.
static struct text_result set_locked(struct static_call_key *key,
                                     const void *target)
{
    struct text_result r = {.reason = TEXT_OK};
    struct batch b = {.key = key, .target = target};
    size_t most = (size_t)(static_call_sites_end - static_call_sites_start);
    b.pokes = heap_alloc((most + 1) * sizeof *b.pokes);
    if (!b.pokes)
        return (struct text_result){.reason = TEXT_FULL};
    collect(&b);
    if (b.count)
        r = text_poke_batch(b.pokes, b.count, "static_call", NULL);
    heap_free(b.pokes);
    if (r.reason == TEXT_OK || r.reason == TEXT_UNFINISHED)
        key->target = target;
    return r;
}

struct text_result static_call_set(struct static_call_key *key,
                                   const void *target)
{
    static struct mutex changing;
    if (!is_open)
        return (struct text_result){.reason = TEXT_NOT_READY};
    if (!mutex_lock(&changing))
        return (struct text_result){.reason = TEXT_BUSY};
    struct text_result r = set_locked(key, target);
    mutex_unlock(&changing);
    return r;
}

// The byte before the distance says what the compiler has made of the call.
static enum kind judge(const struct static_call_site *s)
{
    const uint8_t *at = static_call_at(s);
    if (at >= door_start && at < door_end)
        return KIND_LEFT;
    return *at == CALL ? KIND_CALL : *at == JMP ? KIND_TAIL : KIND_LEFT;
}

static void open_site(const struct static_call_site *s)
{
    char where[64];
    size_t index = (size_t)(s - static_call_sites_start);
    enum kind kind = index < SITES_MAX ? judge(s) : KIND_LEFT;
    if (kind == KIND_LEFT) {
        log_note("static call at %s goes by its trampoline\n",
                 symbol_format(where, sizeof where, static_call_at(s)));
        return;
    }
    kinds[index] = (uint8_t)kind;
    text_reserve(static_call_at(s), STATIC_CALL_LEN, "static_call");
}

void static_call_open(void)
{
    const struct static_call_site *s = static_call_sites_start;
    for (; s < static_call_sites_end; s++)
        open_site(s);
    is_open = true;
    for (struct static_call_key *const *k = static_calls_start;
         k < static_calls_end; k++) {
        struct text_result r = static_call_set(*k, (*k)->target);
        char why[160];
        text_reserve((*k)->tramp, STATIC_CALL_LEN, "static_call");
        if (r.reason != TEXT_OK)
            log_print("static call %s goes by its trampoline: %s\n",
                      (*k)->name, text_explain(why, sizeof why, &r));
    }
}

struct static_call_key *static_call_find(const char *name)
{
    for (struct static_call_key *const *k = static_calls_start;
         k < static_calls_end; k++)
        if (strcmp((*k)->name, name) == 0)
            return *k;
    return NULL;
}
