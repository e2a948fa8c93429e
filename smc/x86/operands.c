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

// Where an operand is found.
enum source {
    FROM_NOWHERE,
    FROM_FIXED, // the register `number`
    FROM_OPCODE,
    FROM_RM,     // register or memory by mod
    FROM_GATHER, // memory at a vector of indexes
    FROM_REG,
    FROM_VVVV,
    FROM_IS4, // a register in the immediate's high four bits
    FROM_IMM,
    FROM_IMM_SIGNED,
    FROM_IMM2,
    FROM_ONE,
    FROM_RELATIVE,
    FROM_FAR,
    FROM_OFFSET,  // an absolute address without ModRM
    FROM_POINTER, // memory at the register `number`, segment overridable
    FROM_DI,      // memory at %es:(%edi)
};

// Sizes that depend on the instruction. They begin above all that do not (512,
// FXSAVE), so that one field holds both; real_size tells them apart.
enum {
    SIZE_V = 0x8000, // operand size
    SIZE_ADDRESS,    // address size
    SIZE_P,          // far pointer: operand size and 2
    SIZE_A,          // BOUND: two of the operand size
    SIZE_X,          // vector
    SIZE_H,          // half of it
    SIZE_Q,          // a quarter
    SIZE_F,          // an eighth
    SIZE_ENV,        // x87 environment: 14 or 28 by operand size
    SIZE_X87,        // ... and the eight registers
    SIZE_DUP,        // vector, but 8 bytes instead of 16
};

// A line of the table. `number` is for FROM_FIXED and FROM_POINTER, where the
// opcode names the register.
struct notation {
    uint8_t source, class, number;
    uint16_t size;
    uint16_t memory_size; // where it differs from the register's
};

// clang-format off
#define GPR(source, size) {source, CLASS_GPR, 0, size, 0}
#define GPR_OR(source, size, memory) {source, CLASS_GPR, 0, size, memory}
#define FIXED(n, size) {FROM_FIXED, CLASS_GPR, n, size, 0}
#define SEGMENT(n) {FROM_FIXED, CLASS_SEGMENT, n, 2, 0}
#define MEMORY(size) {FROM_RM, CLASS_GPR, 0, size, 0}
#define MMX(source, size) {source, CLASS_MMX, 0, 8, size}
#define VECTOR(source, memory) {source, CLASS_VECTOR, 0, SIZE_X, memory}
#define POINTER(n, size) {FROM_POINTER, CLASS_GPR, n, size, 0}
#define MASK(source, memory) {source, CLASS_MASK, 0, 8, memory}
#define SCALAR(size) {FROM_RM, CLASS_VECTOR, 0, 16, size}
#define PART(source, size) {source, CLASS_VECTOR, 0, size, 0}
#define GATHERED(size, indexes) {FROM_GATHER, 0, 0, size, indexes}

static const struct notation notations[SPEC_END] = {
    // Registers that the opcode names, in full or by its low three bits.
    [AL] = FIXED(REG_AX, 1),
    [CL] = FIXED(REG_CX, 1),
    [AX] = FIXED(REG_AX, 2),
    [eAX] = FIXED(REG_AX, SIZE_V),
    [Zb] = GPR(FROM_OPCODE, 1),
    [Zv] = GPR(FROM_OPCODE, SIZE_V),
    [sES] = SEGMENT(SEG_ES), [sCS] = SEGMENT(SEG_CS),
    [sSS] = SEGMENT(SEG_SS), [sDS] = SEGMENT(SEG_DS),
    [sFS] = SEGMENT(SEG_FS), [sGS] = SEGMENT(SEG_GS),
    // DXmem is written (%dx) but is a port: it reads DX and no memory.
    [ST0] = {FROM_FIXED, CLASS_X87, 0, 10, 0},
    [One] = {FROM_ONE, 0, 0, 1, 0},
    [XMM0] = {FROM_FIXED, CLASS_VECTOR, 0, 16, 0},
    [DXmem] = FIXED(REG_DX, 2),
    // Memory at a fixed register. z is v here: it is less only where operands
    // have 64 bits.
    [Xb] = POINTER(REG_SI, 1),
    [Xv] = POINTER(REG_SI, SIZE_V),
    [Xz] = POINTER(REG_SI, SIZE_V),
    [Yb] = {FROM_DI, 0, 0, 1, 0},
    [Yv] = {FROM_DI, 0, 0, SIZE_V, 0},
    [Yz] = {FROM_DI, 0, 0, SIZE_V, 0},
    [BBb] = POINTER(REG_BX, 1),
    [DIq] = POINTER(REG_DI, 8),
    [DIx] = POINTER(REG_DI, 16),
    [AXmem] = POINTER(REG_AX, 0),
    // VEX.vvvv: the source that SSE does not have.
    [Hx] = VECTOR(FROM_VVVV, 0),
    [Hdq] = {FROM_VVVV, CLASS_VECTOR, 0, 16, 0},
    [By] = GPR(FROM_VVVV, 4),
    [Kv] = MASK(FROM_VVVV, 0),
    // General registers and memory.
    [Eb] = GPR(FROM_RM, 1), [Ew] = GPR(FROM_RM, 2),
    [Ed] = GPR(FROM_RM, 4), [Ev] = GPR(FROM_RM, SIZE_V),
    [Ra] = GPR(FROM_RM, SIZE_ADDRESS),
    [Ga] = GPR(FROM_REG, SIZE_ADDRESS),
    [Rd] = GPR(FROM_RM, 4), [Rv] = GPR(FROM_RM, SIZE_V),
    // Memory only. M has no size of its own: LEA, INVLPG, or by the state
    // that is enabled (XSAVE). Ms is a limit of 2 bytes and a base of 4,
    // whatever 66 says.
    [M] = MEMORY(0), [Mb] = MEMORY(1), [Mw] = MEMORY(2),
    [Md] = MEMORY(4), [Mq] = MEMORY(8), [Mx] = MEMORY(SIZE_X),
    [Mt] = MEMORY(10), [Mv] = MEMORY(SIZE_V),
    [Mp] = MEMORY(SIZE_P), [Ma] = MEMORY(SIZE_A), [Ms] = MEMORY(6),
    [Mdq] = MEMORY(16), [Mqq] = MEMORY(32), [M14] = MEMORY(SIZE_ENV),
    [M94] = MEMORY(SIZE_X87),
    [M512] = MEMORY(512),
    // Less in memory than in a register: SLDT and its kin, PINSRB, PINSRW.
    [EwRv] = GPR_OR(FROM_RM, SIZE_V, 2),
    [EdRb] = GPR_OR(FROM_RM, 4, 1),
    [EdRw] = GPR_OR(FROM_RM, 4, 2),
    [Gb] = GPR(FROM_REG, 1), [Gw] = GPR(FROM_REG, 2),
    [Gd] = GPR(FROM_REG, 4), [Gv] = GPR(FROM_REG, SIZE_V),
    [Sw] = {FROM_REG, CLASS_SEGMENT, 0, 2, 0},
    [Cd] = {FROM_REG, CLASS_CONTROL, 0, 4, 0},
    [Dd] = {FROM_REG, CLASS_DEBUG, 0, 4, 0},
    [STi] = {FROM_RM, CLASS_X87, 0, 10, 0},
    // MMX and SSE. Vd and Vq are whole registers as Vx is: the letter is for
    // the reader of the table. Of memory only that part is read (Wd, Wq).
    [Pq] = MMX(FROM_REG, 0), [Qq] = MMX(FROM_RM, 8),
    [Qd] = MMX(FROM_RM, 4), [Nq] = MMX(FROM_RM, 0),
    [Vx] = VECTOR(FROM_REG, 0), [Vq] = VECTOR(FROM_REG, 0),
    [Vd] = VECTOR(FROM_REG, 0), [Vh] = PART(FROM_REG, SIZE_H),
    [Vdq] = {FROM_REG, CLASS_VECTOR, 0, 16, 0},
    [Wx] = VECTOR(FROM_RM, 0), [Wq] = SCALAR(8), [Wd] = SCALAR(4),
    [Ww] = SCALAR(2), [Wb] = SCALAR(1), [Wh] = PART(FROM_RM, SIZE_H),
    [Wf] = PART(FROM_RM, SIZE_Q), [We] = PART(FROM_RM, SIZE_F),
    [Wdup] = VECTOR(FROM_RM, SIZE_DUP),
    [Wdq] = {FROM_RM, CLASS_VECTOR, 0, 16, 0},
    [Wqq] = {FROM_RM, CLASS_VECTOR, 0, 32, 0},
    [Ux] = VECTOR(FROM_RM, 0),
    [Udq] = {FROM_RM, CLASS_VECTOR, 0, 16, 0},
    // Masks, bounds, gathering. A pair of bounds is 8 bytes in memory.
    [GK] = MASK(FROM_REG, 0), [RK] = MASK(FROM_RM, 0),
    [EKb] = MASK(FROM_RM, 1), [EKw] = MASK(FROM_RM, 2),
    [EKd] = MASK(FROM_RM, 4), [EKq] = MASK(FROM_RM, 8),
    [BndG] = {FROM_REG, CLASS_BOUND, 0, 16, 0},
    [BndE] = {FROM_RM, CLASS_BOUND, 0, 16, 8},
    [BndM] = MEMORY(0),
    [VMd] = GATHERED(4, SIZE_X), [VMq] = GATHERED(8, SIZE_X),
    [VMh] = GATHERED(8, SIZE_H),
    // Immediates: what follows ModRM.
    [Ib] = {FROM_IMM, 0, 0, 1, 0},
    [sIb] = {FROM_IMM_SIGNED, 0, 0, 1, 0},
    [Jb] = {FROM_RELATIVE, 0, 0, 1, 0},
    [Lx] = VECTOR(FROM_IS4, 0),
    [Ldq] = {FROM_IS4, CLASS_VECTOR, 0, 16, 0},
    [Iw] = {FROM_IMM, 0, 0, 2, 0},
    [Iz] = {FROM_IMM, 0, 0, SIZE_V, 0},
    [Jz] = {FROM_RELATIVE, 0, 0, SIZE_V, 0},
    [Ob] = {FROM_OFFSET, 0, 0, 1, 0},
    [Ov] = {FROM_OFFSET, 0, 0, SIZE_V, 0},
    [Ap] = {FROM_FAR, 0, 0, SIZE_P, 0},
    [I2b] = {FROM_IMM2, 0, 0, 1, 0},
};
// clang-format on

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
