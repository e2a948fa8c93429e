// SPDX-License-Identifier: MIT
// Lab `static_key`: watch a question appear and disappear, and weigh it.
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/step.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/door/sync.h"
#include "smc/patch/static_key/static_key_bench.h"
#include "smc/patch/static_key/static_key_subject.h"

static void tell_pass(const char *state)
{
    static_key_hits = 0;
    static_key_subject(NULL);
    tell("Key %s: a pass runs the block %u time%s.", state, static_key_hits,
         static_key_hits == 1 ? "" : "s");
}

static void tell_steps(void)
{
    if (cpu.trap_flag)
        tell("It takes %u instructions; an empty function takes %u.",
             step_count(static_key_subject, NULL),
             step_count(static_key_baseline, NULL));
}

static void demo_one(void)
{
    char where[64];
    size_t len = lab_subject.key.sites->len;
    tell("A question that is answered by code sits at %s.",
         symbol_format(where, sizeof where, static_key_site));
    tell_code("off", static_key_site, len);
    tell_pass("off");
    tell_steps();
    static_branch_enable(&lab_subject);
    tell_code("on", static_key_site, len);
    tell_pass("on");
    tell("The journal has it:");
    const struct journal_entry *entry = journal_overlap(static_key_site, len,
                                                        UINT32_MAX);
    if (entry)
        journal_print(entry);
    static_branch_disable(&lab_subject);
    tell_code("off", static_key_site, len);
}

static void demo_many(void)
{
    tell("The key lab_many has %u sites; %u of them are taken.",
         lab_many.key.count, static_key_many());
    uint32_t before = sync_count();
    static_branch_enable(&lab_many);
    tell("Switched on with %u syncs: %u of them are taken.",
         sync_count() - before, static_key_many());
    before = sync_count();
    static_branch_disable(&lab_many);
    tell("Switched off with %u syncs: %u of them are taken.",
         sync_count() - before, static_key_many());
}

// Everything said is read from memory, the journal or the step counter at the
// time it is said.
static void demo(void)
{
    demo_one();
    demo_many();
    tell("The kernel's own keys:");
    for (struct static_key *const *k = static_keys_start; k < static_keys_end;
         k++)
        if (strncmp((*k)->name, "lab_", 4) != 0)
            tell("  %s: %s, %u site%s", (*k)->name,
                 static_key_enabled(*k) ? "on" : "off", (*k)->count,
                 (*k)->count == 1 ? "" : "s");
}

LAB(static_key, "a switch is a jump in the code, and while off a NOP",
    "smc/patch/static_key/static_key.h", demo, static_key_bench);
