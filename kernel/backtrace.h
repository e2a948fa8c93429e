// SPDX-License-Identifier: MIT
// Who called whom, from the chain of frame pointers.
#pragma once
#include <stdint.h>

// Prints the chain that starts at `ebp`, with `eip` as its innermost frame
// unless that is 0. Follows only pointers that stay on mapped stacks.
void backtrace_print(uint32_t eip, uint32_t ebp);
