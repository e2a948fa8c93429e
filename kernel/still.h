// SPDX-License-Identifier: MIT
// A moment at which no thread runs, and a look at where each of them is.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Code that must not be on any stack: [start, start + size).
struct still_range {
    const uint8_t *start;
    uint32_t size;
};

// Stops all other CPUs, looks at the stack of every thread, and calls fn(arg)
// if none of the ranges is on any of them: nobody runs, no handler comes. If
// one is, lets all go on and tries again for `limit_us`. Returns false, and
// who was in the way, if it was always so. *looks counts. Interrupts are on.
bool still_call(const struct still_range *ranges, uint32_t count,
                void (*fn)(void *arg), void *arg, uint32_t limit_us,
                uint32_t *looks, char *why, size_t size);

// Is this fn, or something that it calls? Nobody else runs then.
bool still_is_on(void);
