// SPDX-License-Identifier: MIT
// What a comparison has to forgive, and what Linux makes of outcomes.
#include "tests-host/emulate_rules.h"

enum { STATUS = FLAG_C | FLAG_P | FLAG_A | FLAG_Z | FLAG_S | FLAG_O };

// The count of a shift: 1, CL or an immediate, and of these the low five bits.
static unsigned shift_count(const struct instance *n)
{
    const struct insn *insn = &n->insn;
    if (insn->imm_size)
        return insn->imm & 31;
    if (insn->map == MAP_1 && insn->opcode < 0xd2)
        return 1;
    return n->state.gpr[REG_CX] & 31;
}

// [SDM2 SAL], [SDM2 RCL], [SDM2 SHLD]
//
//   count   RCL..ROR   SHL, SHR          SAR     SHLD, SHRD
//   0       -          -                 -       -
//   1       -          A                 A       A
//   more    O          A, O; C if all    A, O    A, O
//                      bits are gone
static uint32_t undefined_shift(const struct instance *n)
{
    const struct insn *insn = &n->insn;
    unsigned count = shift_count(n), group = insn->modrm >> 3 & 7;
    unsigned bits = insn->opcode & 1 || insn->map == MAP_0F
                        ? 8 * insn->operand_size
                        : 8;
    uint32_t undefined = count > 1 ? FLAG_O : 0;
    if (!count)
        return 0;
    if (insn->map == MAP_1 && group < 4) // rotations
        return undefined;
    if (insn->map == MAP_1 && group != 7 && count >= bits)
        undefined |= FLAG_C;
    return undefined | FLAG_A;
}

// DAA, AAA and their kin, IMUL with an immediate, TEST, AAM and AAD; and
// groups, in which reg is the operation. Those of f6 and f7: TEST twice, NOT,
// NEG, MUL twice, DIV twice.
static uint32_t undefined_one_byte(const struct instance *n)
{
    uint8_t op = n->insn.opcode, group = n->insn.modrm >> 3 & 7;
    switch (op) {
    case 0x27:
    case 0x2f: return FLAG_O;
    case 0x37:
    case 0x3f: return FLAG_O | FLAG_S | FLAG_Z | FLAG_P;
    case 0x69:
    case 0x6b: return FLAG_S | FLAG_Z | FLAG_A | FLAG_P;
    case 0x80 ... 0x83:
        return group == 1 || group == 4 || group == 6 ? FLAG_A : 0;
    case 0x84 ... 0x85:
    case 0xa8 ... 0xa9: return FLAG_A;
    case 0xc0 ... 0xc1:
    case 0xd0 ... 0xd3: return undefined_shift(n);
    case 0xd4 ... 0xd5: return FLAG_O | FLAG_A | FLAG_C;
    case 0xf6 ... 0xf7:
        return group < 2   ? FLAG_A
               : group < 4 ? 0
               : group < 6 ? FLAG_S | FLAG_Z | FLAG_A | FLAG_P
                           : STATUS;
    }
    // OR, AND, XOR: rows 1, 4 and 6 of the first eight.
    bool logic = op < 0x40 && (op & 7) < 6 && (0x52 >> (op >> 3) & 1);
    return logic ? FLAG_A : 0;
}

// BT and its kin define C and leave Z alone; BSF and BSR define Z only.
// [SDM2 BT], [SDM2 BSF]
uint32_t rules_undefined(const struct instance *n)
{
    if (n->insn.map == MAP_1)
        return undefined_one_byte(n);
    switch (n->insn.opcode) {
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xba ... 0xbb: return FLAG_O | FLAG_S | FLAG_A | FLAG_P;
    case 0xa4 ... 0xa5:
    case 0xac ... 0xad: return undefined_shift(n);
    case 0xaf: return FLAG_S | FLAG_Z | FLAG_A | FLAG_P;
    case 0xbc ... 0xbd: return STATUS & ~FLAG_Z;
    }
    return 0;
}

// What is left in the operand then is undefined, not only flags. [SDM2 SHLD]
bool rules_skip(const struct instance *n)
{
    const struct insn *insn = &n->insn;
    if (insn->map != MAP_0F)
        return false;
    // A word shifted by more than its bits.
    bool double_shift = insn->opcode == 0xa4 || insn->opcode == 0xa5 ||
                        insn->opcode == 0xac || insn->opcode == 0xad;
    if (double_shift)
        return insn->operand_size == 2 && shift_count(n) > 16;
    return false;
}

bool rules_several(const struct instance *n)
{
    const struct insn *insn = &n->insn;
    unsigned group = insn->modrm >> 3 & 7;
    if (insn->map != MAP_1)
        return false;
    switch (insn->opcode) {
    case 0x60: // PUSHA
    case 0x61: // POPA
    case 0x9a: // CALL far
    case 0xa6: // CMPS
    case 0xa7:
    case 0xc8: // ENTER
    case 0xca: // RET far
    case 0xcb:
    case 0xcf: // IRET
    case 0xe8: // CALL: the target may be bad, or the stack
        return true;
    }
    return insn->opcode == 0xff && (group == 2 || group == 3); // CALL
}

// Single steps are reported as vector 1. IDT entries but 3 and 4 (and 80) are
// closed to ring 3: a #GP that names the entry. [SDM3 6.13]
// The error code is the entry's number as a selector: number * 8, and bit 1
// says IDT. INT3, INTO and INT1 have opcodes of their own.
struct native_trap rules_trap(const struct emulate_result *r,
                              const struct insn *insn)
{
    if (r->kind == EMULATE_FAULT)
        return (struct native_trap){r->vector, r->error, r->address};
    if (r->kind != EMULATE_INTERRUPT)
        return (struct native_trap){FAULT_DEBUG, 0, 0};
    bool open = insn->opcode != 0xcd || r->vector == FAULT_BREAKPOINT ||
                r->vector == FAULT_OVERFLOW;
    if (open)
        return (struct native_trap){r->vector, 0, 0};
    return (struct native_trap){FAULT_PROTECTION, r->vector * 8u + 2, 0};
}

void rules_adjust(const struct emulate_result *r, const struct instance *n,
                  const struct cpu_state *theirs, struct cpu_state *ours)
{
    if (n->insn.map == MAP_1 && n->insn.opcode == 0xf1 &&
        theirs->eip == n->state.eip)
        ours->eip = theirs->eip;
    // An INT that ring 3 may not: the emulator leaves that to its caller.
    if (r->kind == EMULATE_INTERRUPT &&
        rules_trap(r, &n->insn).vector == FAULT_PROTECTION)
        *ours = n->state;
    if (ours->interrupt_shadow)
        ours->eip++;
}

//   selector            CS      SS          DS, ES, FS, GS
//   0..3, null          #GP     #GP         loaded
//   code, of ours       loaded  #GP         loaded: they can be read
//   data, read only     #GP     #GP         loaded
//   data, writable      #GP     loaded      loaded
//   others of Linux     not compared: EMULATE_UNSUPPORTED
//   no descriptor       #GP, with the selector less its RPL
struct emulate_result rules_load(void *context, const struct cpu_state *state,
                                 unsigned index, uint16_t selector,
                                 struct cpu_segment *segment)
{
    struct emulate_result ok = {.kind = EMULATE_OK};
    struct emulate_result bad = emulate_fault(FAULT_PROTECTION,
                                              selector & ~3u);
    (void)context;
    (void)state;
    if (selector < 4)
        return index == SEG_CS || index == SEG_SS ? bad : ok;
    if (!native_segment(selector, segment)) {
        // Linux's other descriptors are none of our business; ours end here.
        bool foreign = selector < 0x80 || (selector & 4 && selector < 0x34);
        return foreign ? (struct emulate_result){.kind = EMULATE_UNSUPPORTED}
                       : bad;
    }
    bool code = selector == NATIVE_CODE || selector == NATIVE_CODE_16 ||
                selector == NATIVE_CODE_BASED;
    if (index == SEG_CS)
        return code ? ok : bad;
    if (index == SEG_SS)
        return segment->rights & SEGMENT_WRITE ? ok : bad;
    return ok;
}
