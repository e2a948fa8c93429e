// SPDX-License-Identifier: MIT
// The PS/2 keyboard, US layout.
#pragma once

// Drains and enables the keyboard; does nothing if no controller answers.
void keyboard_init(void);

// The next byte typed, or -1. Arrow keys arrive as the escape sequences that
// a serial terminal sends, so that the line editor knows only one language.
int keyboard_getc(void);
