// SPDX-License-Identifier: MIT
// Emulation: one decoded instruction done by a program instead of the CPU.
//
//            +--------------+  insn_decode   +-------------+
//   bytes -->| struct insn  |--------------->| emulate     |--> outcome
//            +--------------+                |  registers, |
//            +--------------+   read, write  |  flags      |
//            | any memory   |<-------------->|             |
//            +--------------+                +-------------+
//
// Whoever replaced an instruction by INT3 owes its effect to the code that
// ran into it; so do probes, monitors and translators. Linux emulates calls
// and jumps in its INT3 handler (text_poke), KVM whole guests (x86_emulate).
//
// The promise: unless the outcome is one of the first four, nothing has
// changed, neither a register nor a byte of memory.
//
// No allocation, no state of its own, under 1 KiB of stack besides what the
// callbacks take: may be used anywhere, an NMI handler included, if they may.
#pragma once
#include "smc/x86/decode.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Vectors that an emulated instruction can raise by itself. [SDM3 6.15]
enum {
    FAULT_DIVIDE = 0,
    FAULT_DEBUG = 1,
    FAULT_BREAKPOINT = 3,
    FAULT_OVERFLOW = 4,
    FAULT_BOUND = 5,
    FAULT_UNDEFINED = 6,
    FAULT_STACK = 12,
    FAULT_PROTECTION = 13,
    FAULT_PAGE = 14,
};

enum emulate_kind {
    EMULATE_OK,          // done; eip is where execution goes on
    EMULATE_INTERRUPT,   // INT n, INT3, INTO, INT1: eip is behind it; deliver
                         // `vector` from there
    EMULATE_HALT,        // HLT: eip is behind it; wait for an interrupt
    EMULATE_AGAIN,       // one repetition of a string instruction is done and
                         // more are due, or a locked access lost a race: eip
                         // still stands on the instruction; emulate it again
    EMULATE_FAULT,       // nothing changed: deliver `vector` from eip
    EMULATE_UNSUPPORTED, // nothing changed: the caller must know better
};

struct emulate_result {
    enum emulate_kind kind;
    uint8_t vector;   // EMULATE_FAULT, EMULATE_INTERRUPT
    uint32_t error;   // EMULATE_FAULT: the error code, 0 where there is none
    uint32_t address; // FAULT_PAGE: what belongs into CR2
};

// The outcome in words: "fault". Never NULL.
const char *emulate_kind_text(enum emulate_kind kind);

// What a segment register hides behind its selector. [SDM3 3.4.3]
enum { SEGMENT_READ = 1, SEGMENT_WRITE = 2, SEGMENT_BIG = 4 };
struct cpu_segment {
    uint32_t base, limit; // limit: the last valid offset; no expand-down
    uint16_t selector;
    uint8_t rights; // set of SEGMENT_*; BIG is the descriptor's D/B bit
};

struct cpu_state {
    uint32_t gpr[8]; // by REG_*
    uint32_t eip;    // an offset in CS
    uint32_t eflags;
    struct cpu_segment segment[6]; // by SEG_*
    uint8_t cpl;                   // 0..3; 3 in virtual-8086 mode
    // STI, MOV SS and POP SS hold interrupts off for one more instruction. The
    // caller, if it delivers any, has to see to that: it looks here first.
    bool interrupt_shadow;
};

// Makes all six segments flat, as kernels use them: base 0, 4 GiB, read and
// (but for CS) write, 32 bits. Selectors are left alone.
void emulate_flat(struct cpu_state *state);

// How the instruction reaches the world. Each callback gets `context` and
// answers EMULATE_OK or what shall be the outcome of the whole instruction,
// usually emulate_page_fault. An access is at most 128 bytes, may cross pages
// and has to be all or nothing. `address` is linear: segments are done with.
struct emulate_world {
    void *context;
    // `will_write`: the same bytes are written next, so a page that cannot be
    // written faults now, and the page fault is reported as a write.
    struct emulate_result (*read)(void *context, uint32_t address, void *bytes,
                                  size_t size, bool will_write);
    struct emulate_result (*write)(void *context, uint32_t address,
                                   const void *bytes, size_t size);
    // Atomically: if memory still holds `expected`, stores `bytes`, else
    // answers EMULATE_AGAIN. For LOCK and for XCHG with memory. NULL where no
    // other processor can see the memory: then `write` serves.
    struct emulate_result (*swap)(void *context, uint32_t address,
                                  const void *expected, const void *bytes,
                                  size_t size);
    // Loads a segment register: fills *segment, or answers with a fault. Must
    // refuse a CS that would change the privilege level: stacks are not
    // switched here. NULL: a register can only be loaded with the selector
    // that it has, which is all a flat kernel does.
    struct emulate_result (*load)(void *context, const struct cpu_state *state,
                                  unsigned index, uint16_t selector,
                                  struct cpu_segment *segment);
};

// Executes the instruction, which must be INSN_OK and stand at state->eip.
// `insn->bytes` is not read, so it may be gone. The trap flag is the caller's
// business: nothing here raises FAULT_DEBUG for it.
//
// Rules of privilege follow state->cpl, IOPL and VM. Neither VME nor PVI is
// assumed. [SDM2 3-5] Not done, always EMULATE_UNSUPPORTED:
//
//   I/O, CPUID, RDTSC, MSRs, control and debug registers
//   descriptor tables, LAR, LSL, VERR, VERW, ARPL, caches and TLB
//   x87, MMX and vectors
//   task switches, changes of privilege level, SYSENTER and its kin
//   a block on the stack that wraps around the end of its segment
//
// A trap at ring 0 pushes no ESP on an i386: the frame lies right below the
// stack of the code that was interrupted. Whoever calls from a handler of INT3
// and has a PUSH or CALL done on that stack would write over the frame that
// IRET needs: leave a gap there first. And the saved EIP is behind the INT3;
// state->eip is the address of the instruction, one less.
struct emulate_result emulate(struct cpu_state *state, const struct insn *insn,
                              const struct emulate_world *world);

static inline struct emulate_result emulate_fault(uint8_t vector,
                                                  uint32_t error)
{
    return (struct emulate_result){EMULATE_FAULT, vector, error, 0};
}

// For callbacks. The error code's bits: 1 present, 2 write, 4 user.
// [SDM3 4.7]
static inline struct emulate_result emulate_page_fault(uint32_t address,
                                                       uint32_t error)
{
    return (struct emulate_result){EMULATE_FAULT, FAULT_PAGE, error, address};
}
