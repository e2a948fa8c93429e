// SPDX-License-Identifier: MIT
// Emulated moves: whatever carries values about and leaves the flags alone.
//
// Few of these parts name a size: insn_operands has worked out the size of
// each operand from opcode and prefixes, and operand_read and operand_write
// follow it. Those that have no operands in the encoding (CWD, XLAT) do.
#include "kernel/string.h"
#include "smc/x86/emulate_step.h"

// 88..8b, a0..a3, b0..bf: the row says which operand is what, so one part does
// for register, memory, fixed address and immediate.
bool run_mov(struct step *s)
{
    uint32_t value;
    return operand_read(s, 1, &value) && operand_write(s, 0, value);
}

// C6 and C7. With ModRM.reg 7 they are XABORT and XBEGIN, which have one
// operand: run_mov would read a second that is not there.
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

// The address as a number: no segment, no access, no fault. 67 cuts the sum to
// 16 bits, 66 what is kept of it. [SDM2 LEA]
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

// MOVZX b6, b7 and MOVSX be, bf. The two operands differ in size: the source's
// is the one to extend from, the destination's cuts what is written.
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
    // Both are read before either is written, and memory goes first: in
    // xchg %ebx,(%ebx) the register is the address, too.
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

// A byte, 0 or 1, whatever the prefixes say. The upper bytes of the register
// stay, which is why compilers put a MOVZX behind it.
bool run_setcc(struct step *s)
{
    return operand_write(s, 0, flags_condition(s, s->insn->opcode & 15));
}

// With a 66 prefix the result is undefined; processors give 0. [SDM2 BSWAP]
bool run_bswap(struct step *s)
{
    unsigned reg = s->insn->opcode & 7;
    uint32_t value = gpr_get(s, reg, s->insn->operand_size);
    // Three rotations on an i386, BSWAP since the 80486; never a call of
    // libgcc.
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

//   98 with 66   al -> ax            99 with 66   ax  -> dx:ax
//   98           ax -> eax           99           eax -> edx:eax
//
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
