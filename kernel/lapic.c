// SPDX-License-Identifier: MIT
// Registers of 32 bits, 16 bytes apart, in one page that every CPU sees at the
// same address and that shows each its own. [SDM3 10.4.1]
//
//   020 number    080 task priority   0b0 end of interrupt   0f0 spurious
//   100 in service, one bit for a vector, 32 in each of 8 registers
//   300 command, low   310 high: to whom
//   320 timer   350 LINT0   360 LINT1   380 first count   390 count   3e0 by
//
// The way to another CPU (the command register, one word each):
//
//    31    24       high    19 18  15 14  12  11  10 8  7      0   low
//   | number |  ...        | who | trig, lvl | idle | mode | vector |
//
// All of this runs in the middle of a patch when CPUs are asked to serialise,
// so it lies in the part of text that is never patched.
#include "kernel/lapic.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/smp.h"

enum {
    ID = 0x020,
    TASK_PRIORITY = 0x080,
    END_OF_INTERRUPT = 0x0b0,
    SPURIOUS = 0x0f0,
    IN_SERVICE = 0x100,
    COMMAND = 0x300,
    COMMAND_TO = 0x310,
    TIMER = 0x320,
    LINT0 = 0x350,
    LINT1 = 0x360,
    FIRST_COUNT = 0x380,
    COUNT = 0x390,
    DIVIDE = 0x3e0,
};

enum {
    MODE_FIXED = 0 << 8,
    MODE_NMI = 4 << 8,
    MODE_INIT = 5 << 8,
    MODE_START = 6 << 8,
    MODE_EXTERNAL = 7 << 8, // the vector comes from the PIC
    BUSY = 1 << 12,         // the last command is not delivered yet
    LEVEL_ASSERT = 1 << 14,
    MASKED = 1 << 16,
    PERIODIC = 1 << 17,
    SOFTWARE_ENABLE = 1 << 8,
    BY_16 = 3,
    PRIORITY_ALL = 0xff, // nothing is more urgent
    CPUID_APIC = 1 << 9,
    MSR_APIC_BASE = 0x1b,
    BASE_ENABLED = 1 << 11,
    BASE_X2APIC = 1 << 10,
    PATIENCE = 1000000, // reads of BUSY; real ones take some hundred ns
    WINDOW_US = 2000,
    WINDOW_TICKS = 2,
};

static volatile uint32_t *registers; // NULL without an APIC
static uint32_t counts_per_ms;       // of the timer, divided by 16

static uint32_t get(unsigned at)
{
    return registers[at / 4];
}

static void set(unsigned at, uint32_t value)
{
    registers[at / 4] = value;
}

const char *lapic_init(void)
{
    if (!(cpu.edx1 & CPUID_APIC))
        return "the processor has no local APIC";
    uint64_t base = rdmsr(MSR_APIC_BASE);
    if (!(base & BASE_ENABLED))
        return "the local APIC is turned off";
    if (base & BASE_X2APIC)
        return "the local APIC is in x2APIC mode";
    registers = paging_map_device(base & 0xffffff000, PAGE_SIZE,
                                  PAGE_WRITE | PAGE_UNCACHED);
    return registers ? NULL : "no room to map the local APIC";
}

void lapic_enable(void)
{
    if (!registers)
        return;
    set(TASK_PRIORITY, 0);
    set(DIVIDE, BY_16);
    set(TIMER, MASKED | VECTOR_TIMER);
    set(LINT0, cpu_index() ? MASKED : MODE_EXTERNAL);
    set(LINT1, cpu_index() ? MASKED : MODE_NMI);
    set(SPURIOUS, SOFTWARE_ENABLE | VECTOR_SPURIOUS);
}

bool lapic_is_there(void)
{
    return registers != NULL;
}

uint8_t lapic_id(void)
{
    return registers ? (uint8_t)(get(ID) >> 24) : 0;
}

// The high word first: writing the low one sends. A handler in between would
// send its own command, and ours would go to its CPU.
static void command(uint8_t apic_id, uint32_t what)
{
    if (!registers)
        return;
    bool on = interrupts_off();
    for (int i = 0; i < PATIENCE && (get(COMMAND) & BUSY); i++)
        cpu_relax();
    set(COMMAND_TO, (uint32_t)apic_id << 24);
    set(COMMAND, what | LEVEL_ASSERT);
    interrupts_restore(on);
}

void lapic_send(uint8_t apic_id, uint8_t vector)
{
    command(apic_id, MODE_FIXED | vector);
}

void lapic_send_nmi(uint8_t apic_id)
{
    command(apic_id, MODE_NMI);
}

void lapic_send_init(uint8_t apic_id)
{
    command(apic_id, MODE_INIT);
}

void lapic_send_start(uint8_t apic_id, uint8_t page)
{
    command(apic_id, MODE_START | page);
}

bool lapic_in_service(uint8_t vector)
{
    return registers && get(IN_SERVICE + vector / 32 * 16u) >> vector % 32 & 1;
}

void lapic_end_of_interrupt(void)
{
    if (registers)
        set(END_OF_INTERRUPT, 0);
}

// Both clocks are read side by side at each end, so it does not matter how
// late the end is noticed.
static uint32_t measure_by_tsc(uint32_t khz)
{
    uint64_t begin = rdtsc(), ticks;
    uint64_t window = u64_div((uint64_t)khz * WINDOW_US, 1000);
    uint32_t first = get(COUNT), counts;
    do {
        counts = first - get(COUNT);
        ticks = rdtsc() - begin;
    } while (ticks < window);
    // A window is some milliseconds: its ticks fit in 32 bits.
    return (uint32_t)u64_div((uint64_t)counts * khz, (uint32_t)ticks);
}

// From tick to tick of the clock, where the TSC has no known rate.
static uint32_t measure_by_clock(void)
{
    uint32_t tick = clock_ticks();
    while (clock_ticks() == tick)
        cpu_relax();
    uint32_t first = get(COUNT);
    tick = clock_ticks();
    while (clock_ticks() - tick < WINDOW_TICKS)
        cpu_relax();
    return (first - get(COUNT)) / (WINDOW_TICKS * 1000 / CLOCK_HZ);
}

void lapic_calibrate(void)
{
    uint32_t khz = clock_tsc_khz();
    if (!registers)
        return;
    set(FIRST_COUNT, 0xffffffff);
    counts_per_ms = khz ? measure_by_tsc(khz) : measure_by_clock();
    set(FIRST_COUNT, 0);
}

void lapic_set_timer(uint32_t hz)
{
    if (!registers)
        return;
    uint32_t counts = hz ? counts_per_ms * 1000 / hz : 0;
    set(TIMER, (counts ? PERIODIC : MASKED) | VECTOR_TIMER);
    set(FIRST_COUNT, counts);
}

void lapic_shut(void)
{
    if (registers)
        set(TASK_PRIORITY, PRIORITY_ALL);
}

void lapic_open(void)
{
    if (registers)
        set(TASK_PRIORITY, 0);
}
