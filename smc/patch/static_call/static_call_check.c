// SPDX-License-Identifier: MIT
// Suite `static_call`: the whole truth table, and what may happen meanwhile.
//
// The expected bytes are written down here once more, by hand: a table that is
// wrong in static_call_bytes would agree with itself.
#include "smc/patch/static_call/static_call_check.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"

static const void *target_of(int target)
{
    static const void *const targets[TARGETS] = {
        (const void *)static_call_one, (const void *)static_call_two, NULL,
        (const void *)static_call_return0};
    return targets[target];
}

enum text_reason static_call_aim(int target)
{
    return static_call_set(&static_call_key_lab_subject, target_of(target))
        .reason;
}

static uint8_t *site_of(int way)
{
    bool tail;
    const struct static_call_site *s;
    if (way == POINTS)
        return static_call_key_lab_subject.tramp;
    s = static_call_in(way == CALLS ? (const void *)static_call_caller
                                    : (const void *)static_call_jumper,
                       &tail);
    return s && tail == (way == JUMPS) ? static_call_at(s) : NULL;
}

// Are the bytes at the site those of the table?
static bool bytes_are(int way, int target)
{
    static const uint8_t nop[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    static const uint8_t lea[] = {0x3e, 0x8d, 0x74, 0x26, 0x00};
    static const uint8_t mov[] = {0xb8, 0x00, 0x00, 0x00, 0x00};
    static const uint8_t ret[] = {0xc3, 0xcc, 0xcc, 0xcc, 0xcc};
    const uint8_t *site = site_of(way);
    int32_t rel;
    memcpy(&rel, site + 1, sizeof rel);
    if (target == NOTHING && way == CALLS)
        return memcmp(site, cpu.long_nop ? nop : lea, 5) == 0;
    if (target == NOTHING)
        return memcmp(site, ret, 5) == 0;
    if (target == ZERO && way == CALLS)
        return memcmp(site, mov, 5) == 0;
    return site[0] == (way == CALLS ? 0xe8 : 0xe9) &&
           site + 5 + rel == (const uint8_t *)target_of(target);
}

uint32_t static_call_use(int way, uint32_t x)
{
    if (way == CALLS)
        return static_call_caller(x) - 1;
    return way == JUMPS ? static_call_jumper(x) : static_call_pointer(x);
}

// Does a use of the site do what this target would do? With NULL the result
// means nothing, but nobody is called.
static bool behaves(int way, int target)
{
    uint32_t ones = static_call_ones, twos = static_call_twos;
    uint32_t got = static_call_use(way, 7);
    ones = static_call_ones - ones;
    twos = static_call_twos - twos;
    switch (target) {
    case ONE: return got == 1007 && ones == 1 && twos == 0;
    case TWO: return got == 2007 && ones == 0 && twos == 1;
    case ZERO: return got == 0 && ones == 0 && twos == 0;
    default: return ones == 0 && twos == 0;
    }
}

// {call, tail, trampoline} x {4 targets} x {4 targets}: bytes and behaviour
// after each of 16 updates, at each of the three.
static enum check_result check_table(void)
{
    unsigned right = 0, cells = 0, refused = 0;
    for (int from = 0; from < TARGETS; from++)
        for (int to = 0; to < TARGETS; to++) {
            refused += static_call_aim(from) != TEXT_OK;
            refused += static_call_aim(to) != TEXT_OK;
            for (int way = 0; way < WAYS; way++) {
                cells++;
                right += bytes_are(way, to) && behaves(way, to);
            }
        }
    static_call_aim(ONE);
    judged("%u of %u cells right, %u updates refused", right, cells, refused);
    return verdict(right == cells && cells == 48 && !refused);
}

// Linux's batches: one, with three syncs, whatever the number of sites.
static enum check_result check_batch(void)
{
    static_call_aim(ONE);
    uint32_t syncs = sync_count(), lines = journal_last();
    bool ok = static_call_aim(TWO) == TEXT_OK;
    syncs = sync_count() - syncs;
    lines = journal_last() - lines;
    uint32_t again = journal_last();
    ok &= static_call_aim(TWO) == TEXT_OK;
    again = journal_last() - again;
    static_call_aim(ONE);
    judged("%u sites in %u syncs; the same target again: %u lines", lines,
           syncs, again);
    return verdict(ok && lines == 3 && syncs == 3 && again == 0);
}

// Stepping: a trap after each instruction of an update, whose handler uses the
// three sites. TF stays set in the frame; the handler itself is not stepped.
static struct {
    int from, to;
    uint32_t steps, old, new, wrong;
} watch;

static void on_step(struct trap_frame *frame)
{
    (void)frame;
    watch.steps++;
    for (int way = 0; way < WAYS; way++) {
        if (behaves(way, watch.to))
            watch.new ++;
        else if (behaves(way, watch.from))
            watch.old++;
        else
            watch.wrong++;
    }
}

static void set_stepped(int to)
{
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    static_call_aim(to);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
}

// The bug of 2019: while the INT3 stood at a site that went from CALL to CALL,
// it was taken for a NOP, and callers were not called.
static enum check_result check_every_step(void)
{
    // Not from NULL to "return 0": with NULL any result is as good as another.
    static const uint8_t pairs[][2] = {
        {ONE, TWO}, {TWO, ZERO}, {ZERO, NOTHING}, {NOTHING, ONE}};
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    watch.steps = watch.old = watch.new = watch.wrong = 0;
    static_call_aim(ONE);
    trap_set_handler(1, on_step);
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        watch.from = pairs[i][0];
        watch.to = pairs[i][1];
        set_stepped(watch.to);
    }
    trap_set_handler(1, NULL);
    judged("after each of %u instructions: old %u times, new %u, neither %u",
           watch.steps, watch.old, watch.new, watch.wrong);
    return verdict(!watch.wrong && watch.old > 100 && watch.new > 100);
}

// A foreign byte in one of the three sites: all keep the old target.
static enum check_result check_refusal(void)
{
    static const uint8_t ret[] = {0xc3, 0xcc, 0xcc, 0xcc, 0xcc};
    uint8_t before[5], *jumper = site_of(JUMPS);
    static_call_aim(ONE);
    memcpy(before, jumper, 5);
    bool other = text_write(jumper, before, ret, 5, "lab").reason ==
                 TEXT_RESERVED;
    bool spoilt = text_write(jumper, before, ret, 5, "static_call").reason ==
                  TEXT_OK;
    enum text_reason reason = static_call_aim(TWO);
    bool kept = bytes_are(CALLS, ONE) && bytes_are(POINTS, ONE) &&
                static_call_key_lab_subject.target == target_of(ONE);
    text_write(jumper, ret, before, 5, "static_call");
    judged("another technique is refused: %s; spoilt: reason %u, all kept: "
           "%s; mended: %s",
           other ? "yes" : "no", reason, kept ? "yes" : "no",
           static_call_aim(TWO) == TEXT_OK ? "yes" : "no");
    bool mended = bytes_are(JUMPS, TWO) && behaves(JUMPS, TWO);
    static_call_aim(ONE);
    return verdict(other && spoilt && reason == TEXT_MISMATCH && kept &&
                   mended);
}

// An undo brings back what the linker made: a call of the trampoline, which
// knows its target. The next update finds those bytes and goes on from them.
static enum check_result check_undo(void)
{
    static_call_aim(ONE);
    unsigned undone = 0;
    for (int way = 0; way < WAYS; way++)
        for (struct journal_entry *e;
             (e = journal_overlap(site_of(way), 5, UINT32_MAX));)
            undone += text_undo(e->number).reason == TEXT_OK;
    int32_t rel;
    memcpy(&rel, site_of(CALLS) + 1, sizeof rel);
    bool linked = site_of(CALLS) + 5 + rel == site_of(POINTS);
    bool works = behaves(CALLS, ONE) && behaves(JUMPS, ONE);
    bool goes_on = static_call_aim(TWO) == TEXT_OK && bytes_are(CALLS, TWO) &&
                   behaves(CALLS, TWO) && behaves(JUMPS, TWO);
    static_call_aim(ONE);
    judged("%u patches undone, then a call of the trampoline: %s; updated "
           "again: %s",
           undone, linked && works ? "yes" : "no", goes_on ? "yes" : "no");
    return verdict(undone > 1 && linked && works && goes_on);
}

// What only its own checks use proves little.
static enum check_result check_kernel_uses_it(void)
{
    char names[128] = "";
    unsigned keys = 0, sites = 0;
    bool tail;
    for (struct static_call_key *const *k = static_calls_start;
         k < static_calls_end; k++) {
        if (strncmp((*k)->name, "lab_", 4) == 0)
            continue;
        size_t used = strlen(names);
        ksnprintf(names + used, sizeof names - used, " %s", (*k)->name);
        keys++;
        for (const struct static_call_site *s = static_call_sites_start;
             s < static_call_sites_end; s++)
            sites += static_call_owns(*k, s, &tail);
    }
    judged("%u of its own, with %u sites:%s", keys, sites, names);
    return verdict(keys >= 2 && sites >= 2);
}

static const struct check static_call_checks[] = {
    {"call, tail and trampoline follow every change of four targets",
     check_table},
    {"an update is one batch of three syncs", check_batch},
    {"after each instruction of an update a site is old or new",
     check_every_step},
    {"a refused update changes no site at all", check_refusal},
    {"an undone site calls its trampoline, and is updated again", check_undo},
    {"other CPUs, or another thread, see old or new and no update is lost",
     check_race},
    {"two update the same key at once", check_two_updaters},
    {"the kernel itself makes static calls", check_kernel_uses_it},
};
CHECK_SUITE(static_call, static_call_checks);
