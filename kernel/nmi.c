// SPDX-License-Identifier: MIT
// NMIs: the one interrupt that CLI does not stop. Used to stop CPUs that may
// not listen any more, and by tests as the hardest moment to interrupt.
//
// A second NMI waits until an IRET, any IRET: that of a breakpoint inside the
// handler lets it in, in the middle of the first. So the handler is written to
// be interrupted by itself: it counts by locked instructions and keeps nothing
// in one place. [SDM3 6.7.1]
//
// One that nobody here has sent comes from the outside (memory, a watchdog, a
// debugger's button). Nothing is known to be broken, so the machine goes on,
// but says so.
#include "kernel/nmi.h"
#include "kernel/clock.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/lapic.h"
#include "kernel/log.h"
#include "kernel/smp.h"
#include "kernel/trap.h"

enum {
    VECTOR_NMI = 2,
    STOP_MS = 200, // a busy host may stop a CPU for a while
};

static void (*volatile hook)(struct trap_frame *);
static volatile bool stopping; // all CPUs but one, for good
static uint32_t told;          // of the unasked, by nmi_report

void nmi_set_hook(void (*fn)(struct trap_frame *))
{
    hook = fn;
}

// While one is on its way no second is sent: the CPU would make one of two,
// or would not, and nobody could tell a late one from one of the outside.
void cpu_send_nmi(unsigned number)
{
    struct cpu_local *to = cpu_local_of(number);
    if (!__atomic_exchange_n(&to->nmi_sent, true, __ATOMIC_SEQ_CST))
        lapic_send_nmi(to->apic_id);
}

static bool was_asked(struct cpu_local *me)
{
    return __atomic_exchange_n(&me->nmi_sent, false, __ATOMIC_SEQ_CST);
}

static _Noreturn void stop(struct cpu_local *me, struct trap_frame *frame)
{
    me->stop_eip = frame->eip;
    me->stop_ebp = frame->ebp;
    me->stopped = true;
    for (;;)
        __asm__ volatile("cli; hlt");
}

// One that was sent in time may come when the CPU has already left. It is
// counted; but no poke waits for such a CPU, so nothing that may be patched
// runs there.
static void on_nmi(struct trap_frame *frame)
{
    struct cpu_local *me = cpu_local();
    void (*fn)(struct trap_frame *) = hook;

    __atomic_add_fetch(&me->nmis, 1, __ATOMIC_RELAXED);
    if (stopping)
        stop(me, frame);
    if (!was_asked(me))
        __atomic_add_fetch(&me->nmis_unasked, 1, __ATOMIC_RELAXED);
    else if (fn && me->state == CPU_ONLINE)
        fn(frame);
}

void nmi_init(void)
{
    trap_set_handler(VECTOR_NMI, on_nmi);
}

// Sent past nmi_sent: a CPU that is slow to answer gets a second one.
uint32_t cpus_stop(void)
{
    uint32_t others = cpus_online() & ~(1u << cpu_index()), stopped = 0;
    uint64_t start = rdtsc(), ticks = (uint64_t)clock_tsc_khz() * STOP_MS;

    stopping = true;
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (others >> i & 1)
            lapic_send_nmi(cpu_local_of(i)->apic_id);
    while (stopped != others && rdtsc() - start < ticks)
        for (unsigned i = 0; i < CPU_MAX; i++)
            stopped |= (uint32_t)cpu_local_of(i)->stopped << i;
    return stopped;
}

// The handler cannot print: it may have interrupted the console. The next tick
// can; it waits until no line is half printed, which at a prompt is the next
// command's output.
void nmi_report(void)
{
    uint32_t all = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        all += cpu_local_of(i)->nmis_unasked;
    if (all == told || console_in_line())
        return;
    told = all;
    log_print("an NMI that nobody has asked for; %u since boot\n", all);
}
