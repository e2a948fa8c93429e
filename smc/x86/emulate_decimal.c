// SPDX-License-Identifier: MIT
// Emulated decimal arithmetic: one digit per half byte (DAA, DAS) or per byte
// (AAA, AAS, AAM, AAD). AF is the carry between two digits; this is what it
// is for. Not in 64-bit mode. [SDM1 7.3.5], [SDM2 DAA]
#include "smc/x86/emulate_step.h"

// After an addition or subtraction of packed digits in AL. Six is what a half
// byte holds more than a digit.
static void adjust_packed(struct step *s, bool subtract)
{
    uint32_t al = gpr_get(s, REG_AX, 1), old = al;
    bool carry = flag_get(s, FLAG_C);
    bool low = (al & 15) > 9 || flag_get(s, FLAG_A);
    bool high = old > 0x99 || carry;
    uint32_t amount = (low ? 6u : 0) + (high ? 0x60u : 0);
    al = subtract ? al - amount : al + amount;
    // DAS borrows from nowhere if the lower digit alone wraps the byte. DAA
    // cannot: what six wraps was over 99 already.
    flag_set(s, FLAG_C, high || (subtract && low && old < 6));
    flag_set(s, FLAG_A, low);
    gpr_set(s, REG_AX, 1, al);
    flags_result(s, al, 1);
}

// The same for a digit in AL with its carry going to AH. AX is added to as a
// whole: AL may carry into AH. OF, SF, ZF and PF are undefined.
static void adjust_unpacked(struct step *s, bool subtract)
{
    uint32_t ax = gpr_get(s, REG_AX, 2);
    bool adjust = (ax & 15) > 9 || flag_get(s, FLAG_A);
    if (adjust)
        ax = subtract ? ax - 0x106 : ax + 0x106;
    flag_set(s, FLAG_C, adjust);
    flag_set(s, FLAG_A, adjust);
    gpr_set(s, REG_AX, 2, ax & 0xff0f);
}

// 27 DAA, 2f DAS, 37 AAA, 3f AAS.
bool run_decimal(struct step *s)
{
    bool subtract = s->insn->opcode & 8;
    if (s->insn->opcode & 0x10)
        adjust_unpacked(s, subtract);
    else
        adjust_packed(s, subtract);
    return true;
}

// The base is the immediate; assemblers write 10. OF, AF and CF are undefined
// after these two.
bool run_aam(struct step *s)
{
    uint32_t al = gpr_get(s, REG_AX, 1), base = s->insn->imm & 0xff;
    if (!base)
        return step_fault(s, FAULT_DIVIDE);
    gpr_set(s, REG_AX, 2, al / base << 8 | al % base);
    flags_result(s, al % base, 1);
    return true;
}

// The reverse: two digits in ah:al become a number in AL, and AH 0. No base is
// an error here; 0 just drops AH.
bool run_aad(struct step *s)
{
    uint32_t ax = gpr_get(s, REG_AX, 2);
    uint32_t al = ((ax >> 8) * (s->insn->imm & 0xff) + ax) & 0xff;
    gpr_set(s, REG_AX, 2, al);
    flags_result(s, al, 1);
    return true;
}
