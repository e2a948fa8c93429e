// SPDX-License-Identifier: MIT
// Single-stepping: with EFLAGS.TF set, a debug exception follows every
// instruction. Counting them counts instructions; the few that belong to the
// measuring are found by measuring nothing. [SDM3 17.3.1.4]
#include "kernel/step.h"
#include "kernel/cpu.h"
#include "kernel/trap.h"
#include <stddef.h>

// Counted by the handler while the compiler looks elsewhere: volatile.
static volatile uint32_t steps;

// TF stays set in the frame, so IRET goes on stepping. The CPU clears TF while
// the handler runs; the handler does not step itself.
static void on_step(struct trap_frame *frame)
{
    (void)frame;
    steps++;
}

// POPF sets TF, and the first trap follows the instruction after it. Both ends
// are always the same instructions, since this is never inlined, so what they
// add to the count is constant.
static __attribute__((noinline)) uint32_t stepped(void (*fn)(void *),
                                                  void *arg)
{
    steps = 0;
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    fn(arg);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
    return steps;
}

uint32_t step_count(void (*fn)(void *arg), void *arg)
{
    if (!cpu.trap_flag)
        return 0;
    bool on = interrupts_off();
    trap_set_handler(1, on_step);
    uint32_t count = stepped(fn, arg);
    trap_set_handler(1, NULL);
    interrupts_restore(on);
    return count;
}
