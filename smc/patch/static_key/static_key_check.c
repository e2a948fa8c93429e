// SPDX-License-Identifier: MIT
// Suite `static_key`: the code says what the key says, a disabled key costs a
// NOP, a thousand sites cost three syncs, and what fails changes nothing.
#include "smc/patch/static_key/static_key_check.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/step.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/door/poke.h"
#include "smc/door/sync.h"
#include "smc/patch/static_key/static_key_cases.h"
#include "smc/patch/static_key/static_key_subject.h"

static bool refused(const struct text_result *r)
{
    char text[256];
    if (r->reason == TEXT_OK)
        return false;
    judged("refused: %s", text_explain(text, sizeof text, r));
    return true;
}

// Counts the cases whose branch, count or bytes are not as they should be.
static unsigned wrong_cases(bool inverted, const char **which)
{
    unsigned wrong = 0;
    for (const struct static_key_case *c = static_key_cases;
         c < static_key_cases + STATIC_KEY_CASES; c++)
        if (c->ask() != (c->first != inverted) ||
            static_key_enabled(c->key) != (c->first != inverted) ||
            static_key_astray(c->key)) {
            *which = c->name;
            wrong++;
        }
    return wrong;
}

// A key stands in several rows. It is inverted with the first of them.
static struct text_result invert_all(bool back)
{
    struct text_result r = {0};
    for (const struct static_key_case *c = static_key_cases;
         c < static_key_cases + STATIC_KEY_CASES && r.reason == TEXT_OK; c++)
        r = c->first != back ? static_key_disable(c->key)
                             : static_key_enable(c->key);
    return r;
}

void static_key_check_mend(struct static_key *key)
{
    if (!static_key_astray(key))
        return;
    if (key->by_hand)
        static_key_enable(key);
    else
        static_key_disable(key);
}

// The same functions are asked all three times, so what differs is their code.
static enum check_result check_cases(void)
{
    const char *which = "";
    unsigned wrong[3];
    for (unsigned i = 0; i < STATIC_KEY_CASES; i++)
        static_key_check_mend(static_key_cases[i].key);
    struct text_result r = static_key_base_invert(true);
    if (refused(&r))
        return CHECK_FAIL;
    wrong[0] = wrong_cases(false, &which);
    r = invert_all(false);
    wrong[1] = wrong_cases(true, &which);
    if (r.reason == TEXT_OK)
        r = invert_all(true);
    wrong[2] = wrong_cases(false, &which);
    if (r.reason == TEXT_OK)
        r = static_key_base_invert(false);
    if (refused(&r))
        return CHECK_FAIL;
    judged("%u cases; wrong at first %u, inverted %u, restored %u %s",
           STATIC_KEY_CASES, wrong[0], wrong[1], wrong[2], which);
    return verdict(!wrong[0] && !wrong[1] && !wrong[2]);
}

// The bytes of the site say nothing about what surrounds it. A compiler that
// spilled registers around the asm would spoil every pass and no other check;
// the twins have the NOP or the jump from the start, so nothing may differ.
static enum check_result check_only_a_nop(void)
{
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    uint32_t off = step_count(static_key_subject, NULL);
    uint32_t twin = step_count(static_key_twin, NULL);
    uint32_t twin_on = step_count(static_key_twin_on, NULL);
    uint32_t hits = static_key_hits;
    static_branch_enable(&lab_subject);
    uint32_t on = step_count(static_key_subject, NULL);
    static_branch_disable(&lab_subject);
    hits = static_key_hits - hits;
    judged("key off: %u instructions; the same function with a NOP assembled "
           "in: %u; key on: %u, with the jump: %u; %u hit",
           off, twin, on, twin_on, hits);
    return verdict(off == twin && on == twin_on && hits == 1);
}

// Neither length may be a guess: what the assembler has not used, no check
// would have tried.
static enum check_result check_both_lengths(void)
{
    uint32_t of[2][2] = {{0}};
    for (const struct static_key_site *s = static_key_sites_start;
         s < static_key_sites_end; s++) {
        enum static_key_state state = static_key_site_state(s);
        if ((s->len != 2 && s->len != 5) || state == STATIC_KEY_FOREIGN) {
            judged("the site at %p has %u bytes, state %u", s->site, s->len,
                   state);
            return CHECK_FAIL;
        }
        of[s->len == 5][(state == STATIC_KEY_ON) != s->likely]++;
    }
    const struct static_key_site *far = lab_far.key.sites;
    static_branch_enable(&lab_far);
    uint8_t *nop = far->site;
    bool is_nop = memcmp(nop, poke_nop(5), 5) == 0 || !cpu.long_nop;
    static_branch_disable(&lab_far);
    judged("2 bytes: %u NOPs, %u jumps; 5 bytes: %u NOPs, %u jumps; a far one "
           "becomes one NOP: %s",
           of[0][0], of[0][1], of[1][0], of[1][1], is_nop ? "yes" : "no");
    return verdict(of[0][1] && of[1][1] && is_nop && far->len == 5 &&
                   far->site[0] == 0xe9);
}

// The sum is made by the sites themselves: each that had not changed would be
// missing in it.
static enum check_result check_many(void)
{
    uint32_t sums[3], syncs[2];
    sums[0] = static_key_many();
    uint32_t before = sync_count();
    struct text_result r = static_branch_enable(&lab_many);
    syncs[0] = sync_count() - before;
    if (refused(&r))
        return CHECK_FAIL;
    sums[1] = static_key_many();
    before = sync_count();
    r = static_branch_disable(&lab_many);
    syncs[1] = sync_count() - before;
    if (refused(&r))
        return CHECK_FAIL;
    sums[2] = static_key_many();
    judged("%u sites; on: %u syncs, off: %u; of them taken %u, %u, %u",
           lab_many.key.count, syncs[0], syncs[1], sums[0], sums[1], sums[2]);
    return verdict(lab_many.key.count == STATIC_KEY_MANY && syncs[0] == 3 &&
                   syncs[1] == 3 && sums[0] == 0 &&
                   sums[1] == STATIC_KEY_MANY && sums[2] == 0);
}

// Two who want the same, and one of them twice by hand.
static enum check_result check_users(void)
{
    struct static_key *key = &lab_subject.key;
    uint32_t first = journal_writes();
    static_key_inc(key);
    static_key_inc(key);
    static_key_enable(key);
    static_key_enable(key);
    uint32_t on = journal_writes() - first;
    static_key_disable(key);
    static_key_disable(key);
    static_key_dec(key);
    bool still_on = static_key_enabled(key) && !static_key_astray(key);
    uint32_t before_last = journal_writes() - first;
    static_key_dec(key);
    uint32_t all = journal_writes() - first;
    judged("three users come: %u write, two go: %u in all, the last: %u", on,
           before_last, all);
    return verdict(on == 1 && before_last == 1 && still_on && all == 2 &&
                   !static_key_enabled(key) && !static_key_astray(key));
}

// Puts a debugger's breakpoint on one of a thousand sites, and takes it away.
static bool with_breakpoint(uint8_t *site, bool there)
{
    uint8_t old[2], new[2];
    memcpy(old, site, 2);
    memcpy(new, site, 2);
    static uint8_t under;
    if (there)
        under = old[0];
    new[0] = there ? 0xcc : under;
    return text_write(site, old, new, 2, "static_key").reason == TEXT_OK;
}

// 999 sites that could be patched, and are not.
static enum check_result check_all_or_none(void)
{
    struct static_key *key = &lab_many.key;
    const struct static_key_site *s = &key->sites[STATIC_KEY_MANY / 2];
    char text[256];
    if (!with_breakpoint(s->site, true)) {
        judged("the breakpoint could not be put in");
        return CHECK_FAIL;
    }
    uint32_t writes = journal_writes();
    struct text_result r = static_key_enable(key);
    writes = journal_writes() - writes;
    bool off = !static_key_enabled(key);
    uint32_t astray = static_key_astray(key);
    with_breakpoint(s->site, false);
    uint32_t sum = static_key_many();
    judged("%s; %u writes, %u sites not off, %u taken",
           text_explain(text, sizeof text, &r), writes, astray, sum);
    return verdict(r.reason != TEXT_OK && off && writes == 0 && astray == 1 &&
                   sum == 0);
}

// The last one could not go: it is still there, and so is the code.
static enum check_result check_refused_off(void)
{
    struct static_key *key = &lab_subject.key;
    static_key_inc(key);
    with_breakpoint(static_key_site, true);
    struct text_result r = static_key_dec(key);
    int32_t users = key->users;
    with_breakpoint(static_key_site, false);
    bool on = static_key_site_state(key->sites) == STATIC_KEY_ON;
    struct text_result again = static_key_dec(key);
    judged("refused with reason %u, %d user left, site on: %s; then reason "
           "%u, %d left",
           r.reason, users, on ? "yes" : "no", again.reason, key->users);
    return verdict(r.reason != TEXT_OK && users == 1 && on &&
                   again.reason == TEXT_OK && key->users == 0 &&
                   !static_key_astray(key));
}

// Whoever undoes a patch wants the old bytes. The key says so when asked, and
// its next change finds the site as it should be already.
static enum check_result check_undo(void)
{
    struct static_key *key = &lab_subject.key;
    static_key_inc(key);
    struct journal_entry *e = journal_overlap(static_key_site, key->sites->len,
                                              UINT32_MAX);
    struct text_result r = text_undo(e ? e->number : 0);
    uint32_t astray = static_key_astray(key);
    static_key_hits = 0;
    static_key_subject(NULL);
    struct text_result off = static_key_dec(key);
    judged("undo of the site: reason %u; %u site astray, %u hits; then off: "
           "reason %u, %u astray",
           r.reason, astray, static_key_hits, off.reason,
           static_key_astray(key));
    return verdict(r.reason == TEXT_OK && astray == 1 &&
                   static_key_hits == 0 && off.reason == TEXT_OK &&
                   !static_key_astray(key));
}

// A processor without the long NOP gets one instruction, too.
static enum check_result check_old_processor(void)
{
    char bytes[2][16];
    bool has = cpu.long_nop;
    const struct static_key_site *s = lab_far.key.sites;
    for (unsigned i = 0; i < 2; i++) {
        cpu.long_nop = has && i == 0;
        static_branch_enable(&lab_far);
        hex_bytes(bytes[i], sizeof bytes[i], s->site, s->len);
        static_key_hits = 0;
        static_key_far(NULL);
        static_branch_disable(&lab_far);
    }
    cpu.long_nop = has;
    judged("this processor's NOP: %s; one without the long NOP: %s", bytes[0],
           bytes[1]);
    return verdict(strcmp(bytes[1], "66 66 66 66 90") == 0 &&
                   static_key_hits == 1 && !static_key_astray(&lab_far.key) &&
                   (!has || strcmp(bytes[0], "0f 1f 44 00 00") == 0));
}

static const struct check static_key_checks[] = {
    {"18 cases, at first, inverted and restored", check_cases},
    {"a key that is off costs exactly one NOP", check_only_a_nop},
    {"sites have 2 or 5 bytes, by distance", check_both_lengths},
    {"a thousand sites change with three syncs", check_many},
    {"the first user patches, the last one patches back", check_users},
    {"one refused site keeps all others as they were", check_all_or_none},
    {"a refused end leaves the key on and counted", check_refused_off},
    {"an undone site is named, and heals with the next change", check_undo},
    {"without the long NOP it is another single instruction",
     check_old_processor},
    {"after every instruction of a change: old or new",
     static_key_check_between},
    {"while sites change, nobody passes by the count", static_key_check_count},
    {"who holds a key finds it on, whoever else comes and goes",
     static_key_check_race},
    {"the kernel itself uses it", static_key_check_uses},
};
CHECK_SUITE(static_key, static_key_checks);
