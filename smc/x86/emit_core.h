// SPDX-License-Identifier: MIT
// What the functions of emit_forms.h boil down to: opcode, ModRM, immediate.
// For emit.h's own files; who makes code uses emit.h.
//
// An opcode is written as its bytes read: 0x0faf, 0x660fef. A prefix that is
// part of it (66, f2, f3) comes first.
#pragma once
#include "smc/x86/mem.h"
#include <stdint.h>

// Opcode and an immediate of 0, 1, 2 or 4 bytes.
void emit_plain(struct emitter *e, uint32_t opcode, uint32_t imm,
                unsigned imm_size);
// Opcode, ModRM and an immediate.
void emit_modrm(struct emitter *e, uint32_t opcode, unsigned reg,
                struct mem rm, uint32_t imm, unsigned imm_size);

// The shortest of several encodings; `size` is the operand's: 1, 2 or 4.
void emit_alu(struct emitter *e, unsigned size, unsigned digit, struct mem d,
              uint32_t imm);
void emit_test(struct emitter *e, unsigned size, struct mem d, uint32_t imm);
void emit_shift(struct emitter *e, unsigned size, unsigned digit, struct mem d,
                uint32_t imm);
void emit_imul(struct emitter *e, unsigned size, unsigned d, struct mem s,
               uint32_t imm);
// `opcode`: 0x88 stores, 0x8a loads.
void emit_mov(struct emitter *e, unsigned size, uint32_t opcode, unsigned reg,
              struct mem m);
void emit_xchg(struct emitter *e, unsigned size, unsigned a, unsigned b);
void emit_segment(struct emitter *e, const uint16_t opcodes[6],
                  unsigned segment);
void emit_enter(struct emitter *e, uint32_t frame, uint32_t level);
void emit_far(struct emitter *e, uint32_t opcode, uint16_t selector,
              uint32_t offset);

// Returns `value`; if it is not in the set of bits, the emitter refuses with
// EMIT_OPERAND, and what follows emits nothing.
unsigned emit_one_of(struct emitter *e, unsigned value, uint32_t set);

// Records an error, if it is the first.
void emit_refuse(struct emitter *e, enum emit_error error);

// The opcode of a form for operands of `size` bytes, where the lowest bit
// tells one byte from more and 66 tells two from four.
static inline uint32_t opcode_sized(uint32_t opcode, unsigned size)
{
    if (size == 1)
        return opcode;
    if (size == 2)
        opcode |= opcode > 0xff ? 0x660000 : 0x6600;
    return opcode | 1;
}

// The same where there is no form for bytes: 66 alone tells.
static inline uint32_t opcode_wide(uint32_t opcode, unsigned size)
{
    if (size == 2)
        opcode |= opcode > 0xff ? 0x660000 : 0x6600;
    return opcode;
}

static inline struct mem emit_direct(unsigned reg)
{
    return (struct mem){.direct = true, .base = (uint8_t)reg};
}
