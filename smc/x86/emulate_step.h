// SPDX-License-Identifier: MIT
// The inside of the emulator: one step in progress, and what its parts share.
// Only emulate*.c include this.
//
// Every part works on s->cpu, a copy. emulate() keeps the copy if the part
// returns true and throws it away if not, so a part need not take anything
// back. What remains is memory: a part writes it once, and last.
#pragma once
#include "smc/x86/emulate.h"

struct step {
    struct cpu_state cpu; // as it will be; eip is already the next one's
    const struct insn *insn;
    const struct emulate_world *world;
    struct emulate_result result;
    struct operand operand[INSN_OPERANDS];
};

// Executes one kind of instruction. False: s->result tells why it stopped.
typedef bool step_run(struct step *s);

// All return false, to be returned.
bool step_stop(struct step *s, struct emulate_result result);
bool step_fault(struct step *s, uint8_t vector); // error code 0
bool step_refuse(struct step *s);

// Sizes ---------------------------------------------------------------------

// `size` is 1, 2 or 4 bytes.
static inline uint32_t size_mask(unsigned size)
{
    return 0xffffffffu >> (32 - 8 * size);
}

static inline uint32_t size_sign(unsigned size)
{
    return 1u << (8 * size - 1);
}

// As a signed number: flip the sign bit to 0..2^n-1, and take its weight off.
static inline int32_t sign_extend(uint32_t value, unsigned size)
{
    uint32_t sign = size_sign(size);
    return (int32_t)(((value & size_mask(size)) ^ sign) - sign);
}

// What an opcode's lowest bit says in most rows: bytes, or the full size.
static inline unsigned width(const struct insn *insn)
{
    return insn->opcode & 1 ? insn->operand_size : 1;
}

static inline unsigned modrm_reg(const struct insn *insn)
{
    return insn->modrm >> 3 & 7;
}

// Flags ---------------------------------------------------------------------

static inline void flag_set(struct step *s, uint32_t flag, bool on)
{
    s->cpu.eflags = on ? s->cpu.eflags | flag : s->cpu.eflags & ~flag;
}

static inline bool flag_get(const struct step *s, uint32_t flag)
{
    return s->cpu.eflags & flag;
}

// Zero, sign and parity of a result.
void flags_result(struct step *s, uint32_t value, unsigned size);

// One of the sixteen conditions of Jcc, SETcc and CMOVcc. [SDM2 B.1.4.7]
bool flags_condition(const struct step *s, unsigned condition);

// The sum with `carry` and the difference with `borrow`; set all six flags.
uint32_t flags_add(struct step *s, uint32_t a, uint32_t b, bool carry,
                   unsigned size);
uint32_t flags_subtract(struct step *s, uint32_t a, uint32_t b, bool borrow,
                        unsigned size);

// CLI, STI, PUSHF, ...: whether virtual-8086 mode forbids it, and whether
// IOPL allows the interrupt flag to be changed.
bool flags_v86_denied(const struct step *s);
bool flags_io_allowed(const struct step *s);
// Replaces what POPF or IRET may replace at this privilege: the low `size`
// bytes, reserved bits and VM never.
void flags_load(struct step *s, uint32_t value, unsigned size);

// Registers and memory ------------------------------------------------------

uint32_t gpr_get(const struct step *s, unsigned reg, unsigned size);
// The rest of the 32-bit register keeps its value.
void gpr_set(struct step *s, unsigned reg, unsigned size, uint32_t value);

// `offset` counts in the segment. These check limit and rights.
bool memory_read(struct step *s, unsigned segment, uint32_t offset,
                 void *bytes, size_t size, bool will_write);
bool memory_write(struct step *s, unsigned segment, uint32_t offset,
                  const void *bytes, size_t size);
// Writes over `old`, which was read with will_write; atomic if `locked`.
bool memory_replace(struct step *s, unsigned segment, uint32_t offset,
                    const void *old, const void *bytes, size_t size,
                    bool locked);

// The offset of memory operand n, cut to the address size.
uint32_t operand_offset(const struct step *s, unsigned n);
bool operand_is_memory(const struct step *s, unsigned n);
// The value of operand n: register, memory or immediate.
bool operand_read(struct step *s, unsigned n, uint32_t *value);
bool operand_write(struct step *s, unsigned n, uint32_t value);
// A read whose result is written back by operand_replace.
bool operand_fetch(struct step *s, unsigned n, uint32_t *value);
bool operand_replace(struct step *s, unsigned n, uint32_t old, uint32_t value);

// Gives a segment register a new selector. It is in the copy at once.
bool segment_load(struct step *s, unsigned index, uint16_t selector);

// The stack -----------------------------------------------------------------

enum { STACK_BLOCK = 32 }; // values; the most that ENTER pushes

// 2 or 4: whether SP or ESP is the stack pointer.
unsigned stack_size(const struct step *s);
void stack_move(struct step *s, uint32_t bytes); // adds, wraps as SP does
// One value of operand size.
bool stack_push(struct step *s, uint32_t value);
bool stack_pop(struct step *s, uint32_t *value);
// Several at once, so that the pushes of one instruction fault together:
// values[0] goes to, or comes from, the lowest address.
bool stack_push_block(struct step *s, const uint32_t *values, unsigned count);
bool stack_pop_block(struct step *s, uint32_t *values, unsigned count);

// Control flow --------------------------------------------------------------

// Goes to an offset in CS, which must be in its limit.
bool flow_go(struct step *s, uint32_t target);

// The parts, by file --------------------------------------------------------

// emulate_alu.c
step_run run_alu, run_alu_immediate, run_test, run_unary, run_inc_dec;
step_run run_cmpxchg, run_cmpxchg8b, run_xadd;
// emulate_bits.c
step_run run_bit_test, run_bit_scan;
// emulate_decimal.c
step_run run_decimal, run_aam, run_aad;
// emulate_flags.c
step_run run_flag, run_cli_sti, run_pushf, run_popf, run_lahf, run_sahf;
// emulate_flow.c
step_run run_branch, run_loop, run_jump, run_call, run_return, run_indirect;
step_run run_interrupt, run_halt, run_undefined;
// emulate_far.c
step_run run_far, run_far_indirect, run_far_return, run_iret;
step_run run_load_pointer, run_load_segment;
// emulate_move.c
step_run run_mov, run_mov_immediate, run_mov_from_segment, run_lea, run_nop,
    run_extend;
step_run run_xchg, run_cmov, run_setcc, run_bswap, run_xlat, run_cbw, run_cwd;
// emulate_multiply.c
step_run run_multiply_divide, run_imul;
// emulate_shift.c
step_run run_shift, run_double_shift;
// emulate_stack.c
step_run run_push, run_pop, run_pusha, run_popa, run_enter, run_leave;
step_run run_pop_segment;
// emulate_string.c
step_run run_string;
