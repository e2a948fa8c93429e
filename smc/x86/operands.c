// SPDX-License-Identifier: MIT
// Operands: from the notation of the row (Eb, Gv, ...) and the bits of the
// instruction to registers, memory and immediates. [SDM2 A.2]
//
// The first letter says where the operand is encoded, the second its size:
//
//   E  ModRM.rm: register or memory     b w d q   1, 2, 4, 8 bytes
//   G  ModRM.reg                        v         the operand size: 2 or 4
//   Z  the opcode's low three bits      x         the vector's length
//   M  ModRM.rm, memory only            t         10 bytes
//
// What each notation means is data, one line of `notations`. The code below
// knows the sources of an operand, not the notations; a new one is a new line.
#include "smc/x86/decode.h"
#include "smc/x86/operands_table.h"
#include "smc/x86/table.h"

static uint8_t mod(const struct insn *insn)
{
    return insn->modrm >> 6;
}

static uint8_t reg(const struct insn *insn)
{
    return insn->modrm >> 3 & 7;
}

static uint8_t rm(const struct insn *insn)
{
    return insn->modrm & 7;
}

// SSE has no length field: its vector_length is 0, 128 bits.
static uint16_t vector_size(const struct insn *insn)
{
    return (uint16_t)(16 << insn->vector_length);
}

static void set_register(struct operand *o, enum register_class class,
                         uint8_t number, uint16_t size)
{
    o->kind = OPERAND_REG;
    o->class = (uint8_t) class;
    o->reg = number;
    o->size = size;
}

// An operand that no bit of the encoding chooses.
static void fixed(struct operand *o, enum register_class class, uint8_t number,
                  uint16_t size)
{
    set_register(o, class, number, size);
    o->implied = true;
}

// The sum of 16-bit addressing, by rm. [SDM2 table 2-1]
//
//   rm   0      1      2      3      4    5    6    7
//        bx+si  bx+di  bp+si  bp+di  si   di   bp   bx
//
// A lone %si or %di is the base here, as in AT&T's (%si). What has %bp as its
// base is in the stack segment, so bp+si must not be taken for si+bp.
static void address_16(const struct insn *insn, struct operand *o)
{
    static const uint8_t bases[8] = {REG_BX, REG_BX, REG_BP, REG_BP,
                                     REG_SI, REG_DI, REG_BP, REG_BX};
    static const uint8_t indexes[4] = {REG_SI, REG_DI, REG_SI, REG_DI};
    bool absolute = mod(insn) == 0 && rm(insn) == 6;
    o->base = absolute ? REG_NONE : bases[rm(insn)];
    o->index = rm(insn) < 4 ? indexes[rm(insn)] : REG_NONE;
}

// [SDM2 tables 2-2, 2-3]. The index 4 (ESP) means none; for a vector of
// indexes, which has no stack pointer in it, it is number 4.
//
//   8d 04 8d 10 00 00 00   lea 0x10(,%ecx,4),%eax
//      |  |  +-- disp32: base 5 under mod 0 means no base
//      |  scale 2 (4 bytes), index 1, base 5
//      mod 0, reg 0, rm 4: a SIB follows
static void address_32(const struct insn *insn, struct operand *o)
{
    uint8_t base = rm(insn);
    if (insn->sib_at) {
        base = insn->sib & 7;
        uint8_t index = insn->sib >> 3 & 7;
        if (index != REG_SP || insn->row->more & GATHER)
            o->index = index;
        o->scale = (uint8_t)(1 << (insn->sib >> 6));
    }
    o->base = mod(insn) == 0 && base == REG_BP ? REG_NONE : base;
}

// Addresses made with (E)BP or (E)SP are in the stack segment. The base alone
// decides: (%eax,%ebp) is in DS.
static uint8_t segment_of(const struct insn *insn, uint8_t base)
{
    if (insn->segment != SEG_NONE)
        return insn->segment;
    return base == REG_BP || base == REG_SP ? SEG_SS : SEG_DS;
}

// All that ModRM can name but registers.
static void set_memory(const struct insn *insn, struct operand *o,
                       uint16_t size)
{
    o->kind = OPERAND_MEM;
    o->size = size;
    o->base = o->index = REG_NONE;
    o->scale = 1;
    if (insn->address_size == 2)
        address_16(insn, o);
    else
        address_32(insn, o);
    o->index_size = insn->address_size;
    o->segment = segment_of(insn, o->base);
    o->disp = insn->disp;
}

// Memory at a register that the opcode fixes: (%esi), %es:(%edi), (%dx).
static void at_register(struct operand *o, uint8_t base, uint8_t segment,
                        uint16_t size)
{
    o->kind = OPERAND_MEM;
    o->implied = true;
    o->size = size;
    o->base = base;
    o->index = REG_NONE;
    o->scale = 1;
    o->segment = segment;
}

// `value` has all 32 bits, whatever `size` is: see from_code.
static void set_immediate(struct operand *o, uint32_t value, uint16_t size)
{
    o->kind = OPERAND_IMM;
    o->imm = value;
    o->size = size;
}

// The x87 environment is seven words or doublewords; the state has the eight
// registers of ten bytes behind it. [SDM1 8.1.10]
static uint16_t real_size(const struct insn *insn, uint16_t size)
{
    switch (size) {
    case SIZE_V: return insn->operand_size;
    case SIZE_ADDRESS: return insn->address_size;
    case SIZE_P: return insn->operand_size + 2;
    case SIZE_A: return insn->operand_size * 2;
    case SIZE_X: return vector_size(insn);
    case SIZE_H: return vector_size(insn) / 2;
    case SIZE_Q: return vector_size(insn) / 4;
    case SIZE_F: return vector_size(insn) / 8;
    case SIZE_ENV: return insn->operand_size * 7;
    case SIZE_X87: return insn->operand_size * 7 + 80;
    case SIZE_DUP: return insn->vector_length ? vector_size(insn) : 8;
    }
    return size;
}

// A part of a vector is still in an XMM register, or more: the source of
// vcvtps2pd with 128 bits is 8 bytes in memory, and %xmm1, not a half of it.
static uint16_t register_size(const struct insn *insn,
                              const struct notation *n)
{
    uint16_t size = real_size(insn, n->size);
    return n->class == CLASS_VECTOR && size < 16 ? 16 : size;
}

// Broadcast memory is as large as what is read of it: {1to16} of 64 bytes, 4.
// evex_broadcast is still 0 while decode_vex.c works it out, by this size.
static void from_rm(const struct insn *insn, struct operand *o,
                    const struct notation *n)
{
    if (mod(insn) == 3 || insn->row->more & REGISTER) {
        set_register(o, n->class, rm(insn), register_size(insn, n));
        return;
    }
    uint16_t size = real_size(insn, n->memory_size ? n->memory_size : n->size);
    if (insn->evex_broadcast)
        size /= insn->evex_broadcast;
    set_memory(insn, o, size);
}

// `size` is that of one element. The indexes are a vector register of their
// own length, be it that only half of it counts.
static void from_gather(const struct insn *insn, struct operand *o,
                        const struct notation *n)
{
    uint16_t indexes = real_size(insn, n->memory_size);
    set_memory(insn, o, n->size);
    o->index_size = (uint8_t)(indexes < 16 ? 16 : indexes);
}

// Immediates that are shorter than the operand they go with are sign-extended
// by the processor; here all the way to 32 bits. Whoever wants 16 cuts them:
// `66 83 c0 fe` has imm fffffffe and size 2, and is printed as 0xfffe.
static uint32_t signed_immediate(const struct insn *insn)
{
    return insn->imm_size == 1 ? (uint32_t)(int8_t)insn->imm : insn->imm;
}

// MOV's a0..a3 have a number for an address and no ModRM. That number is in
// the encoding, so the operand is not implied.
static void from_memory(const struct insn *insn, struct operand *o,
                        const struct notation *n, uint16_t size)
{
    uint8_t data = insn->segment == SEG_NONE ? SEG_DS : insn->segment;
    if (n->source == FROM_DI) { // no prefix changes this segment
        at_register(o, REG_DI, SEG_ES, size);
    } else if (n->source == FROM_POINTER) {
        at_register(o, n->number, data, size);
    } else {
        at_register(o, REG_NONE, data, size);
        o->disp = insn->disp;
        o->implied = false;
    }
}

// One byte of Ib stays as it is: it goes with a byte, or counts something.
static void from_code(const struct insn *insn, struct operand *o,
                      const struct notation *n, uint16_t size)
{
    o->size = size;
    switch (n->source) {
    case FROM_RELATIVE:
        o->kind = OPERAND_REL;
        o->disp = insn->disp;
        break;
    case FROM_FAR:
        o->kind = OPERAND_FAR;
        o->imm = insn->imm;
        o->selector = insn->imm2;
        break;
    case FROM_ONE:
        set_immediate(o, 1, size);
        o->implied = true;
        break;
    case FROM_IMM2: set_immediate(o, insn->imm2, size); break;
    case FROM_IMM_SIGNED:
        set_immediate(o, signed_immediate(insn), insn->operand_size);
        break;
    default: set_immediate(o, insn->imm, size);
    }
}

// vvvv and is4 have four bits for the register; outside 64-bit mode the
// highest is ignored. [SDM2 2.3.5.6, 2.3.9]
static void set_operand(const struct insn *insn, struct operand *o,
                        const struct notation *n)
{
    uint16_t size = register_size(insn, n);
    switch (n->source) {
    case FROM_FIXED: fixed(o, n->class, n->number, size); break;
    case FROM_OPCODE: set_register(o, n->class, insn->opcode & 7, size); break;
    case FROM_RM: from_rm(insn, o, n); break;
    case FROM_GATHER: from_gather(insn, o, n); break;
    case FROM_REG: set_register(o, n->class, reg(insn), size); break;
    case FROM_VVVV:
        set_register(o, n->class, insn->vex_register & 7, size);
        break;
    case FROM_IS4: set_register(o, n->class, insn->imm >> 4 & 7, size); break;
    case FROM_OFFSET:
    case FROM_POINTER:
    case FROM_DI: from_memory(insn, o, n, size); break;
    default: from_code(insn, o, n, size);
    }
}

// Each operand is zeroed first. Members that mean nothing to its kind are then
// 0, not what the stack held: print.c asks the class without the kind.
unsigned insn_operands(const struct insn *insn,
                       struct operand operands[INSN_OPERANDS])
{
    const struct opcode *row = insn->row;
    unsigned i = 0;
    for (; i < INSN_OPERANDS && row->operands[i] != _; i++) {
        operands[i] = (struct operand){0};
        set_operand(insn, &operands[i], &notations[row->operands[i]]);
        operands[i].access = row->use >> (2 * i) & 3;
    }
    // What the mask leaves out keeps its value, unless it is zeroed. So the
    // destination is read as well, which no row says. [SDM2 2.7.4]
    if (insn->evex_mask && !insn->evex_zero && !(row->more & BLENDS) &&
        operands[0].kind == OPERAND_REG && operands[0].class == CLASS_VECTOR)
        operands[0].access |= OPERAND_READ;
    return i;
}

const char *insn_name(const struct insn *insn)
{
    return insn->row->name;
}
