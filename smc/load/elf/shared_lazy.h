// SPDX-License-Identifier: MIT
// Lazy binding: a call into another object is bound when it is made first.
//
//   code    call f@plt --------.
//   .plt    0: push GOT[1]     |                     <-------.
//              jmp *GOT[2] ----|--> shared_lazy_entry        |
//           f: jmp *slot  <----'         |                   |
//              push $offset  <-- slot    | shared_bind       |
//              jmp 0 --------------------|-------------------'
//           slot := the address of f  <--'  and there the call goes on
//
// The second call takes `jmp *slot` and is there. [i386 ABI 5-10]
#pragma once
#include "smc/load/elf/shared.h"

// The stack at shared_bind, as shared_lazy.S builds it.
struct shared_frame {
    uint32_t flags;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax; // of PUSHA
    const struct image *image;                       // GOT[1]
    uint32_t offset; // of the relocation in DT_JMPREL, pushed by the PLT
    uint32_t caller; // the return address: the end of the calling instruction
};

// Where a call leads, once it is known.
struct shared_bound {
    struct image *image; // that calls
    uint32_t slot;       // address of the word in the GOT
    uint32_t target;     // what is called
    const struct shared_frame *frame;
};

// Writes down the result of a binding in the modes BINDING_DIRECT and
// BINDING_PLT: smc/load/bind/bind.c. True if it has; false and the slot is
// written, as in BINDING_LAZY. Runs within the call, on its stack.
bool shared_patch(enum binding binding, const struct shared_bound *bound);

// Called by shared_lazy_entry only. Returns where to go on.
uint32_t shared_bind(const struct shared_frame *frame);
void shared_lazy_entry(void);
