// SPDX-License-Identifier: MIT
// The console: everything printed goes to every device that is there, and
// input is taken from whichever has some. One CPU prints at a time; what it
// has begun, its own interrupt handlers may put their text into.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Finds the devices. Needs the boot information (see vga_init). Before it,
// output goes to the serial line alone, after serial_init.
void console_init(void);

// Prints `len` characters in one piece; \n becomes \r\n on the wire. Any
// context but NMI. Waits for the serial line, so printing takes as long as the
// wire does.
void console_write(const char *s, size_t len);
void console_putc(char c);
void console_puts(const char *s);

// Is a line half printed? For those who have time to wait.
bool console_in_line(void);

// From now on nobody waits for another CPU that prints: it may be stopped, in
// the middle of a line. For panics.
void console_break_lock(void);

// The next input byte, or -1 at once / after sleeping until there is one.
// console_getc leaves interrupts on and may not be called by a handler. Keys
// of either keyboard arrive as a terminal sends them: see kernel/lineedit.h.
int console_poll(void);
int console_getc(void);
