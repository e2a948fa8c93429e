// SPDX-License-Identifier: MIT
// For the machine's own use: see kernel/smp.h for what others want of CPUs.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Turns per second that threads take, at first.
#define TIMER_HZ 100

// Starts the CPUs in the mask, which are offline. NULL, or the last fault; the
// others run then. The caller holds cpus_hold.
const char *smp_start(uint32_t mask);

// How long a CPU that starts is waited for: a busy host may stop it for long.
#define SMP_PATIENCE_US 2000000
// For checks: the same, and how long the CPU waits before it is online.
void smp_set_haste(uint32_t patience_us, uint32_t dawdle_us);

// Sets the handlers of the APICs' vectors. Once, before any other CPU runs.
void smp_open_vectors(void);

// From the clock's tick, on CPU 0: takes turns where no APIC does.
void smp_clock_tick(void);
