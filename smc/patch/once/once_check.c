// SPDX-License-Identifier: MIT
// Suite `once`: the block runs once, its check disappears, and nothing that
// happens in the middle changes that.
#include "smc/patch/once/once_check.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/smp.h"
#include "kernel/step.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/patch/once/once_subject.h"

// Counts what the blocks other than the subject's do. Each of them has a
// function and a name of its own: a block that fails must not fail the next.
static uint32_t other_runs;

// One run would be seen with a flag alone; the bytes show that the question is
// gone and not only answered.
static enum check_result check_runs_once(void)
{
    const struct once_site *s = once_subject_fresh();
    char before[16], after[16];
    hex_bytes(before, sizeof before, s->site, once_site_len(s));
    for (int i = 0; i < 1000; i++)
        once_subject(NULL);
    hex_bytes(after, sizeof after, s->site, once_site_len(s));
    judged("1000 passes, %u runs, site %s -> %s", once_runs, before, after);
    return verdict(once_runs == 1 && once_is_patched(s->once));
}

// The bytes of the site say nothing about what surrounds it. A compiler that
// spilled registers around the asm would spoil every pass and no other check;
// the twin has the NOP from the start, so nothing may differ.
static enum check_result check_only_a_nop(void)
{
    const struct once_site *s = once_subject_fresh();
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    uint32_t first = step_count(once_subject, NULL);
    once_subject(NULL); // stepping is with interrupts off: patched now at last
    uint32_t second = step_count(once_subject, NULL);
    uint32_t twin = step_count(once_twin, NULL);
    uint32_t empty = step_count(once_baseline, NULL);
    judged("first pass %u instructions, second %u, the same function with a "
           "NOP assembled in %u, an empty one %u",
           first, second, twin, empty);
    return verdict(second == twin && first > second &&
                   once_is_patched(s->once));
}

// Two failures, as one could be the work of a state that toggles. A block that
// was patched in spite of failing would never be tried again: a serial port
// that is silent for ever.
static enum check_result check_failed_stays_armed(void)
{
    const struct once_site *s = once_subject_fresh();
    once_fail_now = true;
    once_subject(NULL);
    once_subject(NULL);
    bool armed = s->once->state == ONCE_ARMED && !once_is_patched(s->once);
    uint32_t failed = once_runs;
    once_fail_now = false;
    once_subject(NULL);
    once_subject(NULL);
    judged("2 failing passes ran %u times, then it ran %u more", failed,
           once_runs - failed);
    return verdict(armed && failed == 2 && once_runs == 3 &&
                   once_is_patched(s->once));
}

static uint32_t depth_reached;

//   recursive(0)    RUNNING, calls
//     recursive(1)  passes by: reaches depth 1, and no further
static __attribute__((noinline)) void recursive(uint32_t depth)
{
    ONCE (lab_recursive) {
        other_runs++;
        if (depth < 5)
            recursive(depth + 1);
    }
    depth_reached = depth > depth_reached ? depth : depth_reached;
}

// If the inner call ran the block, the depth would be 5. If it waited for the
// outer one, it would wait for ever.
static enum check_result check_recursion(void)
{
    const struct once_site *s = once_site_of("lab_recursive");
    if (s->once->state != ONCE_ARMED)
        once_rearm(s->once);
    other_runs = depth_reached = 0;
    recursive(0);
    recursive(0);
    judged("the block called its own function: %u run, depth %u", other_runs,
           depth_reached);
    return verdict(other_runs == 1 && depth_reached == 1 &&
                   once_is_patched(s->once));
}

static bool fault_now;

static __attribute__((noinline)) void faulty(void *arg)
{
    (void)arg;
    ONCE (lab_faulty) {
        other_runs++;
        if (fault_now)
            __asm__ volatile("ud2");
    }
}

// No cleanup runs when a fault unwinds the stack: once_leave is not called.
// Only once_unwind can tell that the block will never end.
static enum check_result check_caught_fault(void)
{
    const struct once_site *s = once_site_of("lab_faulty");
    if (s->once->state != ONCE_ARMED)
        once_rearm(s->once);
    other_runs = 0;
    fault_now = true;
    bool returned = trap_try(faulty, NULL, NULL);
    bool armed = s->once->state == ONCE_ARMED;
    fault_now = false;
    faulty(NULL);
    faulty(NULL);
    judged("1 run that faulted, then %u more", other_runs - 1);
    return verdict(!returned && armed && other_runs == 2 &&
                   once_is_patched(s->once));
}

// once_open patches them. tries is 1: whoever passed before that, still by the
// jump, did not run them again.
static enum check_result check_before_the_door(void)
{
    static const char *const early[] = {"serial_port", "vga_adapter"};
    for (unsigned i = 0; i < 2; i++) {
        const struct once_site *s = once_site_of(early[i]);
        if (!s || s->once->state != ONCE_DONE || s->once->tries != 1) {
            judged("%s did not run exactly once", early[i]);
            return CHECK_FAIL;
        }
    }
    judged("serial_port and vga_adapter ran before the door opened, once "
           "each, and were patched after it did");
    return CHECK_PASS;
}

// A refusal that was ignored would overwrite the debugger's byte, and the
// debugger would put the jump's first byte back into the NOP. The state must
// be DONE all the same: the slow path may not run the block again.
static enum check_result check_refused_patch(void)
{
    const struct once_site *s = once_subject_fresh();
    size_t len = once_site_len(s);
    uint8_t jump[5], other[5];
    memcpy(jump, s->site, len);
    memcpy(other, s->site, len);
    // Another technique owns the bytes when the block completes: an INT3 in
    // front, as a debugger would put it. The block itself is called directly.
    other[0] = 0xcc;
    text_write(s->site, jump, other, len, "once-chk");
    struct once *guard = once_enter(s->once);
    guard->state = ONCE_COMPLETE;
    once_leave(&guard);
    bool kept = memcmp(s->site, other, len) == 0;
    uint8_t reason = s->once->refused;
    text_write(s->site, other, jump, len, "once-chk");
    once_subject(NULL);
    judged("foreign bytes kept: %s, reason %u; slow path ran the block %u "
           "times",
           kept ? "yes" : "no", reason, once_runs);
    uint8_t wanted = cpus_alone() ? TEXT_MISMATCH : TEXT_BREAKPOINT;
    return verdict(kept && reason == wanted && once_runs == 0);
}

// Whoever undoes a patch wants the old bytes to stay. A pass that patched
// again on its way by would fight with the shell.
static enum check_result check_undo(void)
{
    const struct once_site *s = once_subject_fresh();
    once_subject(NULL);
    struct journal_entry *e = journal_overlap(s->site, once_site_len(s),
                                              UINT32_MAX);
    struct text_result r = text_undo(e ? e->number : 0);
    bool jump_is_back = !once_is_patched(s->once);
    once_subject(NULL);
    once_subject(NULL);
    judged("undone entry #%u; two more passes by the slow path, %u run",
           e ? e->number : 0, once_runs);
    return verdict(r.reason == TEXT_OK && jump_is_back && once_runs == 1 &&
                   !once_is_patched(s->once));
}

// A mechanism that only its own checks use proves little.
static enum check_result check_kernel_uses_it(void)
{
    unsigned patched = 0;
    char names[128] = "";
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (strncmp(s->once->name, "lab_", 4) != 0 &&
            s->once->state == ONCE_DONE) {
            size_t used = strlen(names);
            ksnprintf(names + used, sizeof names - used, " %s", s->once->name);
            patched++;
        }
    judged("%u initialisers:%s", patched, names);
    return verdict(patched >= 3);
}

static const struct check once_checks[] = {
    {"a block runs exactly once and its site becomes NOPs", check_runs_once},
    {"the second pass executes nothing but the NOP", check_only_a_nop},
    {"an initialiser that fails stays armed", check_failed_stays_armed},
    {"a caught fault in the block is a failure", check_caught_fault},
    {"recursion into itself passes by", check_recursion},
    {"an interrupt inside the block passes by", once_check_interrupt_inside},
    {"an interrupt after every instruction changes nothing",
     once_check_interrupt_everywhere},
    {"blocks that ran before the door opened are patched later",
     check_before_the_door},
    {"a refused patch leaves the slow path correct", check_refused_patch},
    {"an undone patch stays undone and correct", check_undo},
    {"at least three of the kernel's own initialisers use it",
     check_kernel_uses_it},
};
CHECK_SUITE(once, once_checks);
