// SPDX-License-Identifier: MIT
// Traps: exceptions, interrupts, and how code may survive its own faults.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// What the entry stubs leave on the stack, lowest address first. A handler may
// change any field but esp_at_pusha, which POPA skips, and the interrupted
// code goes on with the changed values. Segment registers are pushed by 32-bit
// pushes: their upper halves mean nothing. kernel/trap_entry.S builds this.
struct trap_frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp_at_pusha, ebx, edx, ecx, eax;
    uint32_t vector; // 0..255; 256 + n for a soft gate
    uint32_t error;  // 0 where the CPU pushes none
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; // only present when coming from ring 3
};

// A breakpoint at ring 0 leaves room between the frame and the interrupted
// stack: an emulated CALL pushes there (smc/door/poke_trap.c).
#define TRAP_GAP 20

// Where the interrupted code's stack ends. From ring 0 the CPU pushes no esp:
// it is where the frame ends, or the gap behind it.
static inline uint32_t trap_esp(const struct trap_frame *frame)
{
    uint32_t end = (uint32_t)(uintptr_t)&frame->esp;
    if (frame->cs & 3)
        return frame->esp;
    return (frame->vector & 0xff) == 3 ? end + TRAP_GAP : end;
}

// Runs with interrupts off on the interrupted code's stack or, if that code
// was at ring 3, on the stack that the CPU's task state names.
typedef void trap_handler(struct trap_frame *frame);

// Builds the IDT, moves the PIC's lines to IRQ_BASE and masks them all. Needs
// the GDT and no memory. Called once, right after gdt_init.
void trap_init(void);

// Loads the IDT, which trap_init has built: for the other CPUs.
void trap_load_table(void);

// Installs a handler for a vector, or removes it with NULL. The handler may
// change the frame. Without one an exception ends the innermost trap_try, or
// is a panic if there is none. For interrupt lines there is irq_enable.
void trap_set_handler(uint8_t vector, trap_handler *handler);

// Declares that vector is now reached by a software INT n, which pushes no
// error code, whatever the vector. `privilege` 3 lets ring 3 use the gate.
// NULL restores the ordinary gate. While a soft gate stands at a vector with
// an error code, a real exception there would be misread: keep it short.
void trap_set_soft(uint8_t vector, trap_handler *handler, int privilege);

// Calls fn(arg). Returns true if it returned, false if it faulted: then the
// fault is in *fault (if not NULL), the stack is unwound, and interrupts are
// as they were. Nests. Not for use in interrupt handlers.
bool trap_try(void (*fn)(void *arg), void *arg, struct trap_frame *fault);

// Ends the innermost trap_try as if it had faulted with this frame.
_Noreturn void trap_abandon(const struct trap_frame *frame);

// Runs code at ring 3 inside a trap_try: `eip` and `esp` must be in pages
// mapped for user access. Never returns; ends by a fault.
_Noreturn void trap_enter_user(uint32_t eip, uint32_t esp);

// The exception's name: "page fault". Never NULL, whatever the number.
const char *trap_name(uint32_t vector);

// Writes one line that explains a fault into `out`: what, where, why. Reads
// cr2 for a page fault, so it comes before anything that may fault again.
void trap_explain(char *out, uint32_t size, const struct trap_frame *frame);

// Interrupt lines 0..15 of the PIC pair, at vectors 0x20..0x2f. The handler is
// called with interrupts off; the end of interrupt is sent for it afterwards.
// They all come to CPU 0. The same holds for the vectors of the local APICs
// (kernel/smp.h), which come to each CPU, by trap_set_handler. A fault inside
// it is a panic: no trap_try is to blame.
#define IRQ_BASE 0x20
void irq_enable(uint8_t line, trap_handler *handler);
void irq_disable(uint8_t line);

// Ends the interrupts that the PIC believes to be in service. For whoever has
// caught the double fault of an interrupt whose frame could not be pushed: its
// handler has never run, and the PIC would wait for ever. Not in a handler.
void irq_end_lost(void);
