// SPDX-License-Identifier: MIT
// The console: everything printed goes to every device that is there, and
// input is taken from whichever has some.
#pragma once
#include <stdbool.h>

void console_init(void);

// Prints one character; \n becomes \r\n on the wire. Any context.
void console_putc(char c);
void console_puts(const char *s);

// The next input byte, or -1 at once / after sleeping until there is one.
int console_poll(void);
int console_getc(void);
