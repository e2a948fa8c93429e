// SPDX-License-Identifier: MIT
// Traps: exceptions, interrupts, and how code may survive its own faults.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// What the entry stubs leave on the stack, lowest address first.
struct trap_frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp_at_pusha, ebx, edx, ecx, eax;
    uint32_t vector; // 0..255; 256 + n for a soft gate
    uint32_t error;  // 0 where the CPU pushes none
    uint32_t eip, cs, eflags;
    uint32_t esp, ss; // only present when coming from ring 3
};

typedef void trap_handler(struct trap_frame *frame);

// Builds the IDT. Called first of all; needs no memory.
void trap_init(void);

// Installs a handler for a vector, or removes it with NULL. The handler may
// change the frame. Without one an exception is a panic.
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

// The exception's name: "page fault".
const char *trap_name(uint32_t vector);

// Prints one line that explains a fault: what, where, why.
void trap_explain(char *out, uint32_t size, const struct trap_frame *frame);

// Interrupt lines 0..15 of the PIC pair, at vectors 0x20..0x2f.
#define IRQ_BASE 0x20
void irq_enable(uint8_t line, trap_handler *handler);
void irq_disable(uint8_t line);
