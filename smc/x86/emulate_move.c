// SPDX-License-Identifier: MIT
// Emulated moves: whatever carries values about and leaves the flags alone.
#include "kernel/string.h"
#include "smc/x86/emulate_step.h"

bool run_mov(struct step *s)
{
    uint32_t value;
    return operand_read(s, 1, &value) && operand_write(s, 0, value);
}

// C6 and C7. With ModRM.reg 7 they are XABORT and XBEGIN.
bool run_mov_immediate(struct step *s)
{
    return modrm_reg(s->insn) ? step_refuse(s) : run_mov(s);
}

// A register gets the selector with zeros above it, memory two bytes only,
// whatever the operand size. [SDM2 MOV]
bool run_mov_from_segment(struct step *s)
{
    uint16_t selector = s->cpu.segment[s->operand[1].reg].selector;
    const struct operand *to = &s->operand[0];
    if (operand_is_memory(s, 0))
        return memory_write(s, to->segment, operand_offset(s, 0), &selector,
                            sizeof(selector));
    gpr_set(s, to->reg, s->insn->operand_size, selector);
    return true;
}

bool run_lea(struct step *s)
{
    return operand_write(s, 0, operand_offset(s, 1));
}

// Hints name a memory operand and do not touch it.
bool run_nop(struct step *s)
{
    (void)s;
    return true;
}

// MOVZX b6, b7 and MOVSX be, bf.
bool run_extend(struct step *s)
{
    uint32_t value;
    if (!operand_read(s, 1, &value))
        return false;
    if (s->insn->opcode >= 0xbe)
        value = (uint32_t)sign_extend(value, s->operand[1].size);
    return operand_write(s, 0, value);
}

// With memory XCHG is locked without the prefix. Intel's order of operands
// differs between the forms, so the memory operand is looked for. 90, the
// form "eax with eax", does nothing and is printed as NOP.
bool run_xchg(struct step *s)
{
    unsigned to = operand_is_memory(s, 1), from = 1 - to;
    const struct operand *o = &s->operand[to];
    uint32_t a, b;
    if (s->insn->opcode == 0x90)
        return true;
    if (!operand_fetch(s, to, &a) || !operand_read(s, from, &b))
        return false;
    if (o->kind != OPERAND_MEM)
        operand_write(s, to, b);
    else if (!memory_replace(s, o->segment, operand_offset(s, to), &a, &b,
                             o->size, true))
        return false;
    return operand_write(s, from, a);
}

// Memory is read, and may fault, whether the condition holds or not.
bool run_cmov(struct step *s)
{
    uint32_t value;
    if (!operand_read(s, 1, &value))
        return false;
    return !flags_condition(s, s->insn->opcode & 15) ||
           operand_write(s, 0, value);
}

bool run_setcc(struct step *s)
{
    return operand_write(s, 0, flags_condition(s, s->insn->opcode & 15));
}

// With a 66 prefix the result is undefined; processors give 0. [SDM2 BSWAP]
bool run_bswap(struct step *s)
{
    unsigned reg = s->insn->opcode & 7;
    uint32_t value = gpr_get(s, reg, s->insn->operand_size);
    uint32_t swapped = s->insn->operand_size == 2 ? 0
                                                  : __builtin_bswap32(value);
    gpr_set(s, reg, s->insn->operand_size, swapped);
    return true;
}

// AL indexes a table at EBX. The only address with a byte register in it.
bool run_xlat(struct step *s)
{
    unsigned segment = s->insn->segment;
    uint32_t offset = s->cpu.gpr[REG_BX] + gpr_get(s, REG_AX, 1);
    uint8_t value;
    if (!memory_read(s, segment == SEG_NONE ? SEG_DS : segment,
                     offset & size_mask(s->insn->address_size), &value, 1,
                     false))
        return false;
    gpr_set(s, REG_AX, 1, value);
    return true;
}

// CBW, CWDE: the lower half of the accumulator becomes all of it.
bool run_cbw(struct step *s)
{
    unsigned size = s->insn->operand_size, half = size / 2;
    uint32_t value = gpr_get(s, REG_AX, half);
    gpr_set(s, REG_AX, size, (uint32_t)sign_extend(value, half));
    return true;
}

// CWD, CDQ: the accumulator's sign fills DX or EDX.
bool run_cwd(struct step *s)
{
    unsigned size = s->insn->operand_size;
    bool negative = gpr_get(s, REG_AX, size) & size_sign(size);
    gpr_set(s, REG_DX, size, negative ? 0xffffffff : 0);
    return true;
}
