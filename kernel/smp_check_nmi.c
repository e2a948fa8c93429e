// SPDX-License-Identifier: MIT
// Suite `smp`: the interrupts that nothing stops.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/smp_check.h"
#include "smc/door/sync.h"

enum { NMIS = 200, NESTED = 4, PATIENCE_US = 5000000 };

// NMIs: each that is sent runs the hook, and none more than once.
static volatile uint32_t hooked, depth, deepest;

static void count_nmi(struct trap_frame *frame)
{
    (void)frame;
    hooked++;
}

enum check_result smp_check_nmi(void)
{
    unsigned to = smp_last();
    if (!lapic_is_there()) {
        judged("no APIC to send one");
        return CHECK_SKIP;
    }
    uint32_t before = cpu_local_of(to)->nmis, lost = 0;
    hooked = 0;
    nmi_set_hook(count_nmi);
    for (uint32_t i = 1; i <= NMIS; i++) {
        cpu_send_nmi(to);
        lost += !smp_await(&hooked, i);
    }
    nmi_set_hook(NULL);
    judged("%u sent to CPU %u, %u ran, %u lost", NMIS, to, hooked, lost);
    return verdict(!lost && hooked == NMIS &&
                   cpu_local_of(to)->nmis - before == NMIS);
}

// Sends the next one from inside, and lets it in by an IRET, as a breakpoint
// in the handler would.
static void nest(struct trap_frame *frame)
{
    (void)frame;
    if (++depth > deepest)
        deepest = depth;
    if (depth < NESTED) {
        uint32_t reached = depth;
        cpu_send_nmi(cpu_index());
        for (int i = 0; i < 1000000 && deepest == reached; i++)
            sync_core();
    }
    depth--;
    hooked++;
}

static void begin_nest(void *arg)
{
    (void)arg;
    cpu_send_nmi(cpu_index());
    smp_await(&hooked, NESTED);
}

enum check_result smp_check_nmi_nested(void)
{
    if (!lapic_is_there()) {
        judged("no APIC to send one");
        return CHECK_SKIP;
    }
    hooked = depth = deepest = 0;
    nmi_set_hook(nest);
    kthread_join(kthread_start("nmi", begin_nest, NULL, (int)smp_last()));
    nmi_set_hook(NULL);
    judged("%u deep on CPU %u, all returned: %u", deepest, smp_last(), hooked);
    return verdict(deepest == NESTED && hooked == NESTED && !depth);
}

// Not by cpu_send_nmi: nobody here has asked for this one.
enum check_result smp_check_nmi_unasked(void)
{
    struct cpu_local *me = cpu_local();
    uint32_t before = me->nmis_unasked;
    if (!lapic_is_there()) {
        judged("no APIC to send one");
        return CHECK_SKIP;
    }
    lapic_send_nmi(me->apic_id);
    for (int i = 0; i < 1000000 && me->nmis_unasked == before; i++)
        cpu_relax();
    judged("%u counted; the log has a line", me->nmis_unasked - before);
    return verdict(me->nmis_unasked == before + 1);
}

static bool await_nmis(const struct cpu_local *to, uint32_t wanted)
{
    uint64_t start = clock_us();
    while (to->nmis < wanted && clock_us() - start < PATIENCE_US)
        cpu_relax();
    return to->nmis == wanted;
}

// One that was sent in time may arrive when the CPU has left. It is counted;
// the hook, which may run patched code, is not called: no poke waits for a CPU
// that is offline.
enum check_result smp_check_nmi_offline(void)
{
    unsigned last = smp_last();
    const struct cpu_local *to = cpu_local_of(last);
    if (!smp_needs_two())
        return CHECK_SKIP;
    uint32_t before = to->nmis;
    hooked = 0;
    const char *fault = cpu_take_down(last);
    nmi_set_hook(count_nmi);
    cpu_send_nmi(last);
    bool arrived = await_nmis(to, before + 1);
    uint32_t offline = hooked;
    fault = fault ? fault : cpu_bring_up(last);
    cpu_send_nmi(last);
    arrived &= await_nmis(to, before + 2) && smp_await(&hooked, offline + 1);
    nmi_set_hook(NULL);
    judged("CPU %u offline: the hook ran %u times; online: %u; %s", last,
           offline, hooked - offline, fault ? fault : "each has arrived");
    return verdict(arrived && !fault && !offline && hooked == 1);
}
