// SPDX-License-Identifier: MIT
// The labels of intn_site.S, for the mechanism and for the lab that looks
// at its bytes.
#pragma once
#include "smc/patch/intn/intn.h"

#define INT_OPCODE 0xCD
#define INT_LENGTH 2

// The patched instruction, and the entry in front of it that turns
// interrupts on in the same breath.
extern uint8_t intn_site[], intn_site_end[], intn_site_sti[];

// The same entry done wrong, for the lab: the shadow of STI is wasted.
extern uint8_t intn_site_late[];

// 256 stubs `int n; ret; int3`. Four bytes each, so that the assembler's
// layout and C's indexing agree: intn_stubs[n] is the code of n.
extern const uint8_t intn_stubs[256][4];

// Loads *regs, calls `entry` and stores the registers that come back. The
// flags other than the status flags are as now, at entry and on return. The
// entry must return by RET with the stack as it found it.
void intn_enter(struct intn_regs *regs, const void *entry);
