// SPDX-License-Identifier: MIT
// Emulated string instructions, one repetition at a time.
//
// A processor can be interrupted between two repetitions, with the registers
// telling how far it got and EIP still on the instruction. The emulator stops
// at every such place: the outcome is EMULATE_AGAIN until none is left. So a
// fault in the middle needs nothing special, and no call takes long.
// [SDM2 REP]
//
//   a4 a5 MOVS   es:(edi) = ds:(esi)     ac ad LODS   a = ds:(esi)
//   a6 a7 CMPS   ds:(esi) - es:(edi)     ae af SCAS   a - es:(edi)
//   aa ab STOS   es:(edi) = a
#include "smc/x86/emulate_step.h"

// Bits 1..3 of the opcode. INS and OUTS are I/O and not here.
enum { MOVS = 2, CMPS = 3, STOS = 5, LODS = 6, SCAS = 7 };

// The source may be overridden, the destination is always in ES.
static bool read_source(struct step *s, uint32_t *value)
{
    unsigned segment = s->insn->segment;
    *value = 0;
    return memory_read(s, segment == SEG_NONE ? SEG_DS : segment,
                       gpr_get(s, REG_SI, s->insn->address_size), value,
                       width(s->insn), false);
}

static uint32_t destination(const struct step *s)
{
    return gpr_get(s, REG_DI, s->insn->address_size);
}

static bool read_destination(struct step *s, uint32_t *value)
{
    *value = 0;
    return memory_read(s, SEG_ES, destination(s), value, width(s->insn),
                       false);
}

// MOVS and STOS do not read what they overwrite: one access, and a fault of it
// is a write's.
static bool write_destination(struct step *s, uint32_t value)
{
    return memory_write(s, SEG_ES, destination(s), &value, width(s->insn));
}

// Up or down, as DF says.
static void advance(struct step *s, unsigned reg)
{
    unsigned size = s->insn->address_size, step = width(s->insn);
    uint32_t value = gpr_get(s, reg, size);
    gpr_set(s, reg, size, flag_get(s, FLAG_D) ? value - step : value + step);
}

// One repetition without its pointers and its count. If both operands of CMPS
// fault, which one is reported differs even between forms of one processor.
static bool transfer(struct step *s, unsigned operation)
{
    unsigned size = width(s->insn);
    uint32_t a = gpr_get(s, REG_AX, size), b = 0;
    bool ok;
    switch (operation) {
    case MOVS: return read_source(s, &a) && write_destination(s, a);
    case STOS: return write_destination(s, a);
    case LODS:
        if (!read_source(s, &a))
            return false;
        gpr_set(s, REG_AX, size, a);
        return true;
    case CMPS: ok = read_destination(s, &b) && read_source(s, &a); break;
    default: ok = read_destination(s, &b);
    }
    if (ok)
        flags_subtract(s, a, b, false, size);
    return ok;
}

// Counts one repetition. True if another is due: CMPS and SCAS also stop when
// ZF is not what the prefix (F3: equal) asks for; the others do not look.
// The count was not 0 before; run_string has seen to that.
static bool another(struct step *s, bool compares)
{
    unsigned size = s->insn->address_size;
    uint32_t count = gpr_get(s, REG_CX, size) - 1;
    bool equal = s->insn->repeat == 0xf3;
    gpr_set(s, REG_CX, size, count);
    return (count & size_mask(size)) &&
           (!compares || flag_get(s, FLAG_Z) == equal);
}

bool run_string(struct step *s)
{
    const struct insn *insn = s->insn;
    unsigned operation = insn->opcode >> 1 & 7;
    // A count of zero does nothing at all: no access, no flags.
    if (insn->repeat && !gpr_get(s, REG_CX, insn->address_size))
        return true;
    if (!transfer(s, operation))
        return false;
    // STOS and SCAS have no source, LODS has no destination: the pointer that
    // is not used may be the program's only copy of something.
    if (operation != STOS && operation != SCAS)
        advance(s, REG_SI);
    if (operation != LODS)
        advance(s, REG_DI);
    if (insn->repeat && another(s, operation == CMPS || operation == SCAS)) {
        s->cpu.eip -= insn->length;
        // An interrupt here finds RF set in the frame, so that a breakpoint on
        // the instruction is met once and not at each round. [SDM3 17.3.1.1]
        s->cpu.eflags |= FLAG_RF;
        s->result.kind = EMULATE_AGAIN;
    }
    return true;
}
