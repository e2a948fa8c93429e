// SPDX-License-Identifier: MIT
// Suite `poke_smp`: a CPU that does not answer, and what may be done with code
// whose poke has to wait for it.
#include "kernel/clock.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/patch/poke/poke_check.h"
#include "smc/patch/poke/stuck.h"

static char words[128];
enum { SHORT_MS = 250 };

struct one {
    uint8_t *site;
    const uint8_t *bytes;
};

static struct text_result poke_it(void *arg)
{
    const struct one *one = arg;
    return poke_over(one->site, one->bytes, 5);
}

static struct text_result poke_stuck(uint8_t *site, const uint8_t *bytes,
                                     unsigned last, uint32_t answers)
{
    struct one one = {site, bytes};
    return stuck_while(poke_it, &one, last, answers);
}

// The first wait fails: the site is as it was, and the words name the CPU.
enum check_result poke_check_stuck_early(void)
{
    uint8_t jmp[POKE_MAX], before[POKE_MAX];
    unsigned last = poke_other_cpu();
    if (!last)
        return poke_alone();
    memcpy(before, poke_five_site, 5);
    poke_make_form(jmp, 1);
    struct kthread *thread = stuck_start(last);
    struct text_result r = poke_stuck(poke_five_site, jmp, last, 0);
    bool same = memcmp(before, poke_five_site, 5) == 0;
    const struct journal_entry *e = journal_find(r.entry);
    bool line = e && e->kind == JOURNAL_REFUSED;
    stuck_end(thread);
    struct text_result again = poke_over(poke_five_site, jmp, 5);
    poke_over(poke_five_site, before, 5);
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_STUCK && r.cpus == 1u << last && same &&
                   line && again.reason == TEXT_OK);
}

// The second wait fails: the new instruction is in effect everywhere, by way
// of the INT3 that stays. The next poke is refused while the CPU is stuck, and
// finishes this one when it is not.
enum check_result poke_check_stuck_late(void)
{
    uint8_t jmp[POKE_MAX];
    unsigned last = poke_other_cpu();
    if (!last)
        return poke_alone();
    poke_make_form(jmp, 1);
    struct kthread *thread = stuck_start(last);
    struct text_result r = poke_stuck(poke_five_site, jmp, last, 1);
    bool armed = poke_five_site[0] == 0xcc && poke_five() == 0;
    uint64_t patience = sync_set_patience(SHORT_MS *
                                          (uint64_t)clock_tsc_khz());
    struct text_result next = poke_over(poke_one_site, "\xc3", 1);
    sync_set_patience(patience);
    stuck_end(thread);
    uint32_t late = poke_finish();
    bool done = memcmp(poke_five_site, jmp, 5) == 0 && poke_five() == 0;
    poke_over(poke_five_site, poke_nop(5), 5);
    judged("%s", text_explain(words, sizeof words, &r));
    return verdict(r.reason == TEXT_UNFINISHED && (r.cpus & 1u << last) &&
                   armed && next.reason == TEXT_STUCK && !late && done);
}

// The third wait fails: the bytes are the new ones, and somebody writes the
// site before the poke is finished. It put its first byte over his, once.
enum check_result poke_check_stuck_written(void)
{
    uint8_t jmp[POKE_MAX];
    unsigned last = poke_other_cpu();
    if (!last)
        return poke_alone();
    poke_make_form(jmp, 1);
    struct kthread *thread = stuck_start(last);
    struct text_result r = poke_stuck(poke_five_site, jmp, last, 2);
    stuck_end(thread);
    struct text_result plain = text_write(poke_five_site, jmp, poke_nop(5), 5,
                                          "poke-chk");
    uint32_t late = poke_finish();
    bool kept = memcmp(poke_five_site, poke_nop(5), 5) == 0;
    judged("%s; then written: %s", text_explain(words, sizeof words, &r),
           kept ? "kept" : "LOST");
    return verdict(r.reason == TEXT_UNFINISHED && plain.reason == TEXT_OK &&
                   !late && kept);
}

// A CPU gets stuck where the site lies in memory that goes to somebody else
// meanwhile:
//
//   31 c0            xor %eax, %eax
//   0f 1f 44 00 00   the site: a NOP, then a JMP to the RET
//   40               inc %eax
//   c3               ret                  answers 1, then 0
enum { BEFORE_SITE = 2, TO_RET = 6, CODE_LEN = 9 };

static uint8_t *make_site(struct arena *arena, uint8_t *site)
{
    uint8_t code[CODE_LEN] = {0x31, 0xc0};
    memcpy(code + BEFORE_SITE, poke_nop(5), 5);
    memcpy(code + BEFORE_SITE + 5, "\x40\xc3", 2);
    arena_write(arena, site - BEFORE_SITE, code, sizeof code, "poke-chk");
    return site;
}

static int run_site(const uint8_t *site)
{
    return ((int (*)(void))(uintptr_t)(site - BEFORE_SITE))();
}

// Pokes the site while CPU `last` answers the first question only. True if the
// INT3 stays, and stands for the new instruction.
static bool leave_unfinished(uint8_t *site, unsigned last,
                             struct kthread **thread)
{
    uint8_t jmp[POKE_MAX];
    poke_branch(jmp, 0xe9, site, site + TO_RET);
    *thread = stuck_start(last);
    struct text_result r = poke_stuck(site, jmp, last, 1);
    return r.reason == TEXT_UNFINISHED && *site == 0xcc && run_site(site) == 0;
}

static uint32_t finish(struct kthread *thread)
{
    stuck_end(thread);
    return poke_finish();
}

static void jump_to(void *site)
{
    ((void (*)(void))(uintptr_t)site)();
}

// The next owner's INT3 is none of the poke's, and his bytes are not written.
enum check_result poke_check_stuck_given_up(void)
{
    static const uint8_t empty[5] = {0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
    struct kthread *thread;
    struct trap_frame trap = {0};
    uint32_t seed = 1;
    unsigned last = poke_other_cpu();
    if (!last)
        return poke_alone();
    uintptr_t base = arena_draw(PAGE_SIZE, &seed);
    struct arena *arena = arena_create_at("poke check", base, PAGE_SIZE);
    uint8_t *site = make_site(arena, arena->base + 64);
    bool unfinished = leave_unfinished(site, last, &thread);
    arena_destroy(arena);
    arena = arena_create_at("next", base, PAGE_SIZE);
    bool passed = trap_try(jump_to, site, &trap);
    uint32_t late = finish(thread);
    bool kept = memcmp(site, empty, sizeof empty) == 0;
    arena_destroy(arena);
    judged("the next owner's INT3 at %p: %s at %08x; after the end %s",
           (void *)site, passed ? "PASSED" : trap_name(trap.vector), trap.eip,
           kept ? "nothing is written" : "WRITTEN");
    return verdict(unfinished && !passed && trap.vector == 3 &&
                   trap.eip == (uint32_t)site + 1 && !late && kept);
}

// Half a site cannot be given up. It was refused, and yet forgotten, once.
enum check_result poke_check_stuck_kept(void)
{
    struct kthread *thread;
    unsigned last = poke_other_cpu();
    if (!last)
        return poke_alone();
    struct arena *arena = arena_create("poke check", 2 * PAGE_SIZE);
    uint8_t *site = make_site(arena, arena->base + PAGE_SIZE - 3);
    bool unfinished = leave_unfinished(site, last, &thread);
    bool refused = !arena_make_data(arena, arena->base, PAGE_SIZE, true);
    uint32_t late = finish(thread);
    uint8_t now = *site;
    int result = now == 0xcc ? -1 : run_site(site);
    arena_destroy(arena);
    judged("3 bytes of 5 in the page: %s; after the end %02x, which answers "
           "%d",
           refused ? "refused" : "GIVEN UP", now, result);
    return verdict(unfinished && refused && !late && now == 0xe9 &&
                   result == 0);
}
