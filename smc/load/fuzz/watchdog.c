// SPDX-License-Identifier: MIT
// The clock's tick as a watchdog. A handler may not abandon what it has
// interrupted; but it may change where the interrupted code goes on:
//
//   loop:  jmp loop  <-- tick: frame->eip = give_up
//                        iret
//   give_up: trap_abandon          no handler any more, same stack
//
// The heap and the page allocator work with interrupts off, so that they are
// never given up half-way.
#include "smc/load/fuzz/watchdog.h"
#include "kernel/clock.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include <stdbool.h>

static volatile uint32_t ticks_left;
static volatile uint32_t was_at; // eip of what was given up; 0: nothing

// Runs where the loop ran, with its interrupt flag. Nothing called it, so
// there is nothing to return to.
static _Noreturn void give_up(void)
{
    struct trap_frame frame;

    memset(&frame, 0, sizeof frame);
    frame.eip = was_at;
    trap_abandon(&frame);
}

static void tick(struct trap_frame *frame)
{
    if (ticks_left == 0 || --ticks_left)
        return;
    was_at = frame->eip;
    frame->eip = (uint32_t)(uintptr_t)give_up;
}

enum outcome watchdog_run(void (*fn)(void *arg), void *arg, uint32_t ticks,
                          char *words, uint32_t size)
{
    struct trap_frame fault;
    bool returned;

    was_at = 0;
    ticks_left = ticks;
    clock_set_hook(tick);
    returned = trap_try(fn, arg, &fault);
    // First: a tick in here would give up what is no longer being tried.
    ticks_left = 0;
    clock_set_hook(NULL);
    words[0] = '\0';
    if (returned)
        return OUTCOME_RETURNED;
    if (was_at) {
        ksnprintf(words, size, "no end after %u ticks, at eip 0x%08x", ticks,
                  was_at);
        return OUTCOME_HUNG;
    }
    trap_explain(words, size, &fault);
    return OUTCOME_CRASHED;
}
