// SPDX-License-Identifier: MIT
// Suite `once`: an interrupt in the middle, inside the block and anywhere
// else.
#include "kernel/cpu.h"
#include "kernel/smp.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/patch/once/once_check.h"
#include "smc/patch/once/once_subject.h"

enum { SOFT_VECTOR = 0x90 };

static uint32_t runs, interrupts; // of the block; that came inside it

// An INT in place of an interrupt: it comes at a known instruction, in the
// middle of the block, and with IF on or off alike.
static __attribute__((noinline)) void interrupted(bool from_handler)
{
    ONCE (lab_interrupted) {
        runs++;
        if (!from_handler)
            __asm__ volatile("int %0" : : "i"(SOFT_VECTOR) : "memory");
    }
}

static void on_interrupt(struct trap_frame *frame)
{
    (void)frame;
    interrupts++;
    interrupted(true);
}

// Without the RUNNING state the handler would find the block armed, and run it
// inside itself.
enum check_result once_check_interrupt_inside(void)
{
    const struct once_site *s = once_site_of("lab_interrupted");
    if (s->once->state != ONCE_ARMED)
        once_rearm(s->once);
    runs = interrupts = 0;
    trap_set_soft(SOFT_VECTOR, on_interrupt, 0);
    interrupted(false);
    interrupted(false);
    trap_set_soft(SOFT_VECTOR, NULL, 0);
    judged("%u interrupt inside the block, %u run", interrupts, runs);
    return verdict(interrupts == 1 && runs == 1 && once_is_patched(s->once));
}

// The trap flag stops after every instruction of a first pass. Wherever an
// interrupt could arrive (IF is set), one is played in turn: at the first
// such place in the first round, at the second in the second, and so on.
static uint32_t place, wanted_place;

// Where IF is clear no interrupt can arrive: in the door, and between the test
// and the set in once_enter. The gate clears TF, so the pass in the handler is
// not stepped itself; and what follows it need not be.
static void on_each_step(struct trap_frame *frame)
{
    if (!(frame->eflags & EFLAGS_IF) || place++ != wanted_place)
        return;
    once_subject(NULL);
    frame->eflags &= ~EFLAGS_TF;
}

// The first trap comes after the instruction that follows the POPF. The three
// that clear TF again are stepped as well: a few places lie behind the pass.
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

// A journal that makes room in the middle of a pass would be stepped through:
// a million instructions, none of which an interrupt can arrive at.
static void make_room(void)
{
    bool on = door_lock();
    journal_make_room(16);
    door_unlock(on);
}

// One place missed by every hand-made test is enough for a block that runs
// twice once a month. The rounds end with one that has not come to its place;
// fewer than ten would mean that nothing was stepped.
enum check_result once_check_interrupt_everywhere(void)
{
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    if (!cpus_alone()) {
        judged("other CPUs are online: a poke has too many instructions");
        return CHECK_SKIP;
    }
    uint32_t wrong = 0;
    wanted_place = 0;
    for (bool reached = true; reached; wanted_place += reached) {
        make_room();
        const struct once_site *s = once_subject_fresh();
        interrupted_pass();
        wrong += once_runs != 1 || !once_is_patched(s->once);
        reached = place > wanted_place;
    }
    judged("interrupted at each of %u places in turn, %u wrong results",
           wanted_place, wrong);
    return verdict(wrong == 0 && wanted_place > 10);
}
