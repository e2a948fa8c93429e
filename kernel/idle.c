// SPDX-License-Identifier: MIT
// Ways to be idle. Halting saves power and gives a hyper-threaded twin the
// whole core; polling answers sooner, as nothing has to wake up. [SDM2 PAUSE]
#include "kernel/idle.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/printf.h"
#include "kernel/string.h"

DEFINE_STATIC_CALL(cpu_idle, idle_halt);

void idle_halt(void)
{
    wait_for_interrupt();
}

void idle_poll(void)
{
    interrupts_on();
    __asm__ volatile("pause" : : : "memory");
}

// Whoever halts when this comes is woken by the next interrupt, and polls
// from then on.
static int run_idle(int argc, char **argv)
{
    struct text_result r = {.reason = TEXT_OK};
    char why[160];
    if (argc > 1 && strcmp(argv[1], "halt") == 0)
        r = static_call_update(cpu_idle, idle_halt);
    else if (argc > 1 && strcmp(argv[1], "poll") == 0)
        r = static_call_update(cpu_idle, idle_poll);
    else if (argc > 1) {
        kprintf("idle: halt or poll\n");
        return 1;
    }
    if (r.reason != TEXT_OK) {
        kprintf("idle: %s\n", text_explain(why, sizeof why, &r));
        return 1;
    }
    bool halts = static_call_key_cpu_idle.target == (const void *)idle_halt;
    kprintf("idle: %s\n", halts ? "halt" : "poll");
    return 0;
}
COMMAND(idle, "[halt|poll]", "what a processor does that has nothing to do",
        run_idle);
