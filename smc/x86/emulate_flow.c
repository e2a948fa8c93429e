// SPDX-License-Identifier: MIT
// Emulated control flow inside a code segment, and the software interrupts.
//
// s->cpu.eip is that of the next instruction when a part begins. So "not
// taken" is to do nothing, and a return address is eip as it stands.
#include "smc/x86/emulate_step.h"

// The processor judges the target before it goes there: the fault stands on
// the branch, not on what it led to. [SDM2 JMP]
bool flow_go(struct step *s, uint32_t target)
{
    if (target > s->cpu.segment[SEG_CS].limit)
        return step_fault(s, FAULT_PROTECTION);
    s->cpu.eip = target;
    return true;
}

// From behind the instruction. With a 16-bit operand size, and this is one of
// the oldest traps of the 66 prefix, the upper half of EIP is cleared.
static bool go_relative(struct step *s)
{
    uint32_t target = s->cpu.eip + (uint32_t)s->insn->disp;
    return flow_go(s, target & size_mask(s->insn->operand_size));
}

// 70..7f and 0f 80..8f: the condition is the low four bits in both.
bool run_branch(struct step *s)
{
    return !flags_condition(s, s->insn->opcode & 15) || go_relative(s);
}

// LOOPNE e0, LOOPE e1, LOOP e2, JECXZ e3. The address size, of all things,
// chooses between CX and ECX. No flag changes. [SDM2 LOOP]
//
//   opcode         counts down   goes if
//   e0  LOOPNE     yes           count is not 0, and ZF = 0
//   e1  LOOPE      yes           count is not 0, and ZF = 1
//   e2  LOOP       yes           count is not 0
//   e3  JECXZ      no            count is 0
//
// LOOP with a count of 0 wraps to the greatest number and goes: that is what
// JECXZ in front of a loop is for.
bool run_loop(struct step *s)
{
    unsigned size = s->insn->address_size, opcode = s->insn->opcode;
    uint32_t count = gpr_get(s, REG_CX, size);
    bool zero = flag_get(s, FLAG_Z), go;
    if (opcode == 0xe3) {
        go = count == 0;
    } else {
        gpr_set(s, REG_CX, size, --count);
        go = (count & size_mask(size)) != 0;
        if (opcode != 0xe2)
            go = go && zero == (opcode == 0xe1);
    }
    return !go || go_relative(s);
}

bool run_jump(struct step *s)
{
    return go_relative(s);
}

// The push is the only thing that touches memory, and so comes last. If it
// faults, the jump is dropped with the copy.
bool run_call(struct step *s)
{
    uint32_t back = s->cpu.eip;
    return go_relative(s) && stack_push(s, back);
}

// FF /2 and /4. The target is read before the push, which may move it: think
// of call *(%esp).
bool run_indirect(struct step *s)
{
    uint32_t back = s->cpu.eip, target;
    bool call = modrm_reg(s->insn) == 2;
    return operand_read(s, 0, &target) && flow_go(s, target) &&
           (!call || stack_push(s, back));
}

// C2 takes the arguments off as well; imm is 0 for C3.
bool run_return(struct step *s)
{
    uint32_t target;
    if (!stack_pop(s, &target) || !flow_go(s, target))
        return false;
    stack_move(s, s->insn->imm);
    return true;
}

// Delivery is the caller's: only it knows what stands in the IDT. INT3, INTO
// and INT1 are not restricted in virtual-8086 mode, INT n is. [SDM2 INT n]
//
//   cc  INT3   3, a trap: eip is behind it     ce  INTO   4, if OF is set
//   cd  INT n  the immediate                   f1  INT1   1
bool run_interrupt(struct step *s)
{
    uint8_t vector = (uint8_t)s->insn->imm;
    switch (s->insn->opcode) {
    case 0xcc: vector = FAULT_BREAKPOINT; break;
    case 0xcd:
        if (flags_v86_denied(s))
            return step_fault(s, FAULT_PROTECTION);
        break;
    case 0xce:
        if (!flag_get(s, FLAG_O))
            return true;
        vector = FAULT_OVERFLOW;
        break;
    default: vector = FAULT_DEBUG;
    }
    s->result.kind = EMULATE_INTERRUPT;
    s->result.vector = vector;
    return true;
}

// EIP is behind it: whatever ends the halt returns there. A caller that
// resumed at HLT itself would sleep again.
bool run_halt(struct step *s)
{
    if (s->cpu.cpl != 0)
        return step_fault(s, FAULT_PROTECTION);
    s->result.kind = EMULATE_HALT;
    return true;
}

// UD0, UD1, UD2: undefined by definition, which compilers use as a trap.
bool run_undefined(struct step *s)
{
    return step_fault(s, FAULT_UNDEFINED);
}
