// SPDX-License-Identifier: MIT
// A CPU that does not answer. How many questions it still answers decides at
// which step of a poke it gets stuck.
#include "smc/patch/poke/stuck.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/smp.h"
#include "smc/door/sync.h"

// The first try is short. A busy host may keep another CPU waiting for longer.
enum { FIRST_MS = 250, LAST_MS = 8000 };

// The last question that the CPU still answers.
static volatile uint32_t answer_to;
static volatile bool is_stuck, let_go;

static void be_stuck(void *arg)
{
    (void)arg;
    bool on = interrupts_off();
    is_stuck = true;
    while (!let_go) {
        uint32_t asked = sync_asked; // once: the next may come in between
        if (sync_states[cpu_index()].answered != asked &&
            (int32_t)(asked - answer_to) <= 0)
            sync_answer();
        tlb_answer();
    }
    interrupts_restore(on);
}

struct kthread *stuck_start(unsigned number)
{
    answer_to = sync_count();
    is_stuck = let_go = false;
    struct kthread *thread = kthread_start("stuck", be_stuck, NULL,
                                           (int)number);
    while (!is_stuck)
        kthread_yield();
    return thread;
}

void stuck_end(struct kthread *thread)
{
    let_go = true;
    kthread_join(thread);
}

// With an answer or more left, a poke that has written nothing has met a CPU
// that was slow.
struct text_result stuck_while(struct text_result (*fn)(void *arg), void *arg,
                               unsigned number, uint32_t answers)
{
    struct text_result r;
    uint32_t ms = FIRST_MS / 2;
    do {
        ms *= 2;
        uint64_t patience = sync_set_patience(ms * (uint64_t)clock_tsc_khz());
        answer_to = sync_count() + answers;
        r = fn(arg);
        sync_set_patience(patience);
    } while (r.reason == TEXT_STUCK && (answers || r.cpus != 1u << number) &&
             ms < LAST_MS);
    return r;
}
