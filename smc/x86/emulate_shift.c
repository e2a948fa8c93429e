// SPDX-License-Identifier: MIT
// Emulated shifts and rotations.
//
// Only five bits of a count matter, even for bytes. A count of zero changes
// no flag. OF is defined for a count of one; here it follows the same rule
// for all counts, which is what most processors do. AF is undefined and left.
//
//   ROL   C <- n ... 0 <- n       ROR   0 -> n ... 0 -> C
//   RCL   C <- n ... 0 <- C       RCR   C -> n ... 0 -> C
//   SHL   C <- n ... 0 <- zero    SHR   zero -> n ... 0 -> C
//                                 SAR   n -> n ... 0 -> C
#include "smc/x86/emulate_step.h"

// ModRM.reg. 6 is a second SHL that no assembler emits. [SDM2 A.4.2]
enum { ROL, ROR, RCL, RCR, SHL, SHR, SHL_TOO, SAR };

static bool top_bit(uint32_t value, unsigned size)
{
    return value & size_sign(size);
}

// The highest two bits differ: what OF means after moves to the right.
static bool tops_differ(uint32_t value, unsigned size)
{
    return top_bit(value ^ value << 1, size);
}

// To the right is to the left by the rest of the way round. A byte rotated by
// 8 is as it was, but CF is set all the same: only a masked count of 0 leaves
// the flags alone, and run_shift has seen to that. The other four flags stay,
// too. [SDM2 RCL]
static uint32_t rotate(struct step *s, unsigned operation, uint32_t value,
                       unsigned count, unsigned size)
{
    unsigned bits = 8 * size, left = count % bits;
    if (operation == ROR)
        left = (bits - left) % bits;
    uint32_t r = value;
    if (left) // a shift by 32 is undefined in C
        r = (value << left | value >> (bits - left)) & size_mask(size);
    bool carry = operation == ROL ? r & 1 : top_bit(r, size);
    flag_set(s, FLAG_C, carry);
    flag_set(s, FLAG_O,
             operation == ROL ? top_bit(r, size) != carry
                              : tops_differ(r, size));
    return r;
}

// The carry is one more bit of the ring: 9, 17 or 33 in all.
//
//   RCL   C <- [ n ... 0 ] <- C        RCR   C -> [ n ... 0 ] -> C
static uint32_t rotate_carry(struct step *s, unsigned operation,
                             uint32_t value, unsigned count, unsigned size)
{
    unsigned bits = 8 * size + 1, left = count % bits;
    uint64_t ring = (uint64_t)flag_get(s, FLAG_C) << (bits - 1) | value;
    if (operation == RCR)
        left = (bits - left) % bits;
    ring = ring << left | ring >> (bits - left);
    bool carry = ring >> (bits - 1) & 1;
    uint32_t r = (uint32_t)ring & size_mask(size);
    flag_set(s, FLAG_C, carry);
    flag_set(s, FLAG_O,
             operation == RCL ? top_bit(r, size) != carry
                              : tops_differ(r, size));
    return r;
}

// In 64 bits, so that a count beyond the operand's size needs no care: the
// last bit that fell out is one place beside the result. SAR works on a number
// that is extended to 32 bits, so a byte shifted by 31 is all sign. `count` is
// 1..31: count - 1 is never negative.
static uint32_t shift(struct step *s, unsigned operation, uint32_t value,
                      unsigned count, unsigned size)
{
    uint32_t mask = size_mask(size), r;
    bool carry, overflow;
    if (operation == SHR) {
        r = value >> count;
        carry = value >> (count - 1) & 1;
        overflow = tops_differ(r, size);
    } else if (operation == SAR) {
        int32_t number = sign_extend(value, size);
        r = (uint32_t)(number >> count) & mask;
        carry = number >> (count - 1) & 1;
        overflow = false;
    } else {
        uint64_t wide = (uint64_t)value << count;
        r = (uint32_t)wide & mask;
        carry = wide >> 8 * size & 1;
        overflow = top_bit(r, size) != carry;
    }
    flag_set(s, FLAG_C, carry);
    flag_set(s, FLAG_O, overflow);
    flags_result(s, r, size);
    return r;
}

// C0, C1 by an immediate, D0, D1 by one, D2, D3 by CL: operand 1 knows. A
// shift by zero writes nothing but must be allowed to.
bool run_shift(struct step *s)
{
    unsigned size = s->operand[0].size, operation = modrm_reg(s->insn);
    uint32_t value, count;
    if (!operand_fetch(s, 0, &value) || !operand_read(s, 1, &count))
        return false;
    count &= 31;
    if (!count)
        return true;
    uint32_t r;
    if (operation <= ROR)
        r = rotate(s, operation, value, count, size);
    else if (operation <= RCR)
        r = rotate_carry(s, operation, value, count, size);
    else
        r = shift(s, operation, value, count, size);
    return operand_replace(s, 0, value, r);
}

// SHLD a4, a5 and SHRD ac, ad shift in bits of operand 1.
//
//   left    C <- [ value | filler ]        right   [ filler | value ] -> C
//                  ^^^^^ kept                                 ^^^^^
//
// Beyond 16 a word's result is undefined, and here some value. [SDM2 SHLD]
bool run_double_shift(struct step *s)
{
    unsigned size = s->operand[0].size, bits = 8 * size;
    bool right = s->insn->opcode & 8;
    uint32_t value, filler, count;
    if (!operand_fetch(s, 0, &value) || !operand_read(s, 1, &filler) ||
        !operand_read(s, 2, &count))
        return false;
    count &= 31;
    if (!count)
        return true;
    if (count > bits)
        count -= bits;
    uint64_t pair = right ? (uint64_t)filler << bits | value
                          : (uint64_t)value << bits | filler;
    uint32_t r = (uint32_t)(right ? pair >> count : pair << count >> bits);
    bool carry = pair >> (right ? count - 1 : 2 * bits - count) & 1;
    r &= size_mask(size);
    flag_set(s, FLAG_C, carry);
    flag_set(s, FLAG_O, top_bit(value ^ r, size));
    flags_result(s, r, size);
    return operand_replace(s, 0, value, r);
}
