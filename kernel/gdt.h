// SPDX-License-Identifier: MIT
// Segments: flat 4 GiB ones, and 64 KiB ones for the way to real mode.
//
// A selector is index * 8 + table (0: GDT) * 4 + privilege:
//
//   0x00 null        0x18 user code, used as 0x1b   0x30 double-fault task
//   0x08 code        0x20 user data, used as 0x23   0x38 16-bit code
//   0x10 data        0x28 the kernel's task state   0x40 16-bit data
//
// All flat segments begin at 0 and end at 4 GiB: protection is the business
// of pages. Assembly includes this file for the numbers.
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

// Loads our own GDT, segment registers and task register. Called first: every
// gate of the IDT names a selector of this table, and the loader's own table
// may lie in memory that is about to be reused.
void gdt_init(void);

// A 32-bit task state segment, 104 bytes as the CPU defines it. gdt_tss gives
// ring 3 traps their stack (ss0:esp0). After a double fault it also holds the
// state at the fault, because the CPU saves what it leaves. [SDM3 7.2.1]
struct task_state {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, iomap; // iomap: where the I/O bitmap begins
};
extern struct task_state gdt_tss;

// The double-fault task starts with a page directory of its own in its TSS;
// paging_init keeps that current. With a stale one the task would run in the
// boot tables, and its report would miss what was mapped since. `cr3` is
// physical.
void gdt_set_cr3(uint32_t cr3);

// The guard pages below the two stacks that belong to the task states.
extern const uint8_t *const gdt_guards[2];
#endif
