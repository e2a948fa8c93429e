// SPDX-License-Identifier: MIT
// Random instances of every form that the emulator is to know, each with a
// state in which it does something.
#pragma once
#include "smc/x86/emulate.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A form is an opcode and what ModRM says about it. Prefixes, sizes and the
// rest of the bytes are random.
struct form {
    uint8_t map, opcode; // enum insn_map
    int8_t group;        // ModRM.reg if it is part of the opcode, or -1
    bool modrm, memory;  // whether there is a ModRM, and its operand's kind
};

struct instance {
    uint8_t bytes[16];
    enum insn_status status;
    struct insn insn;
    struct cpu_state state;
    uint32_t target; // the linear address that ModRM leads to, about
};

// Lists all forms: every opcode that the emulator is to know, in every kind of
// ModRM that belongs to it.
size_t forms_list(struct form *forms, size_t room);

// Makes an instance and its state. The arena gets random contents.
void forms_make(const struct form *form, struct instance *instance);

// Called by forms_make: gives an opcode the values it is interesting with,
// before ModRM's registers are steered and when all addresses are known.
void forms_fit_registers(const struct form *form, struct instance *instance);
void forms_fit_memory(const struct form *form, struct instance *instance);

// "0f ba /5 memory"; returns `out`.
const char *forms_text(char *out, size_t size, const struct form *form);
