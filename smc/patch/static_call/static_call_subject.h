// SPDX-License-Identifier: MIT
// The static call that the lab's demo, checks and bench share: one key, a site
// that calls, one that jumps, and a pointer to the trampoline.
#pragma once
#include "smc/patch/static_call/static_call.h"

// The targets. Each counts its calls and adds a number of its own.
uint32_t static_call_one(uint32_t x); // x + 1000
uint32_t static_call_two(uint32_t x); // x + 2000
extern volatile uint32_t static_call_ones, static_call_twos;

DECLARE_STATIC_CALL(lab_subject, static_call_one);

uint32_t static_call_caller(uint32_t x); // CALL; adds 1 to the result
uint32_t static_call_jumper(uint32_t x); // JMP; in the .S
extern uint32_t (*volatile static_call_pointer)(uint32_t x);

// The site in a function, with whether it is a tail, or NULL.
const struct static_call_site *static_call_in(const void *function,
                                              bool *tail);
