// SPDX-License-Identifier: MIT
// Channel 0 of the 8254 ticks; channel 2, whose gate and output are in port
// 0x61, times the TSC. [Intel 8254 data sheet]
//
//   OUT2   ____________________.-----------    mode 0: low while counting
//          ^ count written     ^ 5 ms later
//          rdtsc               rdtsc
//
// Polled, so that it works before interrupts are on.
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/printf.h"
#include "smc/patch/once/once.h"

enum {
    PIT_HZ = 1193182, // the input of all three channels
    PIT_CHANNEL_0 = 0x40,
    PIT_CHANNEL_2 = 0x42,
    PIT_COMMAND = 0x43,
    PORT_B = 0x61,
    PORT_B_GATE2 = 0x01,   // channel 2 counts only while this is set
    PORT_B_SPEAKER = 0x02, // OUT2 goes to the loudspeaker
    PORT_B_OUT2 = 0x20,
    MODE_0_CHANNEL_2 = 0xb0, // output rises when the count is done
    MODE_2_CHANNEL_0 = 0x34, // rate generator
    WINDOW_MS = 5,           // 5965 counts; 16 bits end at 54 ms
    WINDOWS = 3,
    PATIENCE = 20000000, // reads of PORT_B
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
    if (hook)
        hook(frame);
}

// Low byte, then high byte: the command says so. In mode 0 the count begins
// with the second one. [Intel 8254 data sheet]
static void pit_start(uint8_t command, uint16_t port, uint16_t count)
{
    outb(PIT_COMMAND, command);
    outb(port, (uint8_t)count);
    outb(port, (uint8_t)(count >> 8));
}

// TSC ticks in one window of WINDOW_MS, or 0 if the PIT never answers.
static uint64_t measure_window(void)
{
    pit_start(MODE_0_CHANNEL_2, PIT_CHANNEL_2, PIT_HZ / 1000 * WINDOW_MS);
    uint64_t begin = rdtsc();
    for (uint32_t patience = PATIENCE; patience; patience--)
        if (inb(PORT_B) & PORT_B_OUT2)
            return rdtsc() - begin;
    return 0;
}

// The shortest of several windows: whatever disturbs a measurement (a busy
// host, a system management interrupt) makes it longer.
static uint32_t measure_tsc_khz(void)
{
    uint8_t old = inb(PORT_B);
    uint64_t best = UINT64_MAX;
    // Gate open, loudspeaker off: the count would be heard.
    outb(PORT_B, (uint8_t)((old & ~PORT_B_SPEAKER) | PORT_B_GATE2));
    // A 0 (no PIT) ends the loop and is the answer.
    for (int i = 0; i < WINDOWS && best; i++) {
        uint64_t elapsed = measure_window();
        best = elapsed < best ? elapsed : best;
    }
    outb(PORT_B, old);
    return (uint32_t)u64_div(best, WINDOW_MS);
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
