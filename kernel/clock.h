// SPDX-License-Identifier: MIT
// Time: the PIT's 100 Hz tick and the calibrated time stamp counter.
#pragma once
#include "kernel/trap.h"
#include <stdint.h>

#define CLOCK_HZ 100

// Calibrates the TSC against the PIT and starts the tick.
void clock_init(void);

// Ticks since clock_init.
uint32_t clock_ticks(void);

// TSC ticks per millisecond; 0 if it could not be calibrated.
uint32_t clock_tsc_khz(void);

// Microseconds since the first line of C.
uint64_t clock_us(void);
void clock_mark_start(void);

// The same for a time stamp counter value taken earlier.
uint64_t clock_us_at(uint64_t tsc);

// Calls fn at every tick from interrupt context, until fn is NULL.
void clock_set_hook(trap_handler *fn);
