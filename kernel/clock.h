// SPDX-License-Identifier: MIT
// Time: the PIT's 100 Hz tick and the calibrated time stamp counter.
#pragma once
#include "kernel/trap.h"
#include <stdint.h>

#define CLOCK_HZ 100 // divides a second into whole microseconds

// Calibrates the TSC against the PIT (some 15 ms of polling) and starts the
// tick. Called once, with interrupts off; needs the IDT and the PIC.
void clock_init(void);

// Ticks since clock_init. Stands still while interrupts are off.
uint32_t clock_ticks(void);

// TSC ticks per millisecond; 0 if it could not be calibrated.
uint32_t clock_tsc_khz(void);

// Microseconds since the first line of C, where clock_mark_start is called. By
// the TSC once it is calibrated, else in steps of a tick. Any context.
uint64_t clock_us(void);
void clock_mark_start(void);

// The same for a time stamp counter value taken earlier: cheap to take, and
// turned into time when somebody wants to read it.
uint64_t clock_us_at(uint64_t tsc);

// Calls fn at every tick from interrupt context, until fn is NULL. There is
// one hook; a second caller replaces the first.
void clock_set_hook(trap_handler *fn);
