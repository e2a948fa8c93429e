// SPDX-License-Identifier: MIT
// Who called whom, from the chain of frame pointers.
#pragma once
#include <stdint.h>

// Prints the chain that starts at `ebp`, with `eip` as its innermost frame
// unless that is 0. Follows only aligned pointers to mapped memory that rise,
// so it ends even on a broken chain; what it prints of one is a guess.
// Needs code built with frame pointers.
void backtrace_print(uint32_t eip, uint32_t ebp);
