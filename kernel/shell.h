// SPDX-License-Identifier: MIT
// The prompt.
#pragma once

// Does what the kernel command line asks for, then reads commands for ever or,
// with the word `exit`, leaves the machine. Needs everything to be set up;
// runs with interrupts on.
_Noreturn void shell_run(void);

// Tells of each word of the kernel command line that is not known or has a
// value that its reader does not take. Returns how many. boot_words.c
int boot_words_judge(void);
