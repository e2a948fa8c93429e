// SPDX-License-Identifier: MIT
// What a processor does while it has nothing to do: chosen seldom, called all
// the time, so it is a static call. Linux has x86_idle, for the same reason.
#pragma once
#include "smc/patch/static_call/static_call.h"

// Called with interrupts off; returns with interrupts on, after an interrupt
// or sooner. The two ways of it:
void idle_halt(void); // HLT: sleeps until an interrupt comes
void idle_poll(void); // PAUSE: returns at once, so nothing has to be woken

DECLARE_STATIC_CALL(cpu_idle, idle_halt);
