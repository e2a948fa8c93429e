// SPDX-License-Identifier: MIT
// Emulated multiplication and division.
//
// Both work on a pair of registers that is twice as wide as the operand:
//
//   operand   pair               product   quotient  remainder
//   byte      ah : al (is ax)    pair      al        ah
//   word      dx : ax            pair      ax        dx
//   long      edx : eax          pair      eax       edx
#include "smc/x86/emulate_step.h"

static uint64_t pair_get(const struct step *s, unsigned size)
{
    unsigned high = size == 1 ? 4 : REG_DX;
    return (uint64_t)gpr_get(s, high, size) << 8 * size |
           gpr_get(s, REG_AX, size);
}

static void pair_set(struct step *s, unsigned size, uint32_t high,
                     uint32_t low)
{
    gpr_set(s, size == 1 ? 4 : REG_DX, size, high);
    gpr_set(s, REG_AX, size, low);
}

// CF and OF tell that the upper half says more than the lower half's sign.
// The other four flags are undefined; they are left as they were.
static void flags_product(struct step *s, bool wide)
{
    flag_set(s, FLAG_C, wide);
    flag_set(s, FLAG_O, wide);
}

// The product of two signed 32-bit numbers always fits 64 bits. Cut to the low
// half it is the same for MUL and IMUL; only the high half and the flags
// differ, which is why MUL has no form that drops it.
static uint32_t multiply_signed(struct step *s, uint32_t a, uint32_t b,
                                unsigned size, uint32_t *high)
{
    int64_t product = (int64_t)sign_extend(a, size) * sign_extend(b, size);
    uint32_t low = (uint32_t)product & size_mask(size);
    *high = (uint32_t)((uint64_t)product >> 8 * size);
    flags_product(s, product != sign_extend(low, size));
    return low;
}

// IMUL with two or three operands keeps the lower half only.
bool run_imul(struct step *s)
{
    // 69 and 6b: reg = r/m * imm; 0f af: reg = reg * r/m.
    unsigned first = s->insn->map == MAP_0F ? 0 : 1;
    uint32_t a, b, high;
    if (!operand_read(s, first, &a) || !operand_read(s, first + 1, &b))
        return false;
    return operand_write(
        s, 0, multiply_signed(s, a, b, s->insn->operand_size, &high));
}

static void multiply(struct step *s, uint32_t value, unsigned size)
{
    uint64_t product = (uint64_t)gpr_get(s, REG_AX, size) * value;
    uint32_t high = (uint32_t)(product >> 8 * size);
    pair_set(s, size, high, (uint32_t)product);
    flags_product(s, high != 0);
}

static void multiply_pair(struct step *s, uint32_t value, unsigned size)
{
    uint32_t high, accumulator = gpr_get(s, REG_AX, size);
    uint32_t low = multiply_signed(s, accumulator, value, size, &high);
    pair_set(s, size, high, low);
}

// By shifting and subtracting, as on paper: a C division of 64 bits would
// call libgcc, which a kernel does not have. The quotient must fit 32 bits,
// that is, the upper half of the dividend is less than the divisor.
static uint32_t divide_long(uint64_t dividend, uint32_t divisor,
                            uint32_t *remainder)
{
    uint32_t quotient = 0;
    uint64_t rest = dividend >> 32;
    for (int bit = 31; bit >= 0; bit--) {
        rest = rest << 1 | (uint32_t)(dividend >> bit & 1);
        quotient <<= 1;
        if (rest >= divisor) {
            rest -= divisor;
            quotient |= 1;
        }
    }
    *remainder = (uint32_t)rest;
    return quotient;
}

// False: the divisor is zero, or the quotient does not fit its register. All
// six flags are undefined; they are left as they were.
static bool divide(struct step *s, uint32_t divisor, unsigned size)
{
    uint64_t dividend = pair_get(s, size);
    uint32_t remainder;
    // The processor has one fault for both. [SDM2 DIV]
    if (dividend >> 8 * size >= divisor) // also if the divisor is zero
        return step_fault(s, FAULT_DIVIDE);
    uint32_t quotient = divide_long(dividend, divisor, &remainder);
    pair_set(s, size, remainder, quotient);
    return true;
}

// Magnitudes are divided and signs put on afterwards. The quotient is cut
// towards zero and the remainder has the dividend's sign. [SDM2 IDIV]
//
//   dividend  divisor   quotient  remainder
//       7        2          3         1
//      -7        2         -3        -1
//       7       -2         -3         1
//      -7       -2          3        -1
//
// The numbers are unsigned here, so that the magnitude of the least one, which
// has no positive twin, is no overflow in C.
static bool divide_signed(struct step *s, uint32_t value, unsigned size)
{
    uint64_t pair = pair_get(s, size);
    bool minus = pair >> (16 * size - 1), opposite = value & size_sign(size);
    uint32_t divisor = (opposite ? -value : value) & size_mask(size);
    uint64_t dividend = (minus ? -pair : pair) & ~0ull >> (64 - 16 * size);
    uint32_t remainder;
    if (dividend >> 8 * size >= divisor)
        return step_fault(s, FAULT_DIVIDE);
    uint32_t quotient = divide_long(dividend, divisor, &remainder);
    bool negative = minus != opposite;
    // One more fits below zero than above.
    if (quotient > size_sign(size) - !negative)
        return step_fault(s, FAULT_DIVIDE);
    pair_set(s, size, minus ? -remainder : remainder,
             negative ? -quotient : quotient);
    return true;
}

// F6 and F7: MUL, IMUL, DIV, IDIV are ModRM.reg 4, 5, 6, 7.
bool run_multiply_divide(struct step *s)
{
    // Operand 0 is the one that is named; the pair is in no operand list.
    unsigned size = width(s->insn);
    uint32_t value;
    if (!operand_read(s, 0, &value))
        return false;
    switch (modrm_reg(s->insn)) {
    case 4: multiply(s, value, size); return true;
    case 5: multiply_pair(s, value, size); return true;
    case 6: return divide(s, value, size);
    default: return divide_signed(s, value, size);
    }
}
