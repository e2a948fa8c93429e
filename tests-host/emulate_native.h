// SPDX-License-Identifier: MIT
// One instruction on the real processor, from any state to the next trap.
//
// A program may set all of its registers at once: rt_sigreturn loads them
// from memory, the trap flag included. So the processor executes just one
// instruction and traps, and the signal's frame holds what became of it. A
// fault comes the same way. Segments of our own, 16-bit ones too, are made
// with modify_ldt. Linux on x86 only, in a 32-bit program.
#pragma once
#include "smc/x86/emulate.h"
#include <stdbool.h>
#include <stdint.h>

// Where instructions find their operands, between pages that fault:
//
//   guard   | read, write | read, write | read only | guard
//           ^ native_arena
enum {
    NATIVE_PAGE = 4096,
    NATIVE_WRITABLE = 2 * NATIVE_PAGE,
    NATIVE_ARENA = 3 * NATIVE_PAGE,
    NATIVE_GUARD = 0x20000, // more than 16-bit offsets reach
};
extern uint8_t *native_arena;
extern uint8_t *native_code; // one page; the instruction is put here

// Selectors. The first two are Linux's, the others are made here.
enum {
    NATIVE_CODE = 0x23, // flat
    NATIVE_DATA = 0x2b, // flat
    NATIVE_CODE_16 = 0x07,
    NATIVE_DATA_16 = 0x0f,    // 64 KiB with the arena in the middle
    NATIVE_DATA_BASED = 0x17, // 4 GiB, base not 0
    NATIVE_DATA_SHORT = 0x1f, // ends inside the arena
    NATIVE_DATA_CONST = 0x27, // flat, read only
    NATIVE_CODE_BASED = 0x2f, // 32-bit code, base not 0
};

struct native_trap {
    uint32_t vector, error, address;
};

// Maps the pages, installs the handlers, makes the segments. Dies in words if
// the machine cannot.
void native_begin(void);

// What a selector means, or false if it is none of the above.
bool native_segment(uint16_t selector, struct cpu_segment *segment);

// Executes at *state until the first trap. Registers, flags and selectors
// come from and go to *state; bases and rights are left alone.
struct native_trap native_step(struct cpu_state *state);
