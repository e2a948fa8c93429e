// SPDX-License-Identifier: MIT
// Foreign code that never returns: endless loops and endless recursion.
//
//   clock tick   --> eip in an image, time is up? --.
//                                                   +--> call_cut, call.S
//   double fault --> eip in an image, esp at the   -'      |
//          |         edge of its stack?                    v
//          |                                          call_guard_cut
//          v                                          ends the call in words
//   eip in the kernel: the edge is mapped,                 ^
//   the function goes on and returns ----------------------'
//
// Neither throws the call away on the spot: one is inside an interrupt, which
// must be finished, and the other in a task of its own. Both only change where
// the machine goes on, as a debugger would.
//
// Code of the kernel is never cut off: it may hold the heap half changed. A
// loop that calls the kernel is met outside of it sooner or later. A function
// of the kernel that finds the stack at its end gets pages of its own to
// finish on, and where it would return to the image stands call_cut by then.
// Loops with interrupts off are out of reach.
//
// Linux oopses and kills by the same kind of evidence: the watchdog of
// kernel/watchdog.c, the guard pages of CONFIG_VMAP_STACK. [SDM3 7.3]
#pragma once
#include "kernel/gdt.h"
#include <stdbool.h>
#include <stdint.h>

struct call;

// Brackets a call. The time is that of the outermost one.
void call_guard_begin(const struct call *outer);
void call_guard_end(const struct call *outer);

// Does this address lie in the stack of loaded code, what the kernel keeps
// below it for itself included?
bool call_guard_on_stack(uint32_t address);

// Only for call.S.
_Noreturn void call_guard_cut(void);
