// SPDX-License-Identifier: MIT
// The emulated EFLAGS: conditions, and the instructions that move flags.
//
// POPF is the classic trap of virtualisation: at ring 3 it does not fault but
// silently leaves IF alone. A monitor that runs a kernel at ring 3 sees
// interrupts on that the kernel has turned off. With cpl 0 in the state the
// emulator does what the kernel meant. [Robin and Irvine 2000]
#include "smc/x86/emulate_step.h"

void flags_result(struct step *s, uint32_t value, unsigned size)
{
    uint32_t low = value ^ value >> 4;
    flag_set(s, FLAG_Z, !(value & size_mask(size)));
    flag_set(s, FLAG_S, value & size_sign(size));
    // PF: an even number of ones in the lowest byte. Bit n of the constant
    // is set if n, a half byte, has an odd number of them.
    flag_set(s, FLAG_P, !(0x6996u >> (low & 15) & 1));
}

// The lowest bit of a condition turns it round. [SDM2 B.1.4.7]
//
//   0  O     2  C      4  Z     6  C or Z          after CMP a, b:
//   8  S     a  P      c  S != O                   2 a < b, 6 a <= b unsigned
//   e  Z, or S != O                                c a < b, e a <= b signed
//
// S != O: the sign of the difference, had it not overflowed.
bool flags_condition(const struct step *s, unsigned condition)
{
    bool less = flag_get(s, FLAG_S) != flag_get(s, FLAG_O);
    bool holds = false;
    switch (condition >> 1) {
    case 0: holds = flag_get(s, FLAG_O); break;
    case 1: holds = flag_get(s, FLAG_C); break;
    case 2: holds = flag_get(s, FLAG_Z); break;
    case 3: holds = flag_get(s, FLAG_C | FLAG_Z); break;
    case 4: holds = flag_get(s, FLAG_S); break;
    case 5: holds = flag_get(s, FLAG_P); break;
    case 6: holds = less; break;
    case 7: holds = less || flag_get(s, FLAG_Z); break;
    }
    return holds != (condition & 1);
}

// CMC, CLC, STC, CLD, STD.
bool run_flag(struct step *s)
{
    switch (s->insn->opcode) {
    case 0xf5: s->cpu.eflags ^= FLAG_C; break;
    case 0xf8: flag_set(s, FLAG_C, false); break;
    case 0xf9: flag_set(s, FLAG_C, true); break;
    case 0xfc: flag_set(s, FLAG_D, false); break;
    case 0xfd: flag_set(s, FLAG_D, true); break;
    }
    return true;
}

//   7   6   5   4   3   2   1   0       AH, which is the low byte of EFLAGS
//   S   Z   0   A   0   P   1   C       and all the flags that the 8080 had
//
// d5 is the set of these five. SAHF leaves the fixed bits alone. [SDM2 LAHF]
bool run_lahf(struct step *s)
{
    gpr_set(s, 4, 1, (s->cpu.eflags & 0xd5) | 2); // 4: ah
    return true;
}

bool run_sahf(struct step *s)
{
    s->cpu.eflags &= ~0xd5u;
    s->cpu.eflags |= gpr_get(s, 4, 1) & 0xd5;
    return true;
}

// Privilege -----------------------------------------------------------------

static unsigned iopl(const struct step *s)
{
    return (s->cpu.eflags & FLAG_IOPL) >> 12;
}

bool flags_io_allowed(const struct step *s)
{
    return s->cpu.cpl <= iopl(s);
}

// Without VME, PUSHF, POPF, INT n and IRET fault there unless IOPL is 3: a
// monitor for 8086 programs keeps IF for itself. [SDM3 20.2.7]
bool flags_v86_denied(const struct step *s)
{
    return flag_get(s, FLAG_VM) && iopl(s) < 3;
}

// STI takes effect behind the next instruction, so that "sti; hlt" cannot
// lose the interrupt it waits for between the two.
bool run_cli_sti(struct step *s)
{
    bool on = s->insn->opcode == 0xfb;
    if (!flags_io_allowed(s))
        return step_fault(s, FAULT_PROTECTION);
    s->cpu.interrupt_shadow = on && !flag_get(s, FLAG_I);
    flag_set(s, FLAG_I, on);
    return true;
}

// The image never shows that it is taken in virtual-8086 mode, nor RF.
bool run_pushf(struct step *s)
{
    if (flags_v86_denied(s))
        return step_fault(s, FAULT_PROTECTION);
    return stack_push(s, s->cpu.eflags & ~(uint32_t)FLAG_VM); // RF is clear
}

//   changed by POPF          cpl = 0   cpl <= IOPL   else
//   status, TF, DF, NT,         x           x          x
//   AC, ID (32 bits only)       x           x          x
//   IF                          x           x
//   IOPL                        x
//   RF, VM, VIF, VIP
void flags_load(struct step *s, uint32_t value, unsigned size)
{
    uint32_t mask = FLAG_C | FLAG_P | FLAG_A | FLAG_Z | FLAG_S | FLAG_O |
                    FLAG_T | FLAG_D | FLAG_NT | FLAG_AC | FLAG_ID;
    if (s->cpu.cpl == 0)
        mask |= FLAG_IOPL;
    if (flags_io_allowed(s))
        mask |= FLAG_I;
    mask &= size_mask(size);
    s->cpu.eflags = (s->cpu.eflags & ~mask) | (value & mask);
}

bool run_popf(struct step *s)
{
    uint32_t value;
    if (flags_v86_denied(s))
        return step_fault(s, FAULT_PROTECTION);
    if (!stack_pop(s, &value))
        return false;
    flags_load(s, value, s->insn->operand_size);
    return true;
}
