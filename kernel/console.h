// SPDX-License-Identifier: MIT
// The console: everything printed goes to every device that is there, and
// input is taken from whichever has some. Nothing is locked: an interrupt
// handler that prints may put its text into the middle of a line.
#pragma once
#include <stdbool.h>

// Finds the devices. Needs the boot information (see vga_init). Before it,
// output goes to the serial line alone, after serial_init.
void console_init(void);

// Prints one character; \n becomes \r\n on the wire. Any context. Waits for
// the serial line, so printing takes as long as the wire does.
void console_putc(char c);
void console_puts(const char *s);

// The next input byte, or -1 at once / after sleeping until there is one.
// console_getc leaves interrupts on and may not be called by a handler. Keys
// of either keyboard arrive as a terminal sends them: see kernel/lineedit.h.
int console_poll(void);
int console_getc(void);
