// SPDX-License-Identifier: MIT
// Emulated access to single bits: BT, BTS, BTR, BTC, and the scans.
//
//   0f a3 ab b3 bb /r    number in a register    BT BTS BTR BTC
//   0f ba /4 /5 /6 /7    number as an immediate  BT BTS BTR BTC
#include "smc/x86/emulate_step.h"

enum { BIT_TEST = 4, BIT_SET, BIT_RESET, BIT_COMPLEMENT };

// Bits 3..5 of a3, ab, b3 and bb; ModRM.reg after ba. They agree.
static unsigned operation(const struct insn *insn)
{
    return insn->opcode == 0xba ? modrm_reg(insn) : insn->opcode >> 3 & 7;
}

// With the bit's number in a register, memory is a string of bits around the
// address: -2 GiB to 2 GiB of them. The number's upper part, with its sign,
// chooses the word; an immediate stays inside one. [SDM2 BT]
//
//   bit      -33      -1 0            31 32
//   word   [ ... ][ ... ][ address ... ][ ... ]
static uint32_t string_offset(const struct step *s, uint32_t number,
                              unsigned size)
{
    uint32_t offset = operand_offset(s, 0);
    if (s->insn->opcode == 0xba)
        return offset;
    int32_t word = sign_extend(number, size) >> (size == 4 ? 5 : 4);
    offset += (uint32_t)word * size;
    return offset & size_mask(s->insn->address_size);
}

bool run_bit_test(struct step *s)
{
    const struct operand *o = &s->operand[0];
    unsigned size = s->insn->operand_size, what = operation(s->insn);
    uint32_t value = 0, number, offset = 0;
    if (!operand_read(s, 1, &number))
        return false;
    if (o->kind != OPERAND_MEM) {
        value = gpr_get(s, o->reg, size);
    } else {
        offset = string_offset(s, number, size);
        if (!memory_read(s, o->segment, offset, &value, size,
                         what != BIT_TEST))
            return false;
    }
    // Only CF is defined; the rest is left.
    // Of a register, a number beyond its bits counts from the start again.
    uint32_t bit = 1u << number % (8 * size), old = value;
    flag_set(s, FLAG_C, value & bit);
    if (what == BIT_TEST)
        return true;
    value = what == BIT_SET     ? value | bit
            : what == BIT_RESET ? value & ~bit
                                : value ^ bit;
    if (o->kind != OPERAND_MEM)
        return operand_write(s, 0, value);
    return memory_replace(s, o->segment, offset, &old, &value, size,
                          s->insn->prefixes & PREFIX_LOCK);
}

// BSF bc from below, BSR bd from above. Only ZF is defined. For zero Intel
// leaves the result open; every processor leaves the register alone, and old
// code relies on it.
bool run_bit_scan(struct step *s)
{
    uint32_t value, bit;
    if (!operand_read(s, 1, &value))
        return false;
    flag_set(s, FLAG_Z, value == 0);
    if (value == 0)
        return true;
    if (s->insn->opcode == 0xbc)
        for (bit = 0; !(value >> bit & 1);)
            bit++;
    else
        for (bit = 31; !(value >> bit & 1);)
            bit--;
    return operand_write(s, 0, bit);
}
