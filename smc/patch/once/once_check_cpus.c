// SPDX-License-Identifier: MIT
// Suite `once_cpus`: many threads race for one block. On a machine with one
// CPU the timer makes the race; with more it is one of processors.
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lab.h"
#include "kernel/smp.h"
#include "smc/door/text.h"
#include "smc/patch/once/once_subject.h"

enum { ROUNDS = 20 };

static volatile uint32_t waiting, let_go, passed;
static volatile uint32_t runs;
static volatile bool slow; // the block takes its time

static __attribute__((noinline)) void race_for_it(void)
{
    ONCE (lab_race) {
        __atomic_add_fetch(&runs, 1, __ATOMIC_SEQ_CST);
        for (volatile int i = 0; slow && i < 1000; i++)
            ;
    }
    __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
}

// All wait for one word, so that they arrive together, round after round.
static void racer(void *arg)
{
    (void)arg;
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
        while (let_go != round)
            kthread_yield();
        for (int i = 0; i < 20; i++)
            race_for_it();
    }
}

static void wait_for(const volatile uint32_t *count, uint32_t wanted)
{
    while (*count != wanted)
        kthread_yield();
}

// One thread more than there are CPUs, so that one is preempted at times.
// Armed anew between two rounds: the jump is poked back while nobody knows
// whether somebody still looks at it.
static enum check_result check_race(void)
{
    struct kthread *threads[CPU_MAX + 1];
    const struct once_site *s = once_site_of("lab_race");
    uint32_t count = cpus_present() + 1, twice = 0, never = 0, patched = 0;
    waiting = let_go = passed = 0;
    for (uint32_t i = 0; i < count; i++)
        threads[i] = kthread_start("racer", racer, NULL, KTHREAD_ANY);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        wait_for(&waiting, count * round);
        if (s->once->state != ONCE_ARMED)
            once_rearm(s->once);
        runs = 0;
        slow = round & 1;
        let_go = round;
        wait_for(&passed, count * 20 * round);
        twice += runs > 1;
        never += runs == 0;
        patched += once_is_patched(s->once);
    }
    for (uint32_t i = 0; i < count; i++)
        kthread_join(threads[i]);
    judged("%u rounds of %u threads: %u ran it twice, %u never, %u sites were "
           "NOPs afterwards",
           ROUNDS, count, twice, never, patched);
    return verdict(!twice && !never && patched == ROUNDS);
}

// Other CPUs online, and interrupts off: the poke is put off, and the next
// pass with interrupts on makes it. Alone the patch is a plain write, at once.
static enum check_result check_put_off(void)
{
    const struct once_site *s = once_subject_fresh();
    bool on = interrupts_off();
    once_subject(NULL);
    bool at_once = once_is_patched(s->once);
    once_subject(NULL);
    interrupts_restore(on);
    bool still = once_is_patched(s->once);
    once_subject(NULL);
    judged(
        "with interrupts off: %s; a pass with interrupts on: patched; %u run",
        at_once ? "patched" : "put off", once_runs);
    return verdict(at_once == cpus_alone() && still == at_once &&
                   once_is_patched(s->once) && once_runs == 1);
}

static const struct check checks[] = {
    {"one of many that race runs the block", check_race},
    {"a patch that must wait is made later", check_put_off},
};
CHECK_SUITE(once_cpus, checks);
