// SPDX-License-Identifier: MIT
// Suite `explore`: no third behaviour in the right way, and one in each of the
// wrong ways: a matrix that could not show it would prove nothing.
#include "kernel/lab.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/patch/explore/explore.h"
#include "smc/patch/static_key/static_key_subject.h"

static uint32_t nothing(uint32_t arg)
{
    return arg;
}

// The columns that this machine has: five, less one without the trap flag,
// without an APIC, and without a second CPU.
static uint32_t columns(void)
{
    const struct explore_subject subject = {nothing, 7, NULL, 0};
    uint32_t count = 0;
    for (int way = 0; way < EXPLORE_WAYS; way++) {
        struct explore_run run = explore_by(way, &subject);
        count += run.done && run.answer == 7 && run.intact;
    }
    return count;
}

// The door stores first bytes twice if there are several CPUs: one row more
// for each site of each change.
static enum check_result check_set(const char *name, uint32_t rows,
                                   uint32_t again)
{
    struct explore_matrix sum = {0};
    bool done = false, several = !cpus_alone();
    for (uint32_t i = 0; i < explore_set_count; i++)
        if (strcmp(explore_sets[i].name, name) == 0)
            done = explore_sets[i].run(&sum, true);
    uint32_t ways = columns(), wanted = rows + (several ? again : 0);
    uint32_t cells = sum.rows * ways;
    judged("%u rows, %u ways: %u old, %u new, %u neither", sum.rows, ways,
           sum.old, sum.new, sum.third);
    return verdict(done && sum.rows == wanted && !sum.third && sum.old > 0 &&
                   sum.new > 0 && sum.old + sum.new == cells);
}

// A row before the change and those of the protocol; on and off. How long the
// near site is, the assembler has decided.
static uint32_t rows_of_key(const struct static_key *key)
{
    return 2 * (key->sites[0].len + 7u);
}

static enum check_result check_keys(void)
{
    return check_set("static_key",
                     rows_of_key(&lab_subject.key) + rows_of_key(&lab_far.key),
                     4);
}

// Three sites in one batch, six targets, seen from the call and the jump.
static enum check_result check_calls(void)
{
    return check_set("static_call", 12 * 24, 12 * 3);
}

static enum check_result check_trace(void)
{
    return check_set("trace", 2 * 12, 2);
}

static enum check_result check_forms(void)
{
    return check_set("forms", 7 * 6 * 12, 7 * 6);
}

// In how many rows of each there is a third behaviour. Of the LEA that stands
// for the long NOP on older processors three bytes differ, not two.
static const struct {
    const char *name;
    uint32_t rows, or_rows;
} wrong_rows[] = {{"none", 0, 0},        {"store", 1, 1},  {"store_nop", 2, 3},
                  {"two_nops", 4, 4},    {"no_gap", 5, 5}, {"no_sync", 4, 4},
                  {"call_as_nop", 5, 5}, {"cleared", 1, 1}};

static bool is_as_wrong(const struct explore_wrong *wrong, uint32_t third,
                        uint32_t ways)
{
    for (uint32_t i = 0; i < sizeof wrong_rows / sizeof *wrong_rows; i++)
        if (strcmp(wrong_rows[i].name, wrong->name) == 0)
            return third == wrong_rows[i].rows * ways ||
                   third == wrong_rows[i].or_rows * ways;
    return false;
}

// All columns fail in the same rows, and the machine goes on.
static enum check_result check_wrong(void)
{
    uint64_t hash = text_hash();
    uint32_t ways = columns(), good = 0, third = 0;
    const char *bad = "";
    for (uint32_t i = 0; i < explore_wrong_count; i++) {
        struct explore_matrix m = {0};
        bool done = explore_do_wrong(&explore_wrongs[i], &m, true);
        bool as_wrong = done && is_as_wrong(&explore_wrongs[i], m.third, ways);
        good += as_wrong;
        third += m.third;
        bad = as_wrong ? bad : explore_wrongs[i].name;
    }
    bool same = hash == text_hash() && !arena_of((const void *)0x40000000u, 1);
    judged("%u of %u as wrong as they should be%s%s, %u cells neither old nor "
           "new; text %s, the arenas are gone",
           good, explore_wrong_count, *bad ? ", not " : "", bad, third,
           same ? "equal" : "DIFFERENT");
    return verdict(good == explore_wrong_count && third && same);
}

static const struct check checks[] = {
    {"static keys: old or new after each store", check_keys},
    {"static calls: old or new after each store", check_calls},
    {"a traced entry: old or new after each store", check_trace},
    {"seven forms into each other", check_forms},
    {"each historic bug shows a third behaviour", check_wrong},
};
CHECK_SUITE(explore, checks);
