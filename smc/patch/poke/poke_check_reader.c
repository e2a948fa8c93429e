// SPDX-License-Identifier: MIT
// Suite `poke_smp`: the batch outlives its last reader. In 2019 Linux cleared
// it while a handler on another processor was still reading.
//
//   poking CPU                       the last CPU
//   INT3 in front                    executes the site, traps, and stops at a
//                                    debug register in poke_emulate
//   tails, first byte, all wait      answers, and has not read the site yet
//   must wait here                   goes on after a while, to where the new
//                                    instruction leads
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "kernel/trap.h"
#include "smc/door/poke_inside.h"
#include "smc/patch/poke/poke_check.h"

// DR7: breakpoint 0 is on, for execution; bit 10 always reads as 1.
// [SDM3 17.2.4]
enum { STAY_US = 100000, EXECUTE_0 = 0x402, NONE = 0x400 };

static volatile bool armed, last_step, returned;
static volatile bool parked, too_early;
static int answer;

static void set_breakpoint(const void *at, uint32_t control)
{
    __asm__ volatile("mov %0, %%dr0\n\t"
                     "mov %1, %%dr7"
                     :
                     : "r"(at), "r"(control)
                     : "memory");
}

// A poke that returns meanwhile has not waited.
static void park(struct trap_frame *frame)
{
    uint64_t start = clock_us();
    (void)frame;
    set_breakpoint(NULL, NONE);
    parked = true;
    while (!returned && clock_us() - start < STAY_US) {
        if (!last_step)
            start = clock_us();
        cpus_answer();
        cpu_relax();
    }
    too_early = returned;
}

static void read_slowly(void *arg)
{
    (void)arg;
    while (!armed)
        kthread_yield();
    preempt_off(); // the debug registers are this CPU's
    set_breakpoint((const void *)poke_emulate, EXECUTE_0);
    answer = poke_five();
    set_breakpoint(NULL, NONE);
    preempt_on();
}

static void wait_for_reader(enum poke_stage stage)
{
    armed |= stage == POKE_ARMED;
    while (armed && !parked)
        cpus_answer();
    last_step |= stage == POKE_HEADS;
}

enum check_result poke_check_reader(void)
{
    uint8_t bytes[POKE_MAX];
    if (!poke_other_cpu())
        return poke_alone();
    if (!cpu.debug_registers) {
        judged("debug registers do not work here");
        return CHECK_SKIP;
    }
    armed = last_step = returned = parked = too_early = false;
    poke_make_form(bytes, 2);
    trap_set_handler(1, park);
    struct kthread *reader = kthread_start("reader", read_slowly, NULL,
                                           (int)poke_other_cpu());
    poke_observe(wait_for_reader);
    struct text_result r = poke_over(poke_five_site, bytes, 5);
    returned = true;
    poke_observe(NULL);
    kthread_join(reader);
    trap_set_handler(1, NULL);
    poke_over(poke_five_site, poke_nop(5), 5);
    judged("CPU %u stood in the handler to the last step and %u ms longer; "
           "the poke ended %s; the site answered %d",
           poke_other_cpu(), STAY_US / 1000,
           too_early ? "MEANWHILE" : "after it", answer);
    return verdict(r.reason == TEXT_OK && parked && !too_early &&
                   answer == poke_answers[2]);
}
