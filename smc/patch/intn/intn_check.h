// SPDX-License-Identifier: MIT
// What the checks of lab intn share: a handler that remembers, and a way to
// put the machine's ordinary gates back.
#pragma once
#include "kernel/lab.h"
#include "kernel/trap.h"
#include "smc/patch/intn/intn.h"

// Vectors that nothing else in this kernel uses: beyond the exceptions (0 to
// 0x1f) and the lines of the interrupt controllers (0x20 to 0x2f).
#define INTN_FREE_VECTOR 0x90
#define INTN_OTHER_VECTOR 0x91

// What the handler saw last, and how often it ran.
struct intn_seen {
    uint32_t calls, vector, error, eip, cs, eflags;
};
extern struct intn_seen intn_seen;

// Remembers the frame in intn_seen and changes every register in it, so
// that a register lost on the way in or out is noticed.
void intn_remember(struct trap_frame *frame);

// The registers to call vector n with, and whether `out` is what
// intn_remember makes of them.
struct intn_regs intn_sample(uint32_t n);
bool intn_answered(const struct intn_regs *in, const struct intn_regs *out,
                   uint32_t n);

// Some of these return a condition: false is CHECK_FAIL, true CHECK_PASS.

// What the CPU does with each form of INT (intn_check_cpu.c).
enum check_result intn_check_int3(void);
enum check_result intn_check_into(void);
enum check_result intn_check_int1(void);
enum check_result intn_check_no_error_code(void);
enum check_result intn_check_shifted_frame(void);
enum check_result intn_check_gate_dpl0(void);
enum check_result intn_check_gate_dpl3(void);

// What interrupts and handlers do to a shared site (intn_check_race.c).
enum check_result intn_check_caller_if(void);
enum check_result intn_check_reentry(void);
enum check_result intn_check_sti_shadow(void);
enum check_result intn_check_late_sti(void);
enum check_result intn_check_storm(void);
