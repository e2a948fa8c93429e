// SPDX-License-Identifier: MIT
// Counting instructions exactly on any machine whose trap flag works.
#pragma once
#include <stdint.h>

// Runs fn(arg) under EFLAGS.TF and returns how many instructions that took,
// what surrounds the call (a constant) included; 0 where cpu.trap_flag is
// false. Interrupts are off meanwhile. fn must not fault and must not use
// vector 1. To know what fn alone takes, subtract the count of a function
// that does nothing.
uint32_t step_count(void (*fn)(void *arg), void *arg);
