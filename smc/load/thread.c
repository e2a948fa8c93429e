// SPDX-License-Identifier: MIT
// Entering and leaving the thread that loaded code believes in.
//
// An operating system loads these registers at every task switch. Here a call
// into loaded code is the switch. The kernel's own fs and gs are flat and not
// used; they come back at every trap (trap_common) and when a call is cut off
// (trap_unwind), so thread_leave matters for calls within calls.
#include "smc/load/thread.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "smc/load/image.h"
#include "smc/load/thread_block.h"

// A selector whose base has changed must be loaded again: the CPU keeps a copy
// of the descriptor and never looks at the table by itself. [SDM3 3.4.3]
static void load_selectors(uint16_t fs, uint16_t gs)
{
    __asm__ volatile("movw %w0, %%fs; movw %w1, %%gs"
                     :
                     : "r"((uint32_t)fs), "r"((uint32_t)gs)
                     : "memory");
}

void thread_enter(struct thread_state *outer, const struct image *image,
                  uint32_t low, uint32_t high)
{
    __asm__ volatile("movw %%fs, %0; movw %%gs, %1"
                     : "=m"(outer->fs), "=m"(outer->gs));
    thread_windows_save(outer);
    gdt_set_base(GDT_THREAD_GS, thread_linux_block());
    gdt_set_base(GDT_THREAD_FS, thread_windows_block(image, low, high));
    load_selectors(GDT_THREAD_FS, GDT_THREAD_GS);
    cpu_reset_fpu();
}

void thread_leave(const struct thread_state *outer)
{
    thread_windows_restore(outer);
    load_selectors(outer->fs, outer->gs);
    cpu_reset_fpu();
}
