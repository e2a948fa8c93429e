// SPDX-License-Identifier: MIT
// Where processor and emulator cannot or need not agree to the letter.
#pragma once
#include "tests-host/emulate_forms.h"
#include "tests-host/emulate_native.h"
#include <stdbool.h>
#include <stdint.h>

// The flags that the manual leaves undefined after this instruction in this
// state. A table of its own, so that it does not repeat a mistake of
// insn_effects, which does not look at counts either.
uint32_t rules_undefined(const struct instance *instance);

// True if the result itself is undefined, or the run would leave Linux in a
// state that has nothing to do with the instruction.
bool rules_skip(const struct instance *instance);

// True for instructions of several accesses. When one of them faults, no
// manual tells which is reported; pushes may be left below ESP, and POPA may
// have loaded registers. The emulator has changed nothing, and all that can be
// asked of the processor is that it faults, too, with EIP and ESP unmoved.
bool rules_several(const struct instance *instance);

// The trap by which the processor shows this outcome.
struct native_trap rules_trap(const struct emulate_result *result,
                              const struct insn *insn);

// INT n from ring 3 faults where the emulator reports it as done. And MOV SS
// and POP SS keep the trap off until the next instruction, a NOP, is done,
// too: which proves that they have an interrupt shadow. And KVM on AMD lets
// EIP stay on INT1.
void rules_adjust(const struct emulate_result *result,
                  const struct instance *instance,
                  const struct cpu_state *theirs, struct cpu_state *ours);

// The emulator's world->load: what selectors mean to the processor.
struct emulate_result rules_load(void *context, const struct cpu_state *state,
                                 unsigned index, uint16_t selector,
                                 struct cpu_segment *segment);
