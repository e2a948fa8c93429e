// SPDX-License-Identifier: MIT
// The encoders behind emit.h: an instruction is drafted aside and then taken
// over whole or not at all, so that a full buffer never ends in half of one.
//
//   emit_add_ri(e, EAX, 5)
//     emit_alu          chooses 83 /0 ib, the shortest
//       emit_modrm      drafts  83 c0
//         take          drafts        05, if the immediate fits
//           emit_bytes  stores all three, if there is room and no error
#include "smc/x86/emit.h"
#include "kernel/string.h"

// One instruction in the making. The longest that can be asked for is 12: a
// segment prefix, one opcode byte, six of ModRM, and an immediate of four. Two
// more opcode bytes (66 0f) go with an immediate of one at most.
struct draft {
    uint8_t bytes[INSN_MAX + 1];
    uint8_t n;
};

// `end` is never written; it bounds emit_bytes, the only store of the file.
void emit_begin(struct emitter *e, void *buffer, size_t size, uint32_t address)
{
    *e = (struct emitter){.start = buffer,
                          .at = buffer,
                          .end = (uint8_t *)buffer + size,
                          .address = address};
}

// Later errors are mostly consequences of the first: when the buffer is full,
// every label behind it stays unbound.
void emit_refuse(struct emitter *e, enum emit_error error)
{
    if (e->error != EMIT_OK)
        return;
    e->error = error;
    e->error_at = e->at;
}

enum emit_error emit_finish(struct emitter *e)
{
    if (e->waiting)
        emit_refuse(e, EMIT_UNBOUND);
    return e->error;
}

const char *emit_error_text(enum emit_error error)
{
    static const char *const text[] = {
        [EMIT_OK] = "no error",
        [EMIT_FULL] = "the buffer is full",
        [EMIT_FAR] = "the target is too far for a short branch",
        [EMIT_IMMEDIATE] = "an immediate does not fit its operand",
        [EMIT_OPERAND] = "no encoding for this operand",
        [EMIT_REBOUND] = "a label is bound twice",
        [EMIT_UNBOUND] = "a label is used but never bound",
    };
    return error <= EMIT_UNBOUND ? text[error] : "unknown error";
}

// 0 is as good as any number then: emit_bytes stores nothing any more. So the
// macros of emit_forms.h can use the result inside an opcode without a test.
unsigned emit_one_of(struct emitter *e, unsigned value, uint32_t set)
{
    if (value < 32 && set >> value & 1)
        return value;
    emit_refuse(e, EMIT_OPERAND);
    return 0;
}

// Compares room with n: at + n could pass the end of the address space.
void emit_bytes(struct emitter *e, const void *bytes, size_t n)
{
    if (e->error != EMIT_OK)
        return;
    if ((size_t)(e->end - e->at) < n) {
        emit_refuse(e, EMIT_FULL);
        return;
    }
    memcpy(e->at, bytes, n);
    e->at += n;
}

// Drafts --------------------------------------------------------------------

// Lowest byte first, as the processor reads displacements and immediates. No
// bound is checked: the sum of the parts is known not to pass INSN_MAX.
static void put(struct draft *d, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        d->bytes[d->n++] = (uint8_t)(value >> 8 * i);
}

// As the number reads, highest byte first. An opcode has no leading 00: that
// would be ADD, whose forms come here with one byte.
static void put_opcode(struct draft *d, uint32_t opcode)
{
    unsigned size = opcode > 0xffffff ? 4
                    : opcode > 0xffff ? 3
                    : opcode > 0xff   ? 2
                                      : 1;
    while (size--)
        d->bytes[d->n++] = (uint8_t)(opcode >> 8 * size);
}

// Before the opcode, as all prefixes are; 0 stands for "none".
static void put_segment(struct draft *d, struct mem m)
{
    uint8_t prefix = segment_prefix(m);
    if (prefix)
        d->bytes[d->n++] = prefix;
}

// As a signed or as an unsigned number. 0x1ffff in 16 bits would lose its
// highest bit in silence. For one byte:
//
//   0 .. 7f      80 .. ff      100 .. ffffff7f      ffffff80 .. ffffffff
//   both         unsigned      does not fit         signed, -80 .. -1
static bool fits(uint32_t imm, unsigned size)
{
    if (size == 0 || size == 4)
        return true;
    uint32_t max = (1u << 8 * size) - 1;
    return imm <= max || imm >= ~(max >> 1);
}

// The processor extends the byte to the operand's size. 0xffff and -1 are the
// same 16-bit number, and both are the byte ff.
static bool fits_imm8(uint32_t imm, unsigned size)
{
    if (!fits(imm, size))
        return false;
    int32_t value = size == 2 ? (int16_t)imm : (int32_t)imm;
    return value == (int8_t)value;
}

// The last step of every encoder: check the immediate, then all of it at once.
static void take(struct emitter *e, struct draft *d, uint32_t imm,
                 unsigned imm_size)
{
    if (!fits(imm, imm_size)) {
        emit_refuse(e, EMIT_IMMEDIATE);
        return;
    }
    put(d, imm, imm_size);
    emit_bytes(e, d->bytes, d->n);
}

// Without ModRM: operands are implied, part of the opcode (its lowest three
// bits) or the immediate.
void emit_plain(struct emitter *e, uint32_t opcode, uint32_t imm,
                unsigned imm_size)
{
    struct draft d = {0};
    put_opcode(&d, opcode);
    take(e, &d, imm, imm_size);
}

// The segment prefix goes before a 66 that belongs to the opcode; the order of
// prefixes is free, but nothing may stand between 66 and an SSE opcode but
// other prefixes. [SDM2 2.1.1]
void emit_modrm(struct emitter *e, uint32_t opcode, unsigned reg,
                struct mem rm, uint32_t imm, unsigned imm_size)
{
    struct draft d = {0};
    put_segment(&d, rm);
    put_opcode(&d, opcode);
    unsigned n = modrm_encode(d.bytes + d.n, reg, rm);
    if (!n) {
        emit_refuse(e, EMIT_OPERAND);
        return;
    }
    d.n = (uint8_t)(d.n + n);
    take(e, &d, imm, imm_size);
}

// Choosing ------------------------------------------------------------------

// %al, %ax or %eax: opcodes from before ModRM have it built in.
static bool is_accumulator(struct mem m)
{
    return m.direct && m.base == REG_AX;
}

//   add $5,%eax           83 c0 05            the byte is extended
//   add $500,%eax         05 f4 01 00 00      no ModRM
//   add $500,%ecx         81 c1 f4 01 00 00
//
// take() judges the immediate as a byte then: it is cut here, after fits_imm8
// has seen that the processor will extend it to what was asked for. Bytes have
// the accumulator's form and 80 only; 82 is the same as 80.
void emit_alu(struct emitter *e, unsigned size, unsigned digit, struct mem d,
              uint32_t imm)
{
    if (size != 1 && fits_imm8(imm, size))
        emit_modrm(e, opcode_wide(0x83, size), digit, d, imm & 0xff, 1);
    else if (is_accumulator(d))
        emit_plain(e, opcode_sized(8 * digit + 4, size), imm, size);
    else
        emit_modrm(e, opcode_sized(0x80, size), digit, d, imm, size);
}

// No form with an extended byte: TEST came after those opcodes were spent.
void emit_test(struct emitter *e, unsigned size, struct mem d, uint32_t imm)
{
    if (is_accumulator(d))
        emit_plain(e, opcode_sized(0xa8, size), imm, size);
    else
        emit_modrm(e, opcode_sized(0xf6, size), 0, d, imm, size);
}

// D1 shifts by one without an immediate; C1 came with the 80186.
void emit_shift(struct emitter *e, unsigned size, unsigned digit, struct mem d,
                uint32_t imm)
{
    if (imm == 1)
        emit_modrm(e, opcode_sized(0xd0, size), digit, d, 0, 0);
    else
        emit_modrm(e, opcode_sized(0xc0, size), digit, d, imm, 1);
}

// The same choice as emit_alu's, less the accumulator: IMUL has no such form.
void emit_imul(struct emitter *e, unsigned size, unsigned d, struct mem s,
               uint32_t imm)
{
    if (fits_imm8(imm, size))
        emit_modrm(e, opcode_wide(0x6b, size), d, s, imm & 0xff, 1);
    else
        emit_modrm(e, opcode_wide(0x69, size), d, s, imm, size);
}

// Between the accumulator and a fixed address a ModRM byte can be saved:
//
//   mov 0x1234,%eax       a1 34 12 00 00
//   mov 0x1234,%ecx       8b 0d 34 12 00 00
//
// a0..a3 are the loads and stores the other way round than 88..8b.
void emit_mov(struct emitter *e, unsigned size, uint32_t opcode, unsigned reg,
              struct mem m)
{
    bool is_bad = m.segment != SEG_NONE && m.segment > SEG_GS; // refused there
    if (reg != REG_AX || m.base != REG_NONE || m.index != REG_NONE || is_bad) {
        emit_modrm(e, opcode_sized(opcode, size), reg, m, 0, 0);
        return;
    }
    struct draft d = {0};
    put_segment(&d, m);
    put_opcode(&d, opcode_sized(opcode == 0x8a ? 0xa0 : 0xa2, size));
    take(e, &d, (uint32_t)m.disp, 4);
}

// XCHG does not care for the order, so either may be the accumulator, which is
// number 0: a + b is the other one. With both it is 90, the NOP.
void emit_xchg(struct emitter *e, unsigned size, unsigned a, unsigned b)
{
    if (size != 1 && (a == REG_AX || b == REG_AX))
        emit_plain(e, opcode_wide(0x90 + emit_one_of(e, a + b, 0xff), size), 0,
                   0);
    else
        emit_modrm(e, opcode_sized(0x86, size), b, emit_direct(a), 0, 0);
}

// 0 among the opcodes: there is no such instruction (POP CS).
void emit_segment(struct emitter *e, const uint16_t opcodes[6],
                  unsigned segment)
{
    if (segment > SEG_GS || !opcodes[segment])
        emit_refuse(e, EMIT_OPERAND);
    else
        emit_plain(e, opcodes[segment], 0, 0);
}

// ENTER and far branches are the only ones with two immediates. The first is
// judged here, the second by take.
void emit_enter(struct emitter *e, uint32_t frame, uint32_t level)
{
    struct draft d = {.bytes = {0xc8}, .n = 1};
    if (!fits(frame, 2))
        emit_refuse(e, EMIT_IMMEDIATE);
    put(&d, frame, 2);
    take(e, &d, level, 1);
}

// The offset first, as in a far pointer in memory; no size of either can be
// wrong.
void emit_far(struct emitter *e, uint32_t opcode, uint16_t selector,
              uint32_t offset)
{
    struct draft d = {0};
    put_opcode(&d, opcode);
    put(&d, offset, 4);
    take(e, &d, selector, 2);
}
