// SPDX-License-Identifier: MIT
// Between panic.c and panic_others.c.
#pragma once

// Stops the others, and says on which CPU the panic is.
void panic_stop_others(void);

// Prints where each of them was.
void panic_print_others(void);
