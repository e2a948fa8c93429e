// SPDX-License-Identifier: MIT
// Lab `once`: watch a check disappear, prove that it did, weigh the gain.
#include "kernel/bench.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/lab.h"
#include "kernel/step.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/patch/once/once.h"

enum { SOFT_VECTOR = 0x90 };

static uint32_t runs, other_runs;
static bool fail_now;

// The subject of most checks: one site, one block.
static __attribute__((noinline)) void once_subject(void *arg)
{
    (void)arg;
    ONCE (lab_subject) {
        runs++;
        if (fail_now)
            break;
    }
}

// What remains of it in the ideal case: nothing at all.
static __attribute__((noinline)) void baseline(void *arg)
{
    (void)arg;
    __asm__ volatile("");
}

// Finds the block and its site by name: its static is inside the function.
static const struct once_site *site_of(const char *name)
{
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (strcmp(s->once->name, name) == 0)
            return s;
    return NULL;
}

static size_t site_len(const struct once_site *s)
{
    return (size_t)(s->end - s->site);
}

static const struct once_site *fresh(void)
{
    const struct once_site *s = site_of("lab_subject");
    if (s->once->state != ONCE_ARMED)
        once_rearm(s->once);
    runs = 0;
    fail_now = false;
    return s;
}

static enum check_result verdict(bool pass)
{
    return pass ? CHECK_PASS : CHECK_FAIL;
}

static enum check_result check_runs_once(void)
{
    const struct once_site *s = fresh();
    char before[16], after[16];
    hex_bytes(before, sizeof before, s->site, site_len(s));
    for (int i = 0; i < 1000; i++)
        once_subject(NULL);
    hex_bytes(after, sizeof after, s->site, site_len(s));
    judged("1000 passes, %u runs, site %s -> %s", runs, before, after);
    return verdict(runs == 1 && once_is_patched(s->once));
}

static enum check_result check_only_a_nop(void)
{
    const struct once_site *s = fresh();
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    uint32_t first = step_count(once_subject, NULL);
    uint32_t second = step_count(once_subject, NULL);
    uint32_t empty = step_count(baseline, NULL);
    judged("first pass %u instructions, second %u, an empty function %u",
           first, second, empty);
#ifdef __OPTIMIZE__
    uint32_t extra = 1; // the NOP
#else
    uint32_t extra = 2; // and the jump that -O0 puts around the block
#endif
    return verdict(second - empty <= extra && second > empty &&
                   once_is_patched(s->once));
}

static enum check_result check_failed_stays_armed(void)
{
    const struct once_site *s = fresh();
    fail_now = true;
    once_subject(NULL);
    once_subject(NULL);
    bool armed = s->once->state == ONCE_ARMED && !once_is_patched(s->once);
    uint32_t failed = runs;
    fail_now = false;
    once_subject(NULL);
    once_subject(NULL);
    judged("2 failing passes ran %u times, then it ran %u more", failed,
           runs - failed);
    return verdict(armed && failed == 2 && runs == 3 &&
                   once_is_patched(s->once));
}

static uint32_t depth_reached;

static __attribute__((noinline)) void recursive(uint32_t depth)
{
    ONCE (lab_recursive) {
        other_runs++;
        if (depth < 5)
            recursive(depth + 1);
    }
    depth_reached = depth > depth_reached ? depth : depth_reached;
}

static enum check_result check_recursion(void)
{
    const struct once_site *s = site_of("lab_recursive");
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

static __attribute__((noinline)) void interrupted(bool from_handler)
{
    ONCE (lab_interrupted) {
        other_runs++;
        if (!from_handler)
            __asm__ volatile("int %0" : : "i"(SOFT_VECTOR) : "memory");
    }
}

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    depth_reached++;
    interrupted(true);
}

static enum check_result check_interrupt_inside(void)
{
    const struct once_site *s = site_of("lab_interrupted");
    if (s->once->state != ONCE_ARMED)
        once_rearm(s->once);
    other_runs = depth_reached = 0;
    trap_set_soft(SOFT_VECTOR, on_interrupt, 0);
    interrupted(false);
    interrupted(false);
    trap_set_soft(SOFT_VECTOR, NULL, 0);
    judged("%u interrupt inside the block, %u run", depth_reached, other_runs);
    return verdict(depth_reached == 1 && other_runs == 1 &&
                   once_is_patched(s->once));
}

// The trap flag stops after every instruction of a first pass. Wherever an
// interrupt could arrive (IF is set), one is played in turn: at the first
// such place in the first round, at the second in the second, and so on.
static uint32_t place, wanted_place;

static void on_each_step(struct trap_frame *frame)
{
    if ((frame->eflags & EFLAGS_IF) && place++ == wanted_place)
        once_subject(NULL);
}

static void interrupted_pass(void)
{
    place = 0;
    trap_set_handler(1, on_each_step);
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    once_subject(NULL);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
    trap_set_handler(1, NULL);
}

static enum check_result check_interrupt_everywhere(void)
{
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    uint32_t wrong = 0;
    wanted_place = 0;
    do {
        const struct once_site *s = fresh();
        interrupted_pass();
        wrong += runs != 1 || !once_is_patched(s->once);
        wanted_place++;
    } while (wanted_place < place);
    judged("interrupted at each of %u places in turn, %u wrong results",
           wanted_place, wrong);
    return verdict(wrong == 0 && wanted_place > 10);
}

static enum check_result check_before_the_door(void)
{
    static const char *const early[] = {"serial_port", "vga_adapter"};
    for (unsigned i = 0; i < 2; i++) {
        const struct once_site *s = site_of(early[i]);
        if (!s || s->once->state != ONCE_DONE || s->once->tries != 1) {
            judged("%s did not run exactly once", early[i]);
            return CHECK_FAIL;
        }
    }
    judged("serial_port and vga_adapter ran before the door opened, once "
           "each, and were patched after it did");
    return CHECK_PASS;
}

static enum check_result check_refused_patch(void)
{
    const struct once_site *s = fresh();
    size_t len = site_len(s);
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
           kept ? "yes" : "no", reason, runs);
    return verdict(kept && reason == TEXT_MISMATCH && runs == 0);
}

static enum check_result check_undo(void)
{
    const struct once_site *s = fresh();
    once_subject(NULL);
    struct journal_entry *e = journal_overlap(s->site, site_len(s),
                                              UINT32_MAX);
    struct text_result r = text_undo(e ? e->number : 0);
    bool jump_is_back = !once_is_patched(s->once);
    once_subject(NULL);
    once_subject(NULL);
    judged("undone entry #%u; two more passes by the slow path, %u run",
           e ? e->number : 0, runs);
    return verdict(r.reason == TEXT_OK && jump_is_back && runs == 1 &&
                   !once_is_patched(s->once));
}

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
    {"recursion into itself passes by", check_recursion},
    {"an interrupt inside the block passes by", check_interrupt_inside},
    {"an interrupt after every instruction changes nothing",
     check_interrupt_everywhere},
    {"blocks that ran before the door opened are patched later",
     check_before_the_door},
    {"a refused patch leaves the slow path correct", check_refused_patch},
    {"an undone patch stays undone and correct", check_undo},
    {"at least three of the kernel's own initialisers use it",
     check_kernel_uses_it},
};
CHECK_SUITE(once, once_checks);

static void demo(void)
{
    const struct once_site *s = fresh();
    char where[64];
    size_t len = site_len(s);
    tell("A once-only block sits at %s.",
         symbol_format(where, sizeof where, s->site));
    tell_bytes("before", s->site, len, "jmp to the block");
    tell("First call: the block runs, then the door overwrites the jump.");
    once_subject(NULL);
    tell_bytes("after", s->site, len,
               len == 2 ? "xchg %ax,%ax (a 2-byte NOP)"
                        : "nopl 0x0(%eax,%eax,1) (a 5-byte NOP)");
    once_subject(NULL);
    tell("Second call: the block ran %u time in all.", runs);
    if (cpu.trap_flag)
        tell("It takes %u instructions; an empty function takes %u.",
             step_count(once_subject, NULL), step_count(baseline, NULL));
    tell("The journal has it:");
    journal_print(journal_overlap(s->site, len, UINT32_MAX));
    tell("These blocks of the kernel itself went the same way:");
    for (s = once_sites_start; s < once_sites_end; s++)
        if (strncmp(s->once->name, "lab_", 4) != 0)
            tell_bytes(s->once->state == ONCE_DONE ? "done" : "armed", s->site,
                       site_len(s), s->once->name);
}

static bool flag_done;

static __attribute__((noinline)) void by_flag(void *arg)
{
    (void)arg;
    if (!*(volatile bool *)&flag_done) {
        flag_done = true;
        runs++;
    }
}

static void (*volatile by_pointer)(void *);

static void pointer_empty(void *arg)
{
    (void)arg;
}

static void pointer_first(void *arg)
{
    (void)arg;
    runs++;
    by_pointer = pointer_empty;
}

static __attribute__((noinline)) void through_pointer(void *arg)
{
    by_pointer(arg);
}

static void arm_flag(void *arg)
{
    flag_done = false;
    by_flag(arg);
}

static void arm_pointer(void *arg)
{
    by_pointer = pointer_first;
    through_pointer(arg);
}

static void arm_once(void *arg)
{
    fresh();
    once_subject(arg);
}

// The naive way: the slow path for ever, as after an undo.
static void arm_slow(void *arg)
{
    arm_once(arg);
    const struct once_site *s = site_of("lab_subject");
    text_undo(journal_overlap(s->site, site_len(s), UINT32_MAX)->number);
}

static void bench(void)
{
    const struct once_site *s = site_of("lab_subject");
    const struct bench_way ways[] = {
        {"flag: cmpb; je", arm_flag, by_flag, NULL, 9},
        {"function pointer, swapped", arm_pointer, through_pointer, NULL, 6},
        {"ONCE, never patched", arm_slow, once_subject, NULL, site_len(s)},
        {"ONCE, patched to a NOP", arm_once, once_subject, NULL, site_len(s)},
    };
    bench_begin("once", "one pass over a done initialiser");
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10000);
    bench_end("setup is the first pass with the block itself; for ONCE it "
              "holds re-arming and one patch");
}

LAB(once, "an initialiser's check becomes a NOP after the first run",
    "smc/patch/once/once.h", demo, bench);

static int run_once(int argc, char **argv)
{
    static const char *const states[] = {"armed", "running", "complete",
                                         "done"};
    char where[64], bytes[16];
    (void)argc;
    (void)argv;
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        kprintf("  %-18s %-8s tries %-3u %-24s %s\n", s->once->name,
                states[s->once->state], s->once->tries,
                symbol_format(where, sizeof where, s->site),
                hex_bytes(bytes, sizeof bytes, s->site, site_len(s)));
    return 0;
}
COMMAND(once, "", "every once-only block and its site", run_once);
