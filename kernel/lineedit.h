// SPDX-License-Identifier: MIT
// Line editing on a terminal: cursor keys, history, completion. Works on one
// line of state, so it is for the shell alone.
#pragma once
#include <stddef.h>

enum { LINE_MAX = 512 }; // with the NUL

// Reads one line (without its end) after printing `prompt`. Keys: arrows,
// Home, End, Delete, Backspace, Tab, ^A ^E ^B ^F ^D ^K ^U ^W ^L ^P ^N ^C.
// A line longer than LINE_MAX - 1 is refused as a whole: returns NULL after
// saying so. The result is valid until the next call. Sleeps while nothing is
// typed; not for interrupt handlers.
const char *lineedit_read(const char *prompt);

// Completes the word that ends at `end`: called by lineedit for Tab, provided
// by the shell (kernel/command.c). Calls add() for every candidate, the whole
// word each time. May be called twice for one Tab, to count and to list.
void lineedit_complete(const char *line, size_t word_start,
                       void (*add)(const char *candidate));
