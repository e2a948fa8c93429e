// SPDX-License-Identifier: MIT
// Segments: flat 4 GiB ones, and 64 KiB ones for the way to real mode.
//
// A selector is index * 8 + table (0: GDT) * 4 + privilege:
//
//   0x00 null        0x18 user code, used as 0x1b   0x28 double-fault task
//   0x08 code        0x20 user data, used as 0x23   0x30 16-bit code
//   0x10 data                                       0x38 16-bit data
//   0x40 a thread block of Windows, for fs   0x48 one of Linux, for gs
//   0x50 the task state of CPU 0             0x58 that of CPU 1, and so on
//
// All flat segments begin at 0 and end at 4 GiB: protection is the business
// of pages. Those of threads have a base, and only loaded code uses them.
//
// Every CPU has a table of its own: the one IDT names the double-fault task by
// its selector, and two CPUs in one task state would destroy each other. The
// selector in the task register differs from CPU to CPU, and so tells which
// one this is: see kernel/smp.h. Assembly includes this file for the numbers.
#pragma once

#define GDT_CODE 0x08
#define GDT_DATA 0x10
#define GDT_USER_CODE 0x1b
#define GDT_USER_DATA 0x23
#define GDT_TSS_DOUBLE_FAULT 0x28
#define GDT_CODE16 0x30
#define GDT_DATA16 0x38
#define GDT_THREAD_FS 0x40
#define GDT_THREAD_GS 0x48
#define GDT_TSS 0x50 // + 8 for every further CPU

#ifndef __ASSEMBLER__
#include "kernel/pages.h"
#include <stdbool.h>
#include <stdint.h>

struct trap_frame;

// Loads our own GDT, segment registers and task register. Called first: every
// gate of the IDT names a selector of this table, and the loader's own table
// may lie in memory that is about to be reused.
void gdt_init(void);

// Makes the table, the task states and the stacks of another CPU, once; false
// without memory. Called by the CPU that is about to start it.
bool gdt_prepare(unsigned cpu);

// Loads what gdt_prepare has made. Called by that CPU itself, which is on no
// table of ours yet.
void gdt_enter(unsigned cpu);

// What LGDT wants, 6 bytes in memory. [SDM2 LGDT]
struct gdt_pointer {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));
struct gdt_pointer gdt_pointer_of(unsigned cpu);

// A task switch loads a page directory from the TSS, there and back;
// paging_init keeps all of them current. With a stale one the double-fault
// task would run in the boot tables, and its report would miss what was mapped
// since. `cr3` is physical.
void gdt_set_cr3(uint32_t cr3);

// Sets where GDT_THREAD_FS or GDT_THREAD_GS begins on the CPU that calls, as
// the thread that runs loaded code is pinned. A segment register takes
// notice when it is loaded the next time. The first ends after a page. The
// second has no end: its users address what lies below the base.
void gdt_set_base(uint16_t selector, uint32_t base);

// The stack of loaded code. Recursion is its own affair there and ends at a
// guard page, with the kernel's stack intact.
//
//   guard | reserve   | edge  | room          top
//   never   the kernel's,       for loaded code and for what
//   mapped  with the edge       it calls in the kernel
//
// The edge is not mapped either, until a function of the kernel needs more
// than the room has left.
struct foreign_stack {
    uint8_t guard[PAGE_SIZE];
    uint8_t reserve[2 * PAGE_SIZE];
    uint8_t edge[PAGE_SIZE];
    uint8_t room[16 * PAGE_SIZE];
} __attribute__((aligned(4096)));
extern struct foreign_stack foreign_stack;

// Called by the double-fault task, on its stack, with the registers at the
// fault: esp is the real one. Answers true after it has set eip and esp to
// where the machine shall go on, interrupts off and with kernel segments, for
// ever away from what was interrupted; or after it has left them alone and
// made room, so that the same instruction can be tried again. CR0.TS is set
// then: the switch does it.
typedef bool gdt_overflow_hook(struct trap_frame *frame);
void gdt_on_overflow(gdt_overflow_hook *hook);

// The guard pages below the stacks of ring 3 traps, of double faults and of
// loaded code, and the edge of that one.
#define GDT_GUARDS 4
extern const uint8_t *const gdt_guards[GDT_GUARDS];

// Is this address in the guard page of a stack of any CPU?
bool gdt_is_guard(uint32_t at);
#endif
