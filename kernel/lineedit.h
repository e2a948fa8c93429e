// SPDX-License-Identifier: MIT
// Line editing on a terminal: cursor keys, history, completion.
#pragma once
#include <stddef.h>

enum { LINE_MAX = 512 };

// Reads one line (without its end) after printing `prompt`. Keys: arrows,
// Home, End, Delete, Backspace, Tab, ^A ^E ^B ^F ^D ^K ^U ^W ^L ^P ^N ^C.
// A line longer than LINE_MAX - 1 is refused as a whole: returns NULL after
// saying so.
const char *lineedit_read(const char *prompt);

// Completes the word that ends at `end`: called by lineedit for Tab, provided
// by the shell. Calls add() for every candidate.
void lineedit_complete(const char *line, size_t word_start,
                       void (*add)(const char *candidate));
