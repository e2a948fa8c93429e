// SPDX-License-Identifier: MIT
// Running a function that may fault or never return.
#pragma once
#include <stdint.h>

enum outcome { OUTCOME_RETURNED, OUTCOME_CRASHED, OUTCOME_HUNG };

// Calls fn(arg) for at most `ticks` ticks of the clock. What is wrong is told
// in `words`. It cannot end a loop with interrupts off.
enum outcome watchdog_run(void (*fn)(void *arg), void *arg, uint32_t ticks,
                          char *words, uint32_t size);
