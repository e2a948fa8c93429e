// SPDX-License-Identifier: MIT
// Branches and labels.
//
// A branch to a label that is not bound yet is threaded on the label's chain,
// and the chain lives in the unfinished code itself:
//
//   label.waiting --------------------------------+
//                                                 v
//   0f 84 [00 00 00 00] ... e9 [03 00 00 00] ... e8 [..]
//          ^ the last: 0        ^ offset + 1 of the one before
//
// emit_bind walks the chain from the newest to the oldest and puts distances
// where the links were. Until then the code must not be executed; that is what
// EMIT_UNBOUND is for.
//
// A rel8 field has no room for an offset; it holds the distance to the field
// before. That is enough: two short branches to one label cannot be further
// apart than the label can be from the first.
#include "smc/x86/emit.h"

// One chain for each kind: while walking, the kind tells how wide a link is
// and what is to be put in its place. The order is that of label.waiting.
enum field { FIELD_REL8, FIELD_REL32, FIELD_ABSOLUTE };

static unsigned field_size(enum field field)
{
    return field == FIELD_REL8 ? 1 : 4;
}

// Byte by byte: fields stand at any address, and the host may be strict.
static uint32_t load(const uint8_t *at, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)at[i] << 8 * i;
    return value;
}

static void store(uint8_t *at, uint32_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

// As a signed number: 0xffffffff is one byte back. Distances are unsigned and
// wrap, as the processor's addition does.
static bool is_rel8(uint32_t distance)
{
    return distance == (uint32_t)(int8_t)distance;
}

// Distances count from the end of the field, which ends the instruction.
//
//        offset          target         REL8, REL32   target - (offset + n)
//   | e9 | n bytes | ... |              ABSOLUTE      target + e->address
//
// Distances are the same wherever the code will run; an absolute address is
// the one kind that needs e->address.
static void finish_field(struct emitter *e, uint32_t offset, enum field field,
                         uint32_t target)
{
    uint32_t value = target;
    if (field == FIELD_REL8 || field == FIELD_REL32)
        value -= offset + field_size(field);
    if (field == FIELD_ABSOLUTE)
        value += e->address;
    if (field == FIELD_REL8 && !is_rel8(value))
        emit_refuse(e, EMIT_FAR);
    store(e->start + offset, value, field_size(field));
}

// The label is marked as bound before its fields are finished: if one of them
// is too far, the error is that, and not also an unbound label.
void emit_bind(struct emitter *e, struct label *label)
{
    if (label->bound)
        emit_refuse(e, EMIT_REBOUND);
    if (e->error != EMIT_OK)
        return;
    uint32_t here = (uint32_t)emit_length(e);
    label->bound = here + 1;
    for (enum field field = FIELD_REL8; field <= FIELD_ABSOLUTE; field++) {
        unsigned size = field_size(field);
        while (label->waiting[field]) {
            uint32_t offset = label->waiting[field] - 1;
            // Of another buffer, or of this one before it began anew.
            if (!e->waiting || offset + size > here) {
                emit_refuse(e, EMIT_OPERAND);
                return;
            }
            // Read before finish_field writes the distance over it.
            uint32_t link = load(e->start + offset, size);
            bool is_last = link == 0;
            label->waiting[field] = is_last               ? 0
                                    : field == FIELD_REL8 ? offset + 1 - link
                                                          : link;
            finish_field(e, offset, field, here);
            e->waiting--;
        }
    }
}

// The field that was just emitted belongs to `label`: put in what it will
// hold, or a link of the chain. It is the instruction's last, so it is found
// from e->at backwards; an immediate behind it would be taken for it.
static void attach(struct emitter *e, enum field field, struct label *label)
{
    if (e->error != EMIT_OK)
        return;
    unsigned size = field_size(field);
    uint32_t offset = (uint32_t)emit_length(e) - size;
    if (label->bound) {
        finish_field(e, offset, field, label->bound - 1);
        return;
    }
    uint32_t last = label->waiting[field];
    uint32_t link = last && field == FIELD_REL8 ? offset + 1 - last : last;
    if (field == FIELD_REL8 && link > 0xff)
        emit_refuse(e, EMIT_FAR);
    store(e->start + offset, link, size);
    label->waiting[field] = offset + 1;
    e->waiting++;
}

// Branches ------------------------------------------------------------------

// The opcodes of a branch's two lengths; 0 where there is none, or where the
// caller does not want it.
struct branch {
    uint8_t rel8;
    uint16_t rel32;
};

static const struct branch jump = {0xeb, 0xe9}, jump_short = {0xeb, 0},
                           jump_near = {0, 0xe9}, call = {0, 0xe8},
                           loop = {0xe2, 0}, loope = {0xe1, 0},
                           loopne = {0xe0, 0}, jecxz = {0xe3, 0};

// 7x and 0f 8x: the condition is the low four bits in both. [SDM2 B.1.4.7]
static struct branch jcc(struct emitter *e, enum condition c)
{
    unsigned code = emit_one_of(e, c, 0xffff);
    return (struct branch){(uint8_t)(0x70 + code), (uint16_t)(0x0f80 + code)};
}

// Short if there is no other way, or if the target, `offset` behind e->start,
// is known to be within reach.
//
//   rel8   rel32   target            field
//   yes    no      any               REL8; too far is found out later
//   yes    yes     known and near    REL8
//   yes    yes     far or unknown    REL32
//   no     yes     any               REL32
//
// 2 is the length of every short branch: opcode and distance.
static enum field choose(const struct emitter *e, struct branch b,
                         bool is_known, uint32_t offset)
{
    if (!b.rel32)
        return FIELD_REL8;
    bool is_near = is_rel8(offset - ((uint32_t)emit_length(e) + 2));
    return b.rel8 && is_known && is_near ? FIELD_REL8 : FIELD_REL32;
}

// With a distance of 0 for now; the caller finishes or attaches the field.
static void put_branch(struct emitter *e, struct branch b, enum field field)
{
    emit_plain(e, field == FIELD_REL8 ? b.rel8 : b.rel32, 0,
               field_size(field));
}

static void branch(struct emitter *e, struct branch b, struct label *to)
{
    enum field field = choose(e, b, to->bound != 0, to->bound - 1);
    put_branch(e, b, field);
    attach(e, field, to);
}

// Offsets wrap as addresses do, so what lies before e->start has one, too.
static void branch_to(struct emitter *e, struct branch b, uint32_t target)
{
    uint32_t offset = target - e->address;
    enum field field = choose(e, b, true, offset);
    put_branch(e, b, field);
    if (e->error == EMIT_OK)
        finish_field(e, (uint32_t)emit_length(e) - field_size(field), field,
                     offset);
}

void emit_jmp(struct emitter *e, struct label *to)
{
    branch(e, jump, to);
}

void emit_jmp_short(struct emitter *e, struct label *to)
{
    branch(e, jump_short, to);
}

void emit_jmp_near(struct emitter *e, struct label *to)
{
    branch(e, jump_near, to);
}

void emit_jcc(struct emitter *e, enum condition c, struct label *to)
{
    branch(e, jcc(e, c), to);
}

void emit_jcc_short(struct emitter *e, enum condition c, struct label *to)
{
    branch(e, (struct branch){jcc(e, c).rel8, 0}, to);
}

void emit_jcc_near(struct emitter *e, enum condition c, struct label *to)
{
    branch(e, (struct branch){0, jcc(e, c).rel32}, to);
}

void emit_call(struct emitter *e, struct label *to)
{
    branch(e, call, to);
}

void emit_loop(struct emitter *e, struct label *to)
{
    branch(e, loop, to);
}

void emit_loope(struct emitter *e, struct label *to)
{
    branch(e, loope, to);
}

void emit_loopne(struct emitter *e, struct label *to)
{
    branch(e, loopne, to);
}

void emit_jecxz(struct emitter *e, struct label *to)
{
    branch(e, jecxz, to);
}

void emit_jmp_to(struct emitter *e, uint32_t target)
{
    branch_to(e, jump, target);
}

void emit_jmp_near_to(struct emitter *e, uint32_t target)
{
    branch_to(e, jump_near, target);
}

void emit_jcc_to(struct emitter *e, enum condition c, uint32_t target)
{
    branch_to(e, jcc(e, c), target);
}

void emit_jcc_near_to(struct emitter *e, enum condition c, uint32_t target)
{
    branch_to(e, (struct branch){0, jcc(e, c).rel32}, target);
}

void emit_call_to(struct emitter *e, uint32_t target)
{
    branch_to(e, call, target);
}

void emit_loop_to(struct emitter *e, uint32_t target)
{
    branch_to(e, loop, target);
}

void emit_loope_to(struct emitter *e, uint32_t target)
{
    branch_to(e, loope, target);
}

void emit_loopne_to(struct emitter *e, uint32_t target)
{
    branch_to(e, loopne, target);
}

void emit_jecxz_to(struct emitter *e, uint32_t target)
{
    branch_to(e, jecxz, target);
}

// Labels as values -----------------------------------------------------------

// All three have a field of four bytes at their end, whatever it will hold: an
// encoder that chose the form by the value would choose by the 0 that stands
// in for it.

void emit_mov_label(struct emitter *e, enum reg32 d, struct label *label)
{
    emit_mov_ri(e, d, 0);
    attach(e, FIELD_ABSOLUTE, label);
}

void emit_push_label(struct emitter *e, struct label *label)
{
    emit_plain(e, 0x68, 0, 4); // not emit_push_i: 0 would be one byte
    attach(e, FIELD_ABSOLUTE, label);
}

void emit_long_label(struct emitter *e, struct label *label)
{
    emit_long(e, 0);
    attach(e, FIELD_ABSOLUTE, label);
}
