// SPDX-License-Identifier: MIT
// After every instruction of a change, the code that is being changed is run.
// The trap flag stops after each of them, in the door and with interrupts off,
// too: another CPU, or an NMI, can be at the site at any time.
#include "kernel/cpu.h"
#include "kernel/trap.h"
#include "smc/door/poke.h"
#include "smc/patch/static_key/static_key_check.h"
#include "smc/patch/static_key/static_key_subject.h"

enum { INT3 = 0xcc };

// What the passes of one change have said.
static struct passes {
    uint32_t old, new, back, wild;
    uint32_t emulated; // of them, those that met the breakpoint
    bool before;       // what it said before the change
} passes;

// One pass adds one hit or none; anything else is a third behaviour. `back` is
// an old answer after a new one: one CPU must not see the key flicker.
static void on_each_step(struct trap_frame *frame)
{
    (void)frame;
    uint32_t hits = static_key_hits;
    passes.emulated += static_key_site[0] == INT3;
    static_key_subject(NULL);
    hits = static_key_hits - hits;
    if (hits > 1)
        passes.wild++;
    else if ((hits == 1) != passes.before)
        passes.new ++;
    else if (passes.new)
        passes.back++;
    else
        passes.old++;
}

static struct text_result
stepped(struct text_result (*change)(struct static_key *), bool before)
{
    passes = (struct passes){.before = before};
    trap_set_handler(1, on_each_step);
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    struct text_result r = change(&lab_subject.key);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
    trap_set_handler(1, NULL);
    return r;
}

enum check_result static_key_check_between(void)
{
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    struct text_result on = stepped(static_key_inc, false);
    struct passes up = passes;
    struct text_result off = stepped(static_key_dec, true);
    struct passes down = passes;
    judged("on: %u passes old, %u new, %u old again, %u neither, %u of them "
           "emulated; off: %u, %u, %u, %u, %u",
           up.old, up.new, up.back, up.wild, up.emulated, down.old, down.new,
           down.back, down.wild, down.emulated);
    return verdict(on.reason == TEXT_OK && off.reason == TEXT_OK &&
                   up.old > 10 && up.emulated > 10 && down.old > 10 &&
                   down.emulated > 10 && !up.back && !up.wild && !down.back &&
                   !down.wild);
}

// What the count said at each stage of the protocol.
static uint32_t stages, counted;

static void on_each_stage(enum poke_stage stage)
{
    (void)stage;
    stages++;
    counted += static_key_enabled(&lab_subject.key);
}

// In either direction the count is 0 from the first byte to the last: whoever
// comes meanwhile waits for the lock. With a count of 1 the race would be lost
// by those who pass by the count alone, but hardly ever seen.
enum check_result static_key_check_count(void)
{
    stages = counted = 0;
    poke_observe(on_each_stage);
    static_branch_inc(&lab_subject);
    uint32_t up = stages;
    static_branch_dec(&lab_subject);
    poke_observe(NULL);
    judged("%u stages on the way up, %u on the way down; %u with a user "
           "counted",
           up, stages - up, counted);
    return verdict(up >= 7 && stages - up >= 7 && counted == 0);
}
