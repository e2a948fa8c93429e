// SPDX-License-Identifier: MIT
// The VGA text screen: 80 x 25, light grey on black.
#pragma once
#include <stdbool.h>

// Probes the adapter and, where no BIOS has set a text mode, sets mode 3.
// Clears the screen. Needs the boot information: a graphics frame buffer that
// a loader has set up is left alone, and then there is no text screen.
void vga_init(void);

// Did vga_init find an adapter in a text mode?
bool vga_is_present(void);

// Prints one character; understands \n, \r, \b, \t and the few escape
// sequences that the line editor sends (erase to end, clear, home). Does
// nothing without an adapter. Any context.
void vga_putc(char c);
