// SPDX-License-Identifier: MIT
// Effects: which registers, flags and memory an instruction touches, where it
// leads, and what it may do at ring 3.
//
// The operands tell most. What is touched without being an operand is in two
// bundles that the row names, one of flags and one of registers
// (effects_table.h). A few rules are general enough to be code:
//
//   address    its base and index are read, even where memory is not (LEA);
//              its segment register is told by the operand, not counted
//   partial    AL or 16 bits: the whole register is written, not read
//   REP        reads and counts ECX; REPE and REPNE read Z
//   x87        every instruction reads the control and status words, writes
//              the status; one that pushes or pops renames all registers
//   segments   loading one reads the descriptor tables
//
// Not counted: EIP; what faults, interrupts and task switches do; the flags
// and rounding of MXCSR, which all SSE arithmetic uses; that MMX and x87
// registers are the same storage.
#include "smc/x86/decode.h"
#include "smc/x86/effects_table.h"
#include "smc/x86/table.h"

enum insn_flow insn_flow(const struct insn *insn)
{
    return insn->row->flow;
}

enum insn_privilege insn_privilege(const struct insn *insn)
{
    return insn->row->privilege;
}

// The sum wraps at 4 GiB by itself. With a 16-bit operand size it is cut:
//
//   mode      operand size   target
//   INSN_32   4              next + disp
//   INSN_32   2              (next + disp) & 0xffff: what EIP then holds
//   INSN_16   2              the same within the 64 KiB around `next`
//   INSN_16   4              next + disp
//
// XBEGIN is not cut: a rel16 is sign-extended, and that is all. [SDM2 XBEGIN]
static bool is_cut(const struct insn *insn)
{
    bool xbegin = insn->map == MAP_1 && insn->opcode == 0xc7;
    return insn->operand_size == 2 && !xbegin;
}

bool insn_target(const struct insn *insn, uint32_t address, uint32_t *target)
{
    enum insn_flow flow = insn_flow(insn);
    if (flow != FLOW_JUMP && flow != FLOW_BRANCH && flow != FLOW_CALL)
        return false;
    uint32_t next = address + insn->length;
    *target = next + (uint32_t)insn->disp;
    if (is_cut(insn)) // 16-bit code stays in its 64 KiB
        *target = (insn->mode == INSN_16 ? next & 0xffff0000 : 0) |
                  (*target & 0xffff);
    return true;
}

// Flags -------------------------------------------------------------------

// The low bit of a condition negates; the others choose what is tested. The
// same four bits are in Jcc, SETcc and CMOVcc. [SDM2 B.1.4.6]
//
//   7c   0111 110 0   jl     S and O differ
//   7d   0111 110 1   jge    the same flags, the other answer
static uint32_t flags_of_condition(const struct insn *insn)
{
    static const uint32_t tested[8] = {
        FLAG_O,
        FLAG_C,
        FLAG_Z,
        FLAG_C | FLAG_Z, // o b e be
        FLAG_S,
        FLAG_P,
        FLAG_S | FLAG_O,          // s p l
        FLAG_S | FLAG_O | FLAG_Z, // le
    };
    return tested[insn->opcode >> 1 & 7];
}

// The count of a shift as far as the encoding tells it; -1 for CL. The CPU
// takes five bits of it. It is the last operand: the second of SHL, the third
// of SHLD.
static int shift_count(const struct insn *insn)
{
    const uint8_t *spec = insn->row->operands;
    for (unsigned i = 1; i < INSN_OPERANDS; i++)
        if (spec[i] == One || spec[i] == Ib)
            return spec[i] == One ? 1 : insn->imm & 31;
    return -1;
}

// A shift by nothing leaves all flags alone, and one by a single bit defines
// the overflow flag. [SDM2 SAL]
//
//   count       O           the bundle's others
//   0, 32, ..   unchanged   unchanged, none is read
//   1           written     written
//   2 to 31     undefined   written
//   CL          undefined   written: a count of 0 is possible, too
static void shift_flags(const struct insn *insn, struct effects *e)
{
    int count = shift_count(insn);
    if (count == 0)
        e->flags_read = e->flags_written = e->flags_undefined = 0;
    if (count != 1)
        return;
    e->flags_written |= FLAG_O;
    e->flags_undefined &= ~(uint32_t)FLAG_O;
}

// The bundle of F_CC is empty: no line of a table can know the opcode. From
// F_SHIFT to F_ROTATE_C is an interval of the enumeration.
static void add_flags(const struct insn *insn, struct effects *e)
{
    uint8_t bundle = insn->row->flags;
    const struct flag_bundle *flags = &flag_bundles[bundle];
    e->flags_read = flags->read;
    e->flags_written = flags->written;
    e->flags_undefined = flags->undefined;
    if (bundle == F_CC)
        e->flags_read = flags_of_condition(insn);
    if (bundle >= F_SHIFT && bundle <= F_ROTATE_C)
        shift_flags(insn, e);
}

// Registers ---------------------------------------------------------------

// All 64 bits of the set are in use: masks, bounds and test registers share
// the last one.
static uint64_t register_bit(const struct operand *o)
{
    static const uint8_t first[] = {
        [CLASS_GPR] = BIT_GPR,         [CLASS_SEGMENT] = BIT_SEGMENT,
        [CLASS_CONTROL] = BIT_CONTROL, [CLASS_DEBUG] = BIT_DEBUG,
        [CLASS_X87] = BIT_X87,         [CLASS_MMX] = BIT_MMX,
        [CLASS_VECTOR] = BIT_VECTOR,
    };
    switch (o->class) {
    case CLASS_TEST:
    case CLASS_MASK:
    case CLASS_BOUND: return REGISTER_BIT(BIT_OTHER);
    case CLASS_GPR: // 4..7 of one byte are AH, CH, DH, BH
        return REGISTER_BIT(BIT_GPR + (o->size == 1 ? o->reg & 3 : o->reg));
    }
    return REGISTER_BIT(first[o->class] + o->reg);
}

// A new value for a segment register is looked up in GDT or LDT, and the
// hidden part is filled from there. [SDM3 3.4.3]
static void add_register(const struct operand *o, struct effects *e)
{
    uint64_t bit = register_bit(o);
    if (o->access & OPERAND_READ)
        e->reads |= bit;
    if (!(o->access & OPERAND_WRITE))
        return;
    e->writes |= bit;
    if (o->class == CLASS_SEGMENT)
        e->reads |= DESCRIPTOR_TABLES;
}

// The address is made before anybody asks what becomes of it, so its registers
// are read even by LEA. Two operands in memory (MOVS, CMPS) have one size.
static void add_memory(const struct insn *insn, const struct operand *o,
                       struct effects *e)
{
    unsigned index = insn->row->more & GATHER ? BIT_VECTOR : BIT_GPR;
    if (o->base != REG_NONE)
        e->reads |= REGISTER_BIT(BIT_GPR + o->base);
    if (o->index != REG_NONE)
        e->reads |= REGISTER_BIT(index + o->index);
    if (o->access & OPERAND_READ)
        e->memory |= MEMORY_READ;
    if (o->access & OPERAND_WRITE)
        e->memory |= MEMORY_WRITE;
    if (o->access)
        e->memory_size = o->size;
}

static void add_operands(const struct insn *insn, struct effects *e)
{
    struct operand operands[INSN_OPERANDS];
    unsigned count = insn_operands(insn, operands);
    for (unsigned i = 0; i < count; i++) {
        if (operands[i].kind == OPERAND_REG)
            add_register(&operands[i], e);
        else if (operands[i].kind == OPERAND_MEM)
            add_memory(insn, &operands[i], e);
    }
    if (insn->evex_mask)
        e->reads |= REGISTER_BIT(BIT_OTHER);
}

// The escapes d8 to df. FWAIT is not among them; its row has a bundle.
static bool is_x87(const struct insn *insn)
{
    return insn->map == MAP_1 && (insn->opcode & 0xf8) == 0xd8;
}

// Every x87 instruction may set condition bits or find an exception pending.
static void add_implicit(const struct insn *insn, struct effects *e)
{
    const struct implicit_bundle *more =
        &implicit_bundles[insn->row->implicit];
    e->reads |= more->reads;
    e->writes |= more->writes;
    e->memory |= more->memory;
    if (is_x87(insn)) {
        e->reads |= X87_WORDS;
        e->writes |= REGISTER_BIT(BIT_X87_STATUS);
    }
}

// F2 and F3 count only before rows that repeat. Elsewhere they are part of the
// opcode, a hint, or nothing, and ECX is left alone.
static void add_repeat(const struct insn *insn, struct effects *e)
{
    uint16_t more = insn->row->more;
    if (!insn->repeat || !(more & (REPEATS | REPEATS_CC)))
        return;
    e->reads |= REGISTER_BIT(BIT_GPR + REG_CX);
    e->writes |= REGISTER_BIT(BIT_GPR + REG_CX);
    if (more & REPEATS_CC)
        e->flags_read |= FLAG_Z;
}

struct effects insn_effects(const struct insn *insn)
{
    struct effects e = {0};
    add_flags(insn, &e);
    add_operands(insn, &e);
    add_implicit(insn, &e);
    add_repeat(insn, &e);
    return e;
}
