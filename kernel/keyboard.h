// SPDX-License-Identifier: MIT
// The PS/2 keyboard, US layout.
#pragma once

// Drains and enables the keyboard; does nothing if no controller answers, and
// may then be called again. Needs the IDT and the PIC.
void keyboard_init(void);

// The next byte typed (1..127), or -1. Arrow keys arrive as the escape
// sequences that a serial terminal sends, so that the line editor knows only
// one language. What is typed ahead is kept up to 64 bytes. One reader.
int keyboard_getc(void);
