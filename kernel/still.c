// SPDX-License-Identifier: MIT
// Stopping all CPUs.
//
// An interrupt takes each other CPU out of whatever it does, and its handler
// does nothing but answer until it may go on. Who has interrupts off is in a
// short section, with a lock for example, and comes when that is over; so
// nobody who stands still holds a lock. Linux's stop_machine uses threads for
// this; here a thread could wait for its turn behind busy ones.
//
//   CPU 0                                CPU 1..n
//     looking := n, interrupt them ---->  note the interrupted registers, n
//     wait for all     <----------------  are here
//     interrupts off                      |
//     read all stacks, call fn            | answering
//     interrupts on                       |
//     looking := 0 -------------------->  return from the interrupt
//
// Each look has a number of its own. A CPU that answers when its look is over
// may stand in the handler, on its way out, while the next one begins: it must
// not count for that.
#include "kernel/still.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/still_inside.h"
#include "kernel/symbols.h"

// The look for which a CPU stands still, 0 for none, and what it was doing.
static struct {
    volatile uint32_t look;
    const struct trap_frame *frame;
} stopped[CPU_MAX];

// The look that is under way, 0 for none; and how many there have been.
static volatile uint32_t looking;
static uint32_t looks_taken;

// While fn is called: nobody else is there to see it change.
static bool calling;

bool still_is_on(void)
{
    return calling;
}

// Asked once: the next look may begin at any moment, and asks again.
static void on_still(struct trap_frame *frame)
{
    unsigned me = cpu_index();
    uint32_t look = looking;
    stopped[me].frame = frame;
    __atomic_store_n(&stopped[me].look, look, __ATOMIC_RELEASE);
    while (look && looking == look) {
        cpus_answer();
        cpu_relax();
    }
    stopped[me].look = 0;
}

static bool is_other(unsigned i)
{
    return i != cpu_index() && cpu_is_online(i);
}

static bool all_stopped(void)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (is_other(i) && stopped[i].look != looking)
            return false;
    return true;
}

static bool stop_others(uint64_t until)
{
    trap_set_handler(VECTOR_STILL, on_still);
    if (!++looks_taken)
        ++looks_taken; // 0 is none
    __atomic_store_n(&looking, looks_taken, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (is_other(i))
            cpu_send_ipi(i, VECTOR_STILL);
    while (!all_stopped() && clock_us() < until)
        cpu_relax();
    return all_stopped();
}

// Waits until those that have answered are gone, so that they run on before
// the next look: asked again on their way out, a thread would be found at the
// same instruction for ever. One that is late is not waited for.
static void let_go(void)
{
    uint32_t look = looking;
    __atomic_store_n(&looking, 0, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < CPU_MAX; i++)
        while (stopped[i].look == look)
            cpu_relax();
}

static void look_at_all(struct look *look)
{
    kthread_each(look_at_waiting, look);
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (is_other(i))
            look_at_stopped(look, cpu_local_of(i)->current, stopped[i].frame);
    look_at_frames(look, kthread_current(),
                   (uint32_t)__builtin_frame_address(0));
}

// One look. The thread that asks stays on its CPU meanwhile.
static bool look_once(struct look *look, void (*fn)(void *), void *arg,
                      uint64_t until)
{
    look->found = false;
    preempt_off();
    bool all = stop_others(until);
    bool on = interrupts_off();
    if (all)
        look_at_all(look);
    else if (!*look->why) // who was named before says more
        ksnprintf(look->why, look->size, "a CPU does not stop");
    bool done = all && !look->found;
    if (done) {
        *look->why = '\0'; // who was in the way is no more
        calling = true;
        fn(arg);
        calling = false;
    }
    interrupts_restore(on);
    let_go();
    preempt_on();
    return done;
}

bool still_call(const struct still_range *ranges, uint32_t count,
                void (*fn)(void *arg), void *arg, uint32_t limit_us,
                uint32_t *looks, char *why, size_t size)
{
    struct look look = {
        .ranges = ranges, .count = count, .why = why, .size = size};
    uint64_t until = clock_us() + limit_us;
    bool done;
    symbol_range(symbol_find("trap_common"), &look.traps, &look.traps_size);
    cpus_hold(); // nobody comes online with a thread in the middle
    do {
        done = look_once(&look, fn, arg, until);
        *looks += !done;
        if (!done && !kthread_yield())
            wait_for_interrupt();
    } while (!done && clock_us() < until);
    cpus_release();
    return done;
}
