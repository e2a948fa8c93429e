// SPDX-License-Identifier: MIT
// The two thread blocks, for thread_enter: what the segment bases become.
#pragma once
#include "smc/load/image.h"
#include "smc/load/thread.h"

// The address of tp. The first call fills in the canary.
uint32_t thread_linux_block(void);

// Sets what belongs to a call and returns the address of the TEB.
uint32_t thread_windows_block(const struct image *image, uint32_t low,
                              uint32_t high);

// The words of the TEB and the PEB that a call within a call would change.
void thread_windows_save(struct thread_state *outer);
void thread_windows_restore(const struct thread_state *outer);
