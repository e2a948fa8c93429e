// SPDX-License-Identifier: MIT
// Emulated arithmetic and logic: the eight operations of the first rows of
// the opcode map, their one-operand relatives, and the compare-and-exchange
// family that is built from them.
//
//   opcode   00..05 + 8 * operation   80..83 /operation
//   operand  0 is the destination, 1 the source, in every form
//
// Flags go into the copy before memory is written, so a write that faults
// takes them back without any code here.
#include "kernel/string.h"
#include "smc/x86/emulate_step.h"

// Bits 3..5 of the opcode, or ModRM.reg after 80..83. [SDM2 A.4.2]
enum { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };

// The carry out of each bit, for a + b = r: both had it, or one had it and
// the sum lost it. Bit 3 gives AF, the highest bit CF; and the sum overflows
// if both operands' signs differ from its own.
//
//   bits a, b   carry in   bit r      carry out
//   both 0      any        carry in   0           a | b is 0
//   one is 1    0          1          0           ~r is 0
//   one is 1    1          0          1           a | b, and ~r
//   both 1      any        carry in   1           a & b
//
// So no wider type is needed, and bytes, words and longs are one case: the
// size only says which place is the highest. Bits above it may be anything,
// as they are in a sign-extended immediate.
uint32_t flags_add(struct step *s, uint32_t a, uint32_t b, bool carry,
                   unsigned size)
{
    uint32_t sign = size_sign(size), r = a + b + carry;
    uint32_t carries = (a & b) | ((a | b) & ~r);
    flag_set(s, FLAG_C, carries & sign);
    flag_set(s, FLAG_A, carries & 8);
    flag_set(s, FLAG_O, (a ^ r) & (b ^ r) & sign);
    flags_result(s, r, size);
    return r & size_mask(size);
}

// The same for borrows: r = a - b overflows if the operands' signs differ and
// the result's is not the first one's.
uint32_t flags_subtract(struct step *s, uint32_t a, uint32_t b, bool borrow,
                        unsigned size)
{
    uint32_t sign = size_sign(size), r = a - b - borrow;
    uint32_t borrows = (~a & b) | ((~a | b) & r);
    flag_set(s, FLAG_C, borrows & sign);
    flag_set(s, FLAG_A, borrows & 8);
    flag_set(s, FLAG_O, (a ^ b) & (a ^ r) & sign);
    flags_result(s, r, size);
    return r & size_mask(size);
}

// AF is undefined after these; processors clear it. `r` may have bits above
// `size`, from a sign-extended immediate: whoever writes it cuts it.
static uint32_t logic(struct step *s, uint32_t r, unsigned size)
{
    s->cpu.eflags &= ~(uint32_t)(FLAG_C | FLAG_O | FLAG_A);
    flags_result(s, r, size);
    return r;
}

static uint32_t compute(struct step *s, unsigned operation, uint32_t a,
                        uint32_t b, unsigned size)
{
    bool carry = flag_get(s, FLAG_C);
    switch (operation) {
    case ALU_ADD: return flags_add(s, a, b, false, size);
    case ALU_ADC: return flags_add(s, a, b, carry, size);
    case ALU_SUB:
    case ALU_CMP: return flags_subtract(s, a, b, false, size);
    case ALU_SBB: return flags_subtract(s, a, b, carry, size);
    case ALU_AND: return logic(s, a & b, size);
    case ALU_OR: return logic(s, a | b, size);
    default: return logic(s, a ^ b, size);
    }
}

// CMP only reads: its operand may lie in a page that cannot be written.
static bool alu(struct step *s, unsigned operation)
{
    unsigned size = s->operand[0].size;
    bool compare = operation == ALU_CMP;
    uint32_t a, b;
    if (!(compare ? operand_read(s, 0, &a) : operand_fetch(s, 0, &a)) ||
        !operand_read(s, 1, &b))
        return false;
    uint32_t result = compute(s, operation, a, b, size);
    return compare || operand_replace(s, 0, a, result);
}

bool run_alu(struct step *s)
{
    return alu(s, s->insn->opcode >> 3 & 7);
}

bool run_alu_immediate(struct step *s)
{
    return alu(s, modrm_reg(s->insn));
}

// AND without its result. 84, 85, a8, a9, f6 /0 and f7 /0.
bool run_test(struct step *s)
{
    uint32_t a, b;
    if (!operand_read(s, 0, &a) || !operand_read(s, 1, &b))
        return false;
    logic(s, a & b, s->operand[0].size);
    return true;
}

// NOT is ModRM.reg 2 and leaves the flags alone. NEG is 3, a subtraction from
// zero: so CF is set unless the operand was 0, and OF only for the one number
// that has no positive twin. [SDM2 NEG]
bool run_unary(struct step *s)
{
    unsigned size = s->operand[0].size;
    uint32_t a;
    if (!operand_fetch(s, 0, &a))
        return false;
    uint32_t result = modrm_reg(s->insn) == 2
                          ? ~a & size_mask(size)
                          : flags_subtract(s, 0, a, false, size);
    return operand_replace(s, 0, a, result);
}

// 40..47 and ModRM.reg 0 are INC, 48..4f and ModRM.reg 1 are DEC. Both keep
// the carry, so that they can count inside a multi-word addition.
bool run_inc_dec(struct step *s)
{
    const struct insn *insn = s->insn;
    bool decrement = (insn->opcode < 0x50 ? insn->opcode : insn->modrm) & 8;
    unsigned size = s->operand[0].size;
    bool carry = flag_get(s, FLAG_C);
    uint32_t a;
    if (!operand_fetch(s, 0, &a))
        return false;
    uint32_t result = decrement ? flags_subtract(s, a, 1, false, size)
                                : flags_add(s, a, 1, false, size);
    flag_set(s, FLAG_C, carry);
    return operand_replace(s, 0, a, result);
}

//   accumulator = destination   ZF   destination   accumulator
//   yes                         1    <- source
//   no                          0    <- itself     <- destination
//
// The destination is written in any case, with its own value if it was not
// equal: so it must be writable in any case.
bool run_cmpxchg(struct step *s)
{
    unsigned size = s->operand[0].size;
    uint32_t old, new;
    if (!operand_fetch(s, 0, &old) || !operand_read(s, 1, &new))
        return false;
    flags_subtract(s, gpr_get(s, REG_AX, size), old, false, size);
    bool equal = flag_get(s, FLAG_Z);
    if (!operand_replace(s, 0, old, equal ? new : old))
        return false;
    if (!equal)
        gpr_set(s, REG_AX, size, old); // only now: it may be the address
    return true;
}

// Only ModRM.reg 1 is CMPXCHG8B; the others are newer. ZF alone changes. The
// pairs are edx:eax (expected) and ecx:ebx (new), low half at the low address.
// Eight bytes do not fit an operand's value, hence memory_read and not
// operand_fetch. A register operand is F0 0F C7 C8, which hung the Pentium.
bool run_cmpxchg8b(struct step *s)
{
    const uint32_t *gpr = s->cpu.gpr;
    const struct operand *o = &s->operand[0];
    if (modrm_reg(s->insn) != 1 || o->kind != OPERAND_MEM)
        return step_refuse(s);
    uint32_t offset = operand_offset(s, 0);
    uint32_t old[2], new[2] = {gpr[REG_BX], gpr[REG_CX]};
    if (!memory_read(s, o->segment, offset, old, sizeof(old), true))
        return false;
    bool equal = old[0] == gpr[REG_AX] && old[1] == gpr[REG_DX];
    flag_set(s, FLAG_Z, equal);
    if (!equal) {
        s->cpu.gpr[REG_AX] = old[0];
        s->cpu.gpr[REG_DX] = old[1];
    }
    return memory_replace(s, o->segment, offset, old, equal ? new : old,
                          sizeof(old), s->insn->prefixes & PREFIX_LOCK);
}

// The sum stays if both are the same register, so it is written last; but not
// to memory, whose address the source may be part of.
bool run_xadd(struct step *s)
{
    uint32_t a, b;
    if (!operand_fetch(s, 0, &a) || !operand_read(s, 1, &b))
        return false;
    uint32_t sum = flags_add(s, a, b, false, s->operand[0].size);
    if (operand_is_memory(s, 0))
        return operand_replace(s, 0, a, sum) && operand_write(s, 1, a);
    return operand_write(s, 1, a) && operand_write(s, 0, sum);
}
