// SPDX-License-Identifier: MIT
// For the machine's own use; what others want of NMIs is in kernel/smp.h.
#pragma once

// Takes the vector. Called once, before any CPU but this one runs.
void nmi_init(void);

// Says what could not be said in the handler. Called by the clock's tick.
void nmi_report(void);
