// SPDX-License-Identifier: MIT
// Calls into the PC BIOS: what INT n with n in a register is for.
//
// The kernel leaves protected mode for the length of one INT and comes back
// as it was. Linux's boot code, GRUB and video drivers' VBE calls do the
// same. On CPU 0 only, not from interrupt handlers. The other CPUs run on;
// what they ask of this one waits until it is back. A function that waits for
// an interrupt (INT 16h AH=0, floppy transfers) never returns: while the BIOS
// runs, the interrupt controller is masked.
#pragma once
#include "smc/patch/intn/bios_layout.h"
#include "smc/patch/intn/intn.h"

// The order in which PUSHAL and the pushes before it leave them. Of eflags
// the status flags go in; what the BIOS left in it comes out. The thunk pops
// this from BIOS_REGS and pushes it there again:
//
//   +0   edi esi ebp esp ebx edx ecx eax    popal, pushal
//   +32  es ds                              16 bits each: real mode pops those
//   +36  eflags                             popfl, pushfl
//   +40  BIOS_STACK_TOP                     sp while the INT runs
struct bios_regs {
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax; // esp is ignored
    uint16_t es, ds;
    uint32_t eflags;
};
#define BIOS_CARRY 1u

enum bios_reason {
    BIOS_OK,
    BIOS_BAD_VECTOR, // n > 255
    BIOS_ABSENT,     // no BIOS in this machine
    BIOS_NO_HANDLER, // there is one, but vector n leads nowhere
    BIOS_NOT_AIMED,  // the thunk's INT could not be patched; see .aim
    BIOS_OCCUPIED,   // something is mapped where the thunk must run
    BIOS_NO_MEMORY,
    BIOS_WAITS, // the function waits for an interrupt that cannot come
};

struct bios_result {
    enum bios_reason reason;
    uint32_t n;
    struct intn_result aim; // what the patch of the INT came to
};

// Executes INT n in real mode. Unless the result is BIOS_OK, nothing was
// executed and *regs is unchanged.
struct bios_result bios_call(uint32_t n, struct bios_regs *regs);

// Looks, without executing anything, whether bios_call(n) can work.
enum bios_reason bios_probe(uint32_t n);

// The failure in words. Returns `out`.
char *bios_explain(char *out, size_t size, const struct bios_result *result);

// The buffer of BIOS_BUFFER_SIZE bytes that real mode sees at
// 0000:BIOS_BUFFER. Its content lasts until the next call. A caller's own
// buffer would not do: it lies where real mode cannot reach.
void *bios_buffer(void);

// Where a real-mode far pointer (segment in the upper half) points.
const void *bios_pointer(uint32_t far);

// The thunk's INT as the kernel sees it; NULL before the first call.
const uint8_t *bios_site_live(void);
