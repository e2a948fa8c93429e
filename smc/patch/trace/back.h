// SPDX-License-Identifier: MIT
// For those who walk stacks or throw them away: where a call really returns.
//
// A call that is being timed has its return address replaced (tracer.c).
#pragma once
#include <stdint.h>

struct kthread;

// The return address that the program put into this slot of the thread's
// stack. Any context.
uint32_t tracer_back(const struct kthread *thread, const uint32_t *slot);

// How many calls of the running thread are being timed; and back to that many,
// since the others have been thrown away. By trap_try.
uint32_t tracer_mark(const struct kthread *me);
void tracer_unwind(struct kthread *me, uint32_t mark);

// For a function that must have no entry: it changes whose stack is whose, or
// a bench shows what an entry costs.
#define notrace __attribute__((patchable_function_entry(0)))
