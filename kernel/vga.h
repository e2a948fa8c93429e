// SPDX-License-Identifier: MIT
// The VGA text screen: 80 x 25, white on black.
#pragma once
#include <stdbool.h>

// Probes the adapter and, where no BIOS has set a text mode, sets mode 3.
void vga_init(void);
bool vga_present(void);

// Prints one character; understands \n, \r, \b, \t and the few escape
// sequences that the line editor sends (cursor left, erase to end).
void vga_putc(char c);
