// SPDX-License-Identifier: MIT
// The calls of one thread that are being timed: where they really return to.
// Part of every struct kthread; smc/patch/trace/tracer.c has the drawing.
#pragma once
#include <stdint.h>

#define TRACER_DEPTH 64

// The slot is the word of the stack that held the return address: no two
// calls in progress have the same one, but those that end in each other.
struct tracer_frame {
    uint32_t *slot;
    uint32_t back; // the return address
    uint32_t function;
    uint64_t entered;
};

// Frames are pushed by calls and popped by returns; those that a caught fault
// has thrown away are dropped by trap_try.
struct tracer_stack {
    volatile uint32_t depth;
    struct tracer_frame frames[TRACER_DEPTH];
};
