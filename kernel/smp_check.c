// SPDX-License-Identifier: MIT
// Suite `smp`: many processors. Here: who is who, and how they reach each
// other. What needs a second CPU is skipped where there is none.
#include "kernel/smp_check.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/spinlock.h"
#include "smc/door/sync.h"

enum { PATIENCE_US = 5000000, LOCKED_ROUNDS = 30 };

unsigned smp_on_each(void (*fn)(void *number))
{
    static uint32_t numbers[CPU_MAX];
    struct kthread *threads[CPU_MAX] = {0};
    unsigned count = 0;

    // CPU 0 last: there the new thread may take over before this one goes on.
    for (unsigned i = CPU_MAX; i-- > 0;) {
        numbers[i] = i;
        if (cpu_is_online(i))
            threads[i] = kthread_start("check", fn, &numbers[i], (int)i);
    }
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (threads[i]) {
            kthread_join(threads[i]);
            count++;
        }
    return count;
}

bool smp_needs_two(void)
{
    bool alone = cpus_online() == 1;
    if (alone)
        judged("one CPU");
    return !alone;
}

bool smp_await(const volatile uint32_t *count, uint32_t wanted)
{
    uint64_t start = clock_us();
    while (*count < wanted && clock_us() - start < PATIENCE_US)
        cpu_relax();
    return *count >= wanted;
}

unsigned smp_last(void)
{
    unsigned last = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpu_is_online(i))
            last = i;
    return last;
}

unsigned smp_count_online(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        count += cpu_is_online(i);
    return count;
}

// What a CPU says of itself, by two ways that have nothing in common.
struct who {
    uint32_t index, by_table, apic_id;
};

static void ask_who(void *arg)
{
    struct who *who = arg;
    who->index = cpu_index();
    who->by_table = cpu_index_by_table();
    who->apic_id = lapic_id();
}

static enum check_result check_index(void)
{
    uint32_t right = 0, all = 0;
    for (unsigned i = 0; i < CPU_MAX; i++) {
        struct who who = {CPU_MAX, CPU_MAX, CPU_MAX};
        if (!cpu_call(i, ask_who, &who))
            continue;
        all++;
        right += who.index == i && who.by_table == i &&
                 who.apic_id == cpu_local_of(i)->apic_id;
    }
    judged("%u of %u CPUs: task register, table and APIC agree", right, all);
    return verdict(right == all && all == cpus_present());
}

static bool call_absent(void)
{
    struct who who;
    return cpu_call(CPU_MAX, ask_who, &who) ||
           cpu_call(CPU_MAX - 1, ask_who, &who) != cpu_is_online(CPU_MAX - 1);
}

static enum check_result check_call_absent(void)
{
    judged("number %u is refused", CPU_MAX);
    return verdict(!call_absent());
}

// Below the kernel nothing is mapped there: the first mapping also makes a
// root entry, of which the other CPUs keep a copy that says "nothing". QEMU
// keeps none and cannot show that; in Bochs the read is a page fault if they
// are not told.
#define PROBE_AT 0x50000000u

static void read_probe(void *arg)
{
    *(uint32_t *)arg = *(const volatile uint32_t *)PROBE_AT;
}

// How many CPUs read this value there.
static uint32_t readers(uint32_t value)
{
    uint32_t right = 0;
    for (unsigned i = 0; i < CPU_MAX; i++) {
        uint32_t seen = 0;
        right += cpu_call(i, read_probe, &seen) && seen == value;
    }
    return right;
}

// Each CPU reads by the first mapping and so remembers it; then the page
// behind it is another one.
static enum check_result check_shootdown(void)
{
    uint32_t *first = pages_alloc(1), *second = pages_alloc(1);
    *first = 0x11111111;
    *second = 0x22222222;
    paging_map(PROBE_AT, phys_of(first), 1, PAGE_READ);
    uint32_t before = readers(*first);
    paging_map(PROBE_AT, phys_of(second), 1, PAGE_READ);
    uint32_t after = readers(*second);
    paging_release(PROBE_AT, 1);
    pages_free(first, 1);
    pages_free(second, 1);
    judged("%u CPUs read the old page, then %u the new one", before, after);
    return verdict(before == cpus_present() && after == before);
}

// CPU 0 holds the lock and waits for all others to answer; the others want the
// lock, with interrupts off. Without answers in the loop of spin_wait neither
// would go on.
static struct spinlock contended;
static volatile uint32_t wanting, entries;

static void hold_and_ask(void)
{
    bool on = spin_lock(&contended);
    // The others are in spin_wait now, or about to be.
    smp_await(&wanting, smp_count_online() - 1);
    for (int i = 0; i < LOCKED_ROUNDS; i++) {
        tlb_flush_others();
        sync_all();
    }
    entries++;
    spin_unlock(&contended, on);
}

static void want(void)
{
    interrupts_off();
    while (!contended.taken)
        cpus_answer();
    __atomic_add_fetch(&wanting, 1, __ATOMIC_SEQ_CST);
    spin_lock(&contended);
    entries++;
    spin_unlock(&contended, true);
}

static void lock_and_ask(void *number)
{
    if (*(uint32_t *)number == 0)
        hold_and_ask();
    else
        want();
}

static enum check_result check_lock_and_ask(void)
{
    if (!smp_needs_two())
        return CHECK_SKIP;
    uint32_t waits = spin_waits;
    wanting = entries = 0;
    unsigned count = smp_on_each(lock_and_ask);
    judged("%u CPUs, %u of them had to wait; %u were asked, %u times each",
           entries, spin_waits - waits, wanting, 2 * LOCKED_ROUNDS);
    return verdict(entries == count && spin_waits - waits >= count - 1);
}

static const struct check smp_checks[] = {
    {"the MADT is judged", smp_check_madt},
    {"the MP table is judged", smp_check_mp},
    {"the machine's own tables list what runs", smp_check_table_found},
    {"every CPU knows its number", check_index},
    {"no call to a CPU that is not there", check_call_absent},
    {"a changed mapping is forgotten everywhere", check_shootdown},
    {"who waits for a lock answers", check_lock_and_ask},
    {"NMIs arrive, each once", smp_check_nmi},
    {"an NMI inside an NMI", smp_check_nmi_nested},
    {"an NMI nobody asked for is counted", smp_check_nmi_unasked},
    {"an NMI to a CPU that has left", smp_check_nmi_offline},
    {"CPUs run at the same time", smp_check_parallel},
    {"a counter under a spinlock is exact", smp_check_spinlock},
    {"a thread that does not yield is preempted", smp_check_preemption},
    {"preempt_off keeps the CPU", smp_check_preempt_off},
    {"a thread goes on where there is room", smp_check_migration},
    {"threads leave nothing behind", smp_check_join},
    {"every thread catches its own faults", smp_check_trap_try},
    {"a fault ends no other thread's block", smp_check_once_apart},
    {"a pinned thread keeps its CPU", smp_check_pinned},
    {"offline and online again, under load", smp_check_hotplug},
    {"who is given up does not come later", smp_check_late},
};
CHECK_SUITE(smp, smp_checks);
