// SPDX-License-Identifier: MIT
// Which CPUs there are, and the first start of all of them.
#include "kernel/cpu_table.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/log.h"
#include "kernel/nmi.h"
#include "kernel/smp.h"
#include "kernel/smp_start.h"
#include "smc/patch/alternative/lock.h"

static char found[160] = "1 CPU";
static bool own_timers; // each CPU takes turns by its APIC's timer

const char *smp_found(void)
{
    return found;
}

void smp_clock_tick(void)
{
    nmi_report();
    if (!own_timers)
        kthread_tick();
}

// The CPU that booted is number 0, wherever the table lists it; if it does not
// list it at all, the table is of another machine.
static bool number_cpus(const struct cpu_table *table)
{
    uint8_t me = lapic_id();
    unsigned next = 1;
    bool listed = false;

    for (uint32_t i = 0; i < table->count; i++)
        listed |= table->apic_id[i] == me;
    for (uint32_t i = 0; i < table->count && listed; i++) {
        unsigned n = table->apic_id[i] == me ? 0 : next++;
        struct cpu_local *cpu = cpu_local_of(n);
        cpu->index = (uint8_t)n;
        cpu->apic_id = table->apic_id[i];
        cpu->state = n ? CPU_OFFLINE : CPU_ONLINE;
    }
    return listed;
}

// One CPU, and why.
static void stay_alone(const char *why)
{
    ksnprintf(found, sizeof found, "1 CPU: %s", why);
}

static void describe(const struct cpu_table *table)
{
    int n = ksnprintf(found, sizeof found, "%u CPU%s by the %s", table->count,
                      table->count == 1 ? "" : "s", table->source);
    if (table->lost)
        n += ksnprintf(found + n, sizeof found - (size_t)n,
                       ", %u more than fit", table->lost);
    if (table->disabled)
        ksnprintf(found + n, sizeof found - (size_t)n, ", %u disabled",
                  table->disabled);
}

// What remains undone for one CPU costs nothing at boot: no timer, no table of
// another's, no page below 1 MiB.
static void find_all(void)
{
    struct cpu_table table;
    const char *fault = lapic_init();

    if (fault) {
        stay_alone(fault);
        return;
    }
    lapic_enable();
    cpu_table_read(&table);
    if (table.fault[0])
        log_print("%s\n", table.fault);
    if (!table.source)
        stay_alone(table.fault[0] ? table.fault
                                  : "the firmware lists no processors");
    else if (!number_cpus(&table))
        stay_alone("the firmware's list has not the one that booted");
    else
        describe(&table);
}

void smp_init(void)
{
    nmi_init();
    smp_open_vectors();
    find_all();
    uint32_t others = 0;
    for (unsigned i = 1; i < CPU_MAX; i++)
        others |= (uint32_t)(cpu_local_of(i)->state == CPU_OFFLINE) << i;
    if (others) {
        lapic_calibrate();
        own_timers = true;
        smp_set_timer(TIMER_HZ);
        cpus_hold();
        smp_start(others);
        cpus_release();
    }
    if (cpus_online() == 1)
        locks_for(1);
    log_note("%s\n", found);
}
