// SPDX-License-Identifier: MIT
// The prompt.
#pragma once

// Does what the kernel command line asks for, then reads commands for ever or,
// with the word `exit`, leaves the machine. Needs everything to be set up;
// runs with interrupts on.
_Noreturn void shell_run(void);
