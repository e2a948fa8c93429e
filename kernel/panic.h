// SPDX-License-Identifier: MIT
// The end of the road: our own broken invariants and unexpected faults.
#pragma once
#include "kernel/printf.h"
#include "kernel/trap.h"

// Prints the message, a backtrace and the journal's tail, then leaves with
// status 0x12 under test or halts.
_Noreturn void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

// The same with the registers of a trap.
_Noreturn void panic_trap(const struct trap_frame *frame);

// Leaves the machine: code 0x10 pass, 0x11 fail, 0x12 panic. Uses the way
// out that the command line names or that a probe finds; halts without one.
_Noreturn void machine_exit(uint8_t code);
_Noreturn void machine_reboot(void);
