// SPDX-License-Identifier: MIT
// For kernel/trap.c; what others want of interrupt lines is in kernel/trap.h.
#pragma once
#include "kernel/trap.h"

// Moves the lines to IRQ_BASE and masks them all.
void pic_init(void);

// An interrupt at IRQ_BASE + line: runs its handler and ends it.
void pic_dispatch(unsigned line, struct trap_frame *frame);
