// SPDX-License-Identifier: MIT
// The end of the road: our own broken invariants and unexpected faults.
#pragma once
#include "kernel/printf.h"
#include "kernel/trap.h"

// Prints the message, registers, a backtrace, the journal's tail and, last,
// the instruction at eip in words. Then leaves with status 0x12 under test
// (the word `exit` was given) or halts. May be called from any context and in
// any state, after serial_init. A second panic while the first one prints is
// cut short: one line with its vector and address.
_Noreturn void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

// The same with the registers of a trap: for exceptions that nobody handles.
_Noreturn void panic_trap(const struct trap_frame *frame);

// Leaves the machine: code 0x10 pass, 0x11 fail, 0x12 panic. Uses the way
// out that the command line names or that a probe finds; halts without one.
//
//   exit=port    write the code to port 0xf4, whatever the probe says
//   exit=bochs   tell Bochs to end; the code is lost
//   otherwise    port 0xf4 if it answers, else halt
//
// QEMU makes 2 * code + 1 of it: 33, 35 and 37.
_Noreturn void machine_exit(uint8_t code);

// This CPU does nothing any more.
_Noreturn void machine_halt(void);

// By the keyboard controller, or else by a triple fault.
_Noreturn void machine_reboot(void);
