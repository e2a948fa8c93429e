// SPDX-License-Identifier: MIT
// How CPUs come and go.
//
//   CPU 0                             CPU n
//   INIT  ------------------------->  a reset; waits for a start message
//   10 ms; meanwhile the trampoline is copied
//   patches n's words
//   STARTING
//   start message, page number  --->  trampoline, cpu_entry
//   waits for ONLINE  <-------------  STARTING -> ONLINE, its idle thread
//   patches the next one's words
//
// INIT goes to all at once, so that the 10 ms are waited for once. A start
// message that was missed is sent again, as Intel asks for. [SDM3 8.4.4.1]
//
// Who waits too long takes STARTING back. One exchange decides: either the CPU
// is online, and that is no failure, or it finds itself OFFLINE and stops.
// Then it gets an INIT, before the words in the trampoline are another's: two
// CPUs on one stack would be the first symptom.
#include "kernel/smp_start.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/log.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "smc/patch/alternative/lock.h"
#include "smc/patch/alternative/popcount.h"
#include "smc/patch/aptrampoline/aptrampoline.h"

enum {
    INIT_US = 10000,
    AGAIN_US = 2000, // a start message was lost if this much is not enough
};

static uint32_t timer_hz = TIMER_HZ, patience = SMP_PATIENCE_US, dawdle;

static void wait_us(uint32_t us)
{
    uint64_t start = clock_us();
    while (clock_us() - start < us)
        cpu_relax();
}

static bool came_online(unsigned number, uint32_t us)
{
    uint64_t start = clock_us();
    while (!cpu_is_online(number) && clock_us() - start < us) {
        cpus_answer();
        cpu_relax();
    }
    return cpu_is_online(number);
}

static bool change(volatile uint8_t *state, uint8_t from, uint8_t to)
{
    return __atomic_compare_exchange_n(state, &from, to, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

// NULL if it has come after all, in the last moment. A CPU that begins after
// the INIT, as an emulator may let it, finds the trampoline shut. One that is
// in there already needs the mapping until the INIT stops it: without, it
// would find no page behind the instruction that turns paging on, and reset
// the machine.
static const char *give_up(struct cpu_local *to)
{
    if (!change(&to->state, CPU_STARTING, CPU_OFFLINE))
        return NULL;
    aptrampoline_shut();
    lapic_send_init(to->apic_id);
    wait_us(INIT_US);
    aptrampoline_close();
    return "it does not answer";
}

static const char *aim(unsigned number)
{
    const struct cpu_local *to = cpu_local_of(number);
    const char *fault = aptrampoline_is_open() ? NULL : aptrampoline_open();
    return fault ? fault
                 : aptrampoline_aim(number, kthread_stack_top(to->idle));
}

static const char *start_one(unsigned number)
{
    struct cpu_local *to = cpu_local_of(number);
    const char *fault = aim(number);

    if (fault)
        return fault;
    to->leaving = to->resched = false;
    to->irq_depth = 0;
    to->call = NULL;
    to->nmi_sent = false;
    to->current = to->idle;
    to->idle->state = KTHREAD_RUNNING;
    to->idle->on = (uint8_t)number;
    to->state = CPU_STARTING;
    lapic_send_start(to->apic_id, aptrampoline_page());
    if (came_online(number, patience < AGAIN_US ? patience : AGAIN_US))
        return NULL;
    lapic_send_start(to->apic_id, aptrampoline_page());
    return came_online(number, patience) ? NULL : give_up(to);
}

static bool prepare(unsigned number)
{
    struct cpu_local *to = cpu_local_of(number);
    if (!to->idle)
        to->idle = kthread_make_idle(number);
    return to->idle && gdt_prepare(number);
}

const char *smp_start(uint32_t mask)
{
    const char *fault = NULL, *open;
    for (unsigned i = 0; i < CPU_MAX; i++)
        if ((mask >> i & 1) && !prepare(i)) {
            fault = "no memory for its stacks";
            mask &= ~(1u << i);
        }
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (mask >> i & 1)
            lapic_send_init(cpu_local_of(i)->apic_id);
    wait_us(INIT_US);
    open = aptrampoline_open();
    if (open)
        return open;
    // While nobody else runs; from here on they mean something.
    if (locks_for(2)) {
        aptrampoline_close();
        return "the door refuses to put the lock prefixes back";
    }
    for (unsigned i = 0; i < CPU_MAX; i++) {
        const char *why = mask >> i & 1 ? start_one(i) : NULL;
        if (why)
            log_print("CPU %u: %s\n", i, why);
        fault = why ? why : fault;
    }
    if (aptrampoline_is_open())
        aptrampoline_close();
    locks_for(popcount32(cpus_online()));
    return fault;
}

const char *cpu_bring_up(unsigned number)
{
    const char *fault = "it is online already";
    if (number >= CPU_MAX || cpu_local_of(number)->state == CPU_ABSENT)
        return "there is no such CPU";
    cpus_hold();
    if (!cpu_is_online(number))
        fault = smp_start(1u << number);
    cpus_release();
    return fault;
}

// Between the last look at `leaving` and OFFLINE a thread could be pinned
// here: hence the lock, which kthread_start holds while it looks.
static bool has_left(struct cpu_local *me)
{
    bool on = spin_lock(&sched_lock);
    bool gone = me->leaving;
    if (gone)
        me->state = CPU_OFFLINE;
    spin_unlock(&sched_lock, on);
    return gone;
}

// From ONLINE on this CPU is sent what concerns all. What has changed in the
// page tables since it loaded CR3, nobody has told it: hence the answer. The
// exchange keeps the order: an ordinary store could become visible after the
// answer has read what is asked, and both sides would miss each other.
// [SDM3 8.2.3.4]
_Noreturn void cpu_entry(unsigned number)
{
    struct cpu_local *me = cpu_local_of(number);

    gdt_enter(number);
    trap_load_table();
    lapic_enable();
    cpu_reset_fpu();
    wait_us(dawdle);
    if (change(&me->state, CPU_STARTING, CPU_ONLINE)) {
        cpus_answer();
        lapic_set_timer(timer_hz);
        do
            kthread_idle();
        while (!has_left(me));
        lapic_set_timer(0);
    }
    // Until INIT. Nobody counts on this CPU, but an NMI ends HLT.
    for (;;)
        __asm__ volatile("cli; hlt");
}

// Looks only at what it can be refused for; who runs there is moved by itself.
static const char *judge_leaving(unsigned number)
{
    static char why[64];
    if (number >= CPU_MAX || cpu_local_of(number)->state == CPU_ABSENT)
        return "there is no such CPU";
    if (number == 0)
        return "it stays: the devices interrupt it";
    if (!cpu_is_online(number))
        return "it is offline already";
    const struct kthread *pinned = kthread_evict(number);
    if (!pinned)
        return NULL;
    ksnprintf(why, sizeof why, "the thread %s is pinned to it", pinned->name);
    return why;
}

// It had its time. Under the lock it has either left or stays for good: one
// that left later, with nobody holding the others, would take a cpu_call with
// it, whose caller waits for ever.
static bool keep_online(unsigned number)
{
    bool on = spin_lock(&sched_lock);
    bool stays = cpu_is_online(number);
    if (stays)
        cpu_local_of(number)->leaving = false;
    spin_unlock(&sched_lock, on);
    return stays;
}

const char *cpu_take_down(unsigned number)
{
    cpus_hold();
    const char *fault = judge_leaving(number);
    if (!fault) {
        uint64_t start = clock_us();
        cpu_send_ipi(number, VECTOR_RESCHEDULE);
        while (cpu_is_online(number) && clock_us() - start < SMP_PATIENCE_US)
            if (!kthread_yield())
                cpu_relax();
        if (keep_online(number))
            fault = "its thread does not let go of it";
    }
    locks_for(popcount32(cpus_online()));
    cpus_release();
    return fault;
}

void smp_set_haste(uint32_t patience_us, uint32_t dawdle_us)
{
    patience = patience_us;
    dawdle = dawdle_us;
}

static void set_timer(void *arg)
{
    (void)arg;
    lapic_set_timer(timer_hz);
}

void smp_set_timer(uint32_t hz)
{
    timer_hz = hz;
    for (unsigned i = 0; i < CPU_MAX; i++)
        cpu_call(i, set_timer, NULL);
}
