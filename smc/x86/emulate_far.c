// SPDX-License-Identifier: MIT
// Emulated segment loads: MOV, LDS and its family, far jumps, calls and
// returns, and IRET as long as it stays at its privilege level.
//
// What a selector means is answered by world->load, which also judges it. A
// flat kernel leaves that NULL and may then reload what is loaded, which is
// enough for its own IRET and "ljmp $cs, $next".
#include "kernel/string.h"
#include "smc/x86/emulate_step.h"

// The far pointer that operand n, in memory, holds: first the offset in
// operand size, then the selector.
//
//   operand size 4   [ offset, 4 bytes   ][ selector ]
//   operand size 2   [ offset, 2 ][ selector ]
static bool read_pointer(struct step *s, unsigned n, uint32_t *offset,
                         uint16_t *selector)
{
    uint8_t bytes[6];
    unsigned size = s->insn->operand_size;
    if (!memory_read(s, s->operand[n].segment, operand_offset(s, n), bytes,
                     size + 2, false))
        return false;
    *offset = 0;
    memcpy(offset, bytes, size);
    memcpy(selector, bytes + size, sizeof(*selector));
    return true;
}

// LES c4, LDS c5, LSS 0f b2, LFS 0f b4, LGS 0f b5.
// One read for both parts: half a pointer that ends at a page which is absent
// is never loaded. [SDM2 LDS]
bool run_load_pointer(struct step *s)
{
    unsigned index = SEG_ES;
    uint32_t offset;
    uint16_t selector;
    switch (s->insn->opcode) {
    case 0xc5: index = SEG_DS; break;
    case 0xb2: index = SEG_SS; break;
    case 0xb4: index = SEG_FS; break;
    case 0xb5: index = SEG_GS; break;
    }
    return read_pointer(s, 1, &offset, &selector) &&
           segment_load(s, index, selector) && operand_write(s, 0, offset);
}

// 8E. Two bytes of memory whatever the operand size: four might reach behind
// the segment's limit. MOV to CS is no instruction; the decoder refuses it.
bool run_load_segment(struct step *s)
{
    unsigned index = s->operand[0].reg;
    const struct operand *from = &s->operand[1];
    uint16_t selector;
    if (from->kind != OPERAND_MEM)
        selector = (uint16_t)gpr_get(s, from->reg, 2);
    else if (!memory_read(s, from->segment, operand_offset(s, 1), &selector,
                          sizeof(selector), false))
        return false;
    s->cpu.interrupt_shadow = index == SEG_SS;
    return segment_load(s, index, selector);
}

// A call pushes CS above EIP:
//
//   esp -->  [ eip ][ cs, zero-extended ]
// `back` is taken before CS changes; the push, which touches memory, is last.
static bool go_far(struct step *s, uint16_t selector, uint32_t target,
                   bool call)
{
    uint32_t back[2] = {s->cpu.eip, s->cpu.segment[SEG_CS].selector};
    return segment_load(s, SEG_CS, selector) && flow_go(s, target) &&
           (!call || stack_push_block(s, back, 2));
}

// CALL 9a and JMP ea.
bool run_far(struct step *s)
{
    const struct insn *insn = s->insn;
    return go_far(s, insn->imm2, insn->imm, insn->opcode == 0x9a);
}

// FF /3 and /5.
bool run_far_indirect(struct step *s)
{
    uint32_t target;
    uint16_t selector;
    return read_pointer(s, 0, &target, &selector) &&
           go_far(s, selector, target, modrm_reg(s->insn) == 3);
}

// The target is judged by the new CS: flow_go comes after the load. The
// immediate is CA's; it is 0 for CB.
bool run_far_return(struct step *s)
{
    uint32_t values[2];
    if (!stack_pop_block(s, values, 2) ||
        !segment_load(s, SEG_CS, (uint16_t)values[1]) ||
        !flow_go(s, values[0]))
        return false;
    stack_move(s, s->insn->imm);
    return true;
}

// Refused: a return from a nested task (NT), and one into virtual-8086 mode,
// which changes the privilege level.
bool run_iret(struct step *s)
{
    bool v86 = flag_get(s, FLAG_VM);
    uint32_t values[3]; // eip, cs, eflags
    if (flags_v86_denied(s))
        return step_fault(s, FAULT_PROTECTION);
    if (!v86 && flag_get(s, FLAG_NT))
        return step_refuse(s);
    if (!stack_pop_block(s, values, 3))
        return false;
    if (!v86 && s->cpu.cpl == 0 && s->insn->operand_size == 4 &&
        (values[2] & FLAG_VM))
        return step_refuse(s);
    if (!segment_load(s, SEG_CS, (uint16_t)values[1]) ||
        !flow_go(s, values[0]))
        return false;
    flags_load(s, values[2], s->insn->operand_size);
    // Unlike POPF, IRET restores RF: a debugger resumes with it. The kernel's
    // restores what VME keeps, too. [SDM2 IRET]
    uint32_t more = s->insn->operand_size == 2 ? 0
                    : s->cpu.cpl == 0          ? FLAG_RF | FLAG_VIF | FLAG_VIP
                                               : FLAG_RF;
    s->cpu.eflags = (s->cpu.eflags & ~more) | (values[2] & more);
    return true;
}
