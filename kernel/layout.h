// SPDX-License-Identifier: MIT
// The boundaries that linker.ld defines. Only their addresses mean anything:
// they are declared as arrays, because the linker gives a symbol an address
// and nothing behind it.
//
//   boot_part_start  0x00100000  the boot part, then at KERNEL_BASE more:
//   text_start       door, the other text           r-x
//   rodata_start     constants, registries          r--
//   data_start       data                           rw-
//   tables_start     symbols, relocation records    r--
//   stacks_start     guard, stack, guard, stack, .. ---, rw-
//   bss_start        zeros                          rw-
//   bss_end          physical memory goes on
//
// Between entries_start and entries_end, in rodata, stands the address of
// every function that begins with room for a call, in no order.
//
// Every X_end is exclusive. All boundaries are page aligned but door_end.
// The boot part stays where the loader put it. From text_start to bss_end is
// one block, also in physical memory; boot/low_move.c may have moved it.
#pragma once
#include <stdint.h>

extern const uint8_t boot_part_start[], boot_part_end[]; // physical
extern const uint8_t text_start[], text_end[];
extern const uint8_t door_start[], door_end[]; // inside text, never patched
extern const uint8_t rodata_start[], rodata_end[];
extern const uint8_t data_start[], data_end[];
extern const uint8_t tables_start[], tables_end[];
extern const uint8_t bss_start[], bss_end[];
extern const uint8_t stacks_start[], stacks_end[];
extern uint8_t *const entries_start[], *const entries_end[]; // of functions
extern const uint8_t boot_stack_guard[], boot_stack_top[];

// The byte at a distance from a boundary. The detour hides from the compiler
// that the boundary is declared as an array, which "has" nothing before it.
static inline uint8_t *layout_at(const uint8_t *boundary, int distance)
{
    uintptr_t at = (uintptr_t)boundary;
    __asm__("" : "+r"(at));
    return (uint8_t *)(at + (uintptr_t)distance);
}
