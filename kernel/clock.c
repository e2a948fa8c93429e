// SPDX-License-Identifier: MIT
// Channel 0 of the 8254 ticks; channel 2, whose gate and output are in port
// 0x61, times the TSC. [Intel 8254 data sheet]
//
//   channel 2   ffff ... first ...... last ...    counts down at 1.19 MHz
//   TSC                  begin        end         counts up
//                        `-- at least 5 ms --'
//
// Polled, so that it works before interrupts are on.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/irq_stats.h"
#include "kernel/printf.h"
#include "kernel/smp_start.h"
#include "smc/patch/once/once.h"

enum {
    PIT_HZ = 1193182, // the input of all three channels
    PIT_CHANNEL_0 = 0x40,
    PIT_CHANNEL_2 = 0x42,
    PIT_COMMAND = 0x43,
    PORT_B = 0x61,
    PORT_B_GATE2 = 0x01,   // channel 2 counts only while this is set
    PORT_B_SPEAKER = 0x02, // OUT2 goes to the loudspeaker
    LATCH_CHANNEL_2 = 0x80,
    MODE_0_CHANNEL_2 = 0xb0, // output rises when the count is done
    MODE_2_CHANNEL_0 = 0x34, // rate generator
    WINDOW_COUNTS = 5965,    // 5 ms; 16 bits end at 54 ms
    MOST_WINDOWS = 24,
    PATIENCE = 200000, // reads of the count
};

static volatile uint32_t ticks;
static uint32_t tsc_khz;
// The counter at clock_mark_start. It counts from reset, not from our start.
static uint64_t start_tsc;
// Read by the tick: a pointer is replaced in one store.
static trap_handler *hook;

static void tick(struct trap_frame *frame)
{
    ticks++;
    irq_seen(0);
    if (hook)
        hook(frame);
    smp_clock_tick();
}

// Low byte, then high byte: the command says so. In mode 0 the count begins
// with the second one. [Intel 8254 data sheet]
static void pit_start(uint8_t command, uint16_t port, uint16_t count)
{
    outb(PIT_COMMAND, command);
    outb(port, (uint8_t)count);
    outb(port, (uint8_t)(count >> 8));
}

// The count of channel 2. The latch holds both bytes still while we read.
static uint16_t pit_count(void)
{
    outb(PIT_COMMAND, LATCH_CHANNEL_2);
    uint16_t low = inb(PIT_CHANNEL_2);
    return (uint16_t)(low | inb(PIT_CHANNEL_2) << 8);
}

// TSC ticks per second, by one window of at least WINDOW_COUNTS; 0 if the PIT
// does not count. Both clocks are read side by side at each end, so it
// does not matter how late we notice that the window is over: a busy host may
// stop us for several milliseconds.
static uint64_t measure_window(void)
{
    pit_start(MODE_0_CHANNEL_2, PIT_CHANNEL_2, 0xffff);
    uint16_t first = pit_count(), counts = 0;
    uint64_t begin = rdtsc(), end = begin;
    for (uint32_t patience = PATIENCE; counts < WINDOW_COUNTS; patience--) {
        if (!patience)
            return 0;
        counts = (uint16_t)(first - pit_count());
        end = rdtsc();
    }
    return u64_div((end - begin) * PIT_HZ, counts);
}

// Do two windows differ by less than one part in 64?
static bool agree(uint64_t a, uint64_t b)
{
    uint64_t difference = a < b ? b - a : a - b;
    return difference < (a < b ? a : b) >> 6;
}

// The rate that two windows agree on. Only a disturbance between the two reads
// at an end of a window can spoil it, and hardly twice by the same amount.
static uint32_t measure_tsc_khz(void)
{
    uint8_t old = inb(PORT_B);
    // Gate open, loudspeaker off: the count would be heard.
    outb(PORT_B, (uint8_t)((old & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    uint64_t best = measure_window();
    // A 0 (no PIT) ends the loop and is the answer.
    for (int i = 1; i < MOST_WINDOWS && best; i++) {
        uint64_t rate = measure_window();
        bool sure = agree(rate, best);
        best = rate < best ? rate : best;
        if (sure)
            break;
    }
    outb(PORT_B, old);
    return (uint32_t)u64_div(best, 1000);
}

void clock_init(void)
{
    ONCE (clock_calibration) {
        tsc_khz = measure_tsc_khz();
    }
    pit_start(MODE_2_CHANNEL_0, PIT_CHANNEL_0, PIT_HZ / CLOCK_HZ);
    irq_enable(0, tick);
}

uint32_t clock_ticks(void)
{
    return ticks;
}

uint32_t clock_tsc_khz(void)
{
    return tsc_khz;
}

void clock_mark_start(void)
{
    start_tsc = rdtsc();
}

uint64_t clock_us_at(uint64_t tsc)
{
    // Without a rate, or for a value from before the start. The product below
    // overflows after 2^64 / 1000 counter ticks: 71 days at 3 GHz.
    if (!tsc_khz || tsc < start_tsc)
        return (uint64_t)ticks * (1000000 / CLOCK_HZ);
    return u64_div((tsc - start_tsc) * 1000, tsc_khz);
}

uint64_t clock_us(void)
{
    return clock_us_at(rdtsc());
}

void clock_set_hook(trap_handler *fn)
{
    hook = fn;
}
