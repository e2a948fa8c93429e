// SPDX-License-Identifier: MIT
// Segments: flat 4 GiB ones, and 64 KiB ones for the way to real mode.
#pragma once

#define GDT_CODE 0x08
#define GDT_DATA 0x10
#define GDT_USER_CODE 0x1b
#define GDT_USER_DATA 0x23
#define GDT_TSS 0x28
#define GDT_TSS_DOUBLE_FAULT 0x30
#define GDT_CODE16 0x38
#define GDT_DATA16 0x40

#ifndef __ASSEMBLER__
#include <stdint.h>

// Loads our own GDT, segment registers and task register. Called first.
void gdt_init(void);

// The state at a double fault, as the CPU saved it in the interrupted task.
struct task_state {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, iomap;
};
extern struct task_state gdt_tss;

// The double-fault task starts with a page directory of its own in its TSS;
// paging_init keeps that current.
void gdt_set_cr3(uint32_t cr3);

// The guard pages below the two stacks that belong to the task states.
extern const uint8_t *const gdt_guards[2];
#endif
