// SPDX-License-Identifier: MIT
// TLB shootdown: no CPU remembers a mapping that is gone.
//
// A CPU keeps translations and is not told when tables change. [SDM3 4.10.5]
//
//   who changes a table            each other CPU
//   wanted = wanted + 1
//   interrupt VECTOR_TLB  ------>  now = wanted
//                                  reload CR3: forget everything
//   done[cpu] >= wanted?  <------  done[cpu] = now
//
// All is forgotten, not one page: PAE's four root entries go with CR3 only,
// and changes are rare here. Who waits may hold a lock with interrupts off,
// and so may the other: hence tlb_answer in every loop that waits.
//
// Not for the door's alias: one CPU at a time uses it, and that one does its
// own INVLPG. Linux: arch/x86/mm/tlb.c.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/panic.h"
#include "kernel/smp.h"

enum { PATIENCE_SECONDS = 20 }; // a busy host may stop a CPU for long

static volatile uint32_t wanted;

// The count first: what is flushed after it is read covers all changes that
// were made before that count.
void tlb_answer(void)
{
    bool on = interrupts_off();
    struct cpu_local *me = cpu_local();
    uint32_t now = wanted;
    if (me->tlb_done != now) {
        write_cr3(read_cr3());
        me->tlb_done = now;
    }
    interrupts_restore(on);
}

// Counts wrap; a difference below half of all counts is "not yet".
static bool is_late(unsigned number, uint32_t count)
{
    return cpu_is_online(number) &&
           (int32_t)(cpu_local_of(number)->tlb_done - count) < 0;
}

static void await(unsigned number, uint32_t count)
{
    uint64_t start = clock_us();
    while (is_late(number, count)) {
        cpus_answer();
        cpu_relax();
        if (clock_us() - start > PATIENCE_SECONDS * 1000000ull)
            panic("CPU %u does not flush its TLB", number);
    }
}

// The caller has changed its own tables and done its own INVLPG; the flush of
// everything that it owes itself by the count is harmless.
void tlb_flush_others(void)
{
    if (cpus_alone())
        return;
    bool on = interrupts_off();
    uint32_t count = __atomic_add_fetch(&wanted, 1, __ATOMIC_SEQ_CST);
    cpus_send_ipi_others(VECTOR_TLB);
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (i != cpu_index())
            await(i, count);
    interrupts_restore(on);
}
