// SPDX-License-Identifier: MIT
// Two pages below 1 MiB, where real mode can reach them. Numbers only: this
// is read by C and by the assembler.
//
//   0x6000  code     the thunk; read + execute, an arena of the door
//   0x7000  data     read + write
//     +0x000         what bios_switch must put back
//     +0x100         a buffer for the caller: memory maps, mode lists
//     +0x800         the stack of the BIOS, 2 KiB ...
//     +0xfd8         ... with struct bios_regs at its top, in and out
//
// Two pages and not one, because no page may be writable and executable. The
// stack grows down towards the buffer: a BIOS that needs more than 2 KiB
// destroys a memory map first. The saved state, without which there is no way
// back, lies lowest.
#pragma once

#define BIOS_CODE 0x6000
#define BIOS_DATA 0x7000

#define BIOS_SAVED_ESP (BIOS_DATA + 0x00)
#define BIOS_SAVED_CR0 (BIOS_DATA + 0x04)
#define BIOS_SAVED_CR3 (BIOS_DATA + 0x08)
#define BIOS_SAVED_CR4 (BIOS_DATA + 0x0c)
#define BIOS_SAVED_GDT (BIOS_DATA + 0x10) // 6 bytes each
#define BIOS_SAVED_IDT (BIOS_DATA + 0x18)

#define BIOS_BUFFER (BIOS_DATA + 0x100)
#define BIOS_BUFFER_SIZE 0x700

#define BIOS_STACK_TOP (BIOS_DATA + 0x1000)
#define BIOS_REGS_SIZE 40
#define BIOS_REGS (BIOS_STACK_TOP - BIOS_REGS_SIZE)
