// SPDX-License-Identifier: MIT
// Sites that no processor's features change: the lab's demo and checks apply
// them with FEATURE_LAB_A and FEATURE_LAB_B, and take them back.
#pragma once
#include "smc/patch/alternative/alternative.h"

//   function                  old      lab-a                       lab-b
//   alternative_calls(x)      1        x + 1 + 10: CALL is second  -
//   alternative_branches(x)   x        |x|: a branch to the end    |x| + 10
//   alternative_jumps(x)      x + 1    2 * x: ends in a JMP        -
uint32_t alternative_calls(uint32_t x);
uint32_t alternative_branches(uint32_t x);
uint32_t alternative_jumps(uint32_t x); // the .S

// The first entry of the (only) site in this function, or NULL.
const struct alternative *alternative_in(const void *function);
