// SPDX-License-Identifier: MIT
// What the two files of the suite `static_call` share.
#pragma once
#include "kernel/lab.h"
#include "smc/patch/static_call/static_call_subject.h"

// The four targets, in the order of the truth table.
enum { ONE, TWO, NOTHING, ZERO, TARGETS };

// The three ways to a target. A pointer goes by the trampoline, which is a
// tail site.
enum { CALLS, JUMPS, POINTS, WAYS };

// Gives the lab's key this target.
enum text_reason static_call_aim(int target);

// Uses the site; the result is the target's.
uint32_t static_call_use(int way, uint32_t x);

// static_call_check_race.c: while other CPUs, or other threads, use the sites.
enum check_result check_race(void);
enum check_result check_two_updaters(void);
