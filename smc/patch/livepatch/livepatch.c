// SPDX-License-Identifier: MIT
// Turning a patch on and off.
//
// Between the entry and the replacement stands, for a while, a gate: it asks
// whether the patch is active, and goes either way. So that no two moments
// have to coincide, the change is made in steps, each of which alone is right:
//
//   1   entry: NOP      -> JMP gate     a batch; the gate still says "old"
//   2   active: 0       -> 1            one byte for all functions at once,
//                                       while no stack holds any of them
//   3   entry: JMP gate -> JMP new      a batch; the gate is out of the way
//
// Off is the same backwards, with the new functions on no stack. Any CPU may
// run through the entries all the time: text_poke sees to that.
//
//   gate:  80 3d active 00   cmpb $0, active
//          0f 85 rel32       jne replacement
//          e9 rel32          jmp what stood there before: behind the NOP, or
//                            where an older patch's jump leads
//
// Flags are nobody's at the beginning of a function.
#include "smc/patch/livepatch/livepatch.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/log.h"
#include "kernel/printf.h"
#include "kernel/still.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/patch/livepatch/livepatch_inside.h"
#include "smc/patch/trace/trace.h"

enum {
    GATE_SIZE = 32,
    JMP = 0xe9,
    JNE = 0x85,
    GATES_LIMIT_US = 20 * LIVEPATCH_LIMIT_US,
};

static const char technique[] = "livepatch";
static uint32_t orders;

// Where an entry's bytes lead: behind the NOP, or to the jump's target.
static const uint8_t *target_of(const uint8_t *entry, const uint8_t *bytes)
{
    int32_t distance;
    memcpy(&distance, bytes + 1, sizeof distance);
    return entry + ENTRY_LEN + (bytes[0] == JMP ? distance : 0);
}

static bool write_gate(struct livepatch *p, uint32_t i)
{
    struct livepatch_under *under = &p->under[i];
    const uint8_t *entry = p->changes[i].old;
    uint32_t active = (uint32_t)&p->active;
    uint8_t code[GATE_SIZE] = {0x80, 0x3d};
    memcpy(code + 2, &active, sizeof active);
    under->gate = arena_reserve(p->gates, GATE_SIZE, GATE_SIZE);
    size_t at = 7;
    at += poke_branch(code + at, JNE, under->gate + at,
                      p->changes[i].replacement);
    at += poke_branch(code + at, JMP, under->gate + at,
                      target_of(entry, under->bytes));
    return arena_write(p->gates, under->gate, code, at, technique).reason ==
           TEXT_OK;
}

// An entry that another patch still has stays kept for it.
static void forget(struct livepatch *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (!livepatch_top(p->changes[i].old))
            text_release(p->changes[i].old, ENTRY_LEN, technique);
    arena_destroy(p->gates);
    heap_free(p->under);
    p->gates = NULL;
    p->under = NULL;
}

// Everything that can be refused, before anything is written.
static bool prepare(struct livepatch *p, char *why, size_t size)
{
    char text[160];
    p->under = heap_zalloc(p->count, sizeof *p->under);
    p->gates = arena_create(technique, p->count * GATE_SIZE);
    bool good = p->under && p->gates;
    if (!good)
        ksnprintf(why, size, "no memory");
    for (uint32_t i = 0; i < p->count && good; i++) {
        const void *entry = p->changes[i].old;
        good = livepatch_judge(&p->changes[i], livepatch_top(entry), why,
                               size);
        if (!good)
            break;
        memcpy(p->under[i].bytes, entry, ENTRY_LEN);
        struct text_result r = text_reserve(entry, ENTRY_LEN, technique);
        good = r.reason == TEXT_OK && write_gate(p, i);
        if (!good)
            ksnprintf(why, size, "%s", text_explain(text, sizeof text, &r));
    }
    return good;
}

enum step { BEFORE, GATE, AFTER };

static void bytes_of(const struct livepatch *p, uint32_t i, enum step step,
                     uint8_t bytes[POKE_MAX])
{
    if (step == BEFORE)
        memcpy(bytes, p->under[i].bytes, ENTRY_LEN);
    else
        poke_branch(bytes, JMP, p->changes[i].old,
                    step == GATE ? p->under[i].gate
                                 : (const uint8_t *)p->changes[i].replacement);
}

// All entries from one step to another, in one batch.
static bool go(struct livepatch *p, enum step from, enum step to, char *why,
               size_t size)
{
    char text[160];
    struct poke pokes[LIVEPATCH_MOST];
    for (uint32_t i = 0; i < p->count; i++) {
        pokes[i] = (struct poke){.site = (void *)p->changes[i].old,
                                 .len = ENTRY_LEN};
        bytes_of(p, i, from, pokes[i].expected);
        bytes_of(p, i, to, pokes[i].replacement);
    }
    struct text_result r = text_poke_batch(pokes, p->count, technique, NULL);
    // Not answered by all: the entries lead there all the same, by INT3.
    if (r.reason == TEXT_OK || r.reason == TEXT_UNFINISHED)
        return true;
    ksnprintf(why, size, "%s", text_explain(text, sizeof text, &r));
    return false;
}

static bool stands(const struct livepatch *p, enum step step)
{
    uint8_t bytes[POKE_MAX];
    bool all = true;
    for (uint32_t i = 0; i < p->count; i++) {
        bytes_of(p, i, step, bytes);
        all &= memcmp(p->changes[i].old, bytes, ENTRY_LEN) == 0;
    }
    return all;
}

// The compiler may have put the unlikely half of a function elsewhere. Where
// the functions of loaded code end nobody knows: all of its image counts.
static void add_range(struct still_range *ranges, uint32_t *count,
                      const void *function)
{
    char cold[64];
    uint32_t offset;
    const char *name = symbol_name(function, &offset);
    struct still_range *r = &ranges[*count];
    const struct arena *arena = arena_of(function, 1);
    if (arena)
        *r = (struct still_range){arena->base, (uint32_t)arena->size};
    *count += arena || symbol_range(function, &r->start, &r->size);
    if (!name)
        return;
    ksnprintf(cold, sizeof cold, "%s.cold", name);
    const void *half = symbol_find(cold);
    r = &ranges[*count];
    if (half)
        *count += symbol_range(half, &r->start, &r->size);
}

static void activate(void *arg)
{
    ((struct livepatch *)arg)->active = 1;
}

static void deactivate(void *arg)
{
    ((struct livepatch *)arg)->active = 0;
}

static void nothing(void *arg)
{
    (void)arg;
}

// Switches at a moment when no stack holds what is left: the functions that
// run now (and the gates: whoever is in one has already decided).
static bool switch_to(struct livepatch *p, void (*fn)(void *), bool on,
                      uint32_t limit_us, char *why, size_t size)
{
    struct still_range ranges[2 * LIVEPATCH_MOST + 1];
    uint32_t count = 0;
    ranges[count++] = (struct still_range){p->gates->base,
                                           (uint32_t)p->gates->size};
    for (uint32_t i = 0; i < p->count; i++) {
        const uint8_t *entry = p->changes[i].old;
        add_range(ranges, &count,
                  !on ? p->changes[i].replacement
                  : p->under[i].bytes[0] == JMP
                      ? target_of(entry, p->under[i].bytes)
                      : entry);
    }
    return still_call(ranges, count, fn, p, limit_us, &p->waits, why, size);
}

// Their pages are lost, for ever; their code is right.
static void keep_gates(struct livepatch *p, const char *why)
{
    log_print("livepatch: the gates of %s stay: %s\n", p->name, why);
    p->gates = NULL;
    forget(p);
}

// The gates are left when nobody is in them. Some ten instructions: who is
// there for long sleeps on a CPU that is stuck.
static void drop_gates(struct livepatch *p, char *why, size_t size)
{
    const struct still_range range = {p->gates->base,
                                      (uint32_t)p->gates->size};
    if (!still_call(&range, 1, nothing, NULL, GATES_LIMIT_US, &p->waits, why,
                    size))
        keep_gates(p, why);
    else
        forget(p);
    *why = 0;
}

bool livepatch_on(struct livepatch *p, uint32_t limit_us, char *why,
                  size_t size)
{
    *why = 0;
    p->waits = 0;
    if (p->order) {
        ksnprintf(why, size, "%s is on", p->name);
        return false;
    }
    if (!p->count || p->count > LIVEPATCH_MOST) {
        ksnprintf(why, size, "%s has %u functions, and 1 to %u are allowed",
                  p->name, p->count, LIVEPATCH_MOST);
        return false;
    }
    poke_finish(); // what a CPU has kept from its end says nothing yet
    if (!prepare(p, why, size)) {
        forget(p);
        return false;
    }
    char text[160];
    // While it was refused, some may have gone to the gates by its INT3.
    if (!go(p, BEFORE, GATE, why, size)) {
        drop_gates(p, text, sizeof text);
        return false;
    }
    p->order = ++orders;
    if (switch_to(p, activate, true, limit_us, why, size)) {
        if (!go(p, GATE, AFTER, text, sizeof text))
            log_print("livepatch: %s is on by its gates: %s\n", p->name, text);
        return true;
    }
    // Too late: back, with the words of the last look.
    bool back = go(p, GATE, BEFORE, text, sizeof text);
    p->order = 0;
    if (back)
        drop_gates(p, text, sizeof text);
    else
        keep_gates(p, text);
    return false;
}

static bool end(struct livepatch *p, char *why, size_t size)
{
    p->order = 0;
    p->active = 0;
    drop_gates(p, why, size);
    return true;
}

bool livepatch_off(struct livepatch *p, uint32_t limit_us, char *why,
                   size_t size)
{
    const struct livepatch *top = p->order ? livepatch_over(p) : NULL;
    *why = 0;
    p->waits = 0;
    if (!p->order || top) {
        ksnprintf(why, size,
                  top ? "%s lies over it (livepatch off %s)" : "%s is not on",
                  top ? top->name : p->name, top ? top->name : "");
        return false;
    }
    poke_finish();
    // An `undo` in the shell has put back what stood at every entry.
    if (stands(p, BEFORE))
        return end(p, why, size);
    if (!stands(p, GATE) && !go(p, AFTER, GATE, why, size))
        return false;
    if (!switch_to(p, deactivate, false, limit_us, why, size)) {
        char text[160];
        go(p, GATE, AFTER, text, sizeof text);
        return false;
    }
    return go(p, GATE, BEFORE, why, size) && end(p, why, size);
}
