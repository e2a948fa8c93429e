// SPDX-License-Identifier: MIT
// Foreign code that never returns: endless loops and endless recursion.
//
//   clock tick   --> eip in an image, time is up? --.
//                                                   +--> call_cut, call.S
//   double fault --> eip in an image, esp at the   -'      |
//                    guard page of its stack?              v
//                                                     call_guard_cut
//                                                     ends the call in words
//
// Neither throws the call away on the spot: one is inside an interrupt, which
// must be finished, and the other in a task of its own. Both only change where
// the machine goes on, as a debugger would.
//
// Code of the kernel is never cut off: it may hold the heap half changed. A
// loop that calls the kernel is met outside of it sooner or later; a stack
// that ends inside of it is a panic. Loops with interrupts off are out of
// reach. Linux oopses and kills by the same kind of evidence: the watchdog of
// kernel/watchdog.c, the guard pages of CONFIG_VMAP_STACK. [SDM3 7.3]
#pragma once
#include "kernel/gdt.h"
#include <stdbool.h>
#include <stdint.h>

struct call;

// Brackets a call. The time is that of the outermost one.
void call_guard_begin(const struct call *outer);
void call_guard_end(const struct call *outer);

// Does this address lie in the stack of loaded code?
bool call_guard_on_stack(uint32_t address);

// Only for call.S.
_Noreturn void call_guard_cut(void);
