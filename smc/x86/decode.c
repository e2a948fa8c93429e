// SPDX-License-Identifier: MIT
// Decoding: find the parts of an instruction and the row that names it.
//
//   prefixes -> escape -> row -> forks -> ModRM, SIB, disp -> immediates
//
// Every byte is asked for before it is read (reader.h).
// The row says which parts follow the opcode; nothing else about it is worked
// out here. [SDM2 2.1]
#include "smc/x86/decode.h"
#include "smc/x86/reader.h"
#include "smc/x86/table.h"

// What a byte may be where prefixes or an opcode are expected. One look tells
// the usual case, IS_OPCODE, from all others.
//
// The order counts: from FIRST_PREFIX on all are prefixes, and what the table
// leaves out is 0, an opcode.
enum {
    IS_OPCODE,
    IS_0F,     // leads to other maps
    IS_VECTOR, // perhaps: see is_vector_escape
    IS_SEGMENT,
    IS_66,
    IS_67,
    IS_LOCK,
    IS_F2,
    IS_F3,
    FIRST_PREFIX = IS_SEGMENT,
};

static const uint8_t byte_kind[256] = {
    [0x0f] = IS_0F,      [0x62] = IS_VECTOR,  [0x8f] = IS_VECTOR,
    [0xc4] = IS_VECTOR,  [0xc5] = IS_VECTOR,  [0x26] = IS_SEGMENT,
    [0x2e] = IS_SEGMENT, [0x36] = IS_SEGMENT, [0x3e] = IS_SEGMENT,
    [0x64] = IS_SEGMENT, [0x65] = IS_SEGMENT, [0x66] = IS_66,
    [0x67] = IS_67,      [0xf0] = IS_LOCK,    [0xf2] = IS_F2,
    [0xf3] = IS_F3,
};

// To 32 bits, under 16-bit addressing, too: whoever adds up the address cuts
// the sum, and -16(%bp) can still be printed with its sign.
static int32_t sign_extend(uint32_t value, unsigned size)
{
    if (size == 1)
        return (int8_t)value;
    return size == 2 ? (int16_t)value : (int32_t)value;
}

// A set: 66 66 is 66. Of several segments, and of F2 and F3, the last counts.
// The manual gives no meaning to two of one group [SDM2 2.1.1]; assemblers
// write them all the same, to fill up NOPs.
static void note_prefix(struct insn *insn, uint8_t kind, uint8_t byte)
{
    switch (kind) {
    case IS_SEGMENT:
        insn->prefixes |= PREFIX_SEGMENT;
        // 26 2e 36 3e are es cs ss ds; 64 65 are fs gs.
        insn->segment = byte < 0x64 ? byte >> 3 & 3 : byte & 7;
        break;
    case IS_66: insn->prefixes |= PREFIX_66; break;
    case IS_67: insn->prefixes |= PREFIX_67; break;
    case IS_LOCK: insn->prefixes |= PREFIX_LOCK; break;
    default:
        insn->prefixes |= kind == IS_F2 ? PREFIX_F2 : PREFIX_F3;
        insn->repeat = byte;
    }
}

// Any number in any order; only the 15 bytes of an instruction end them. The
// sizes are settled behind the last:
//
//             without 66 (67)   with
//   INSN_16   2                 4
//   INSN_32   4                 2
//
// Returns false if the bytes end before an opcode.
static bool read_prefixes(struct insn *insn, struct reader *r)
{
    for (; reader_has(r, 1); r->at++) {
        uint8_t byte = r->bytes[r->at], kind = byte_kind[byte];
        if (kind < FIRST_PREFIX)
            break;
        note_prefix(insn, kind, byte);
    }
    bool wide = insn->mode == INSN_32;
    insn->operand_size = wide ^ !!(insn->prefixes & PREFIX_66) ? 4 : 2;
    insn->address_size = wide ^ !!(insn->prefixes & PREFIX_67) ? 4 : 2;
    insn->opcode_at = (uint8_t)r->at;
    return reader_has(r, 1);
}

// A mandatory prefix chooses a row; F2 and F3 go before 66, wherever each
// stands.
//
//   prefixes    index   with 0f 58
//   none        0       addps
//   66          1       addpd
//   F3, 66 F3   2       addss: the 66 means nothing
//   F2, 66 F2   3       addsd
static unsigned prefix_index(struct insn *insn)
{
    if (insn->repeat) {
        insn->mandatory = insn->repeat;
        return insn->repeat == 0xf3 ? 2 : 3;
    }
    if (insn->prefixes & PREFIX_66)
        insn->mandatory = 0x66;
    return insn->prefixes & PREFIX_66 ? 1 : 0;
}

// What a fork's missing rows are: its array ends with the last defined one.
static const struct opcode undefined = {.kind = ROW_UNDEFINED};

// Follows forks until a row is an instruction or undefined. They nest: 0f ae
// is by ModRM.reg, then by mod, then by prefix. ModRM is looked at, not taken;
// the row tells read_modrm how to read it. NULL: the byte that decides is
// missing.
static const struct opcode *
choose_row(struct insn *insn, const struct reader *r, const struct opcode *row)
{
    while (row->kind >= FORK_PREFIX) {
        unsigned index = 0;
        if (row->kind >= FORK_MODE && !reader_has(r, 1))
            return NULL;
        uint8_t modrm = 0;
        if (row->kind >= FORK_MODE) {
            modrm = r->bytes[r->at];
            insn->modrm_at = (uint8_t)r->at; // there is one, operands or not
        }
        switch (row->kind) {
        case FORK_PREFIX: index = prefix_index(insn); break;
        case FORK_SIZE: index = insn->operand_size == 4; break;
        case FORK_ADDRESS: index = insn->address_size == 4; break;
        case FORK_MODE: index = modrm >= 0xc0; break;
        case FORK_REG: index = modrm >> 3 & 7; break;
        case FORK_RM: index = modrm & 7; break;
        }
        if (index >= row->rows)
            return &undefined;
        row = &row->fork[index];
    }
    return row;
}

// The displacement's size by ModRM and SIB. [SDM2 2.1.5, tables 2-1 to 2-3]
//
//            mod 0              mod 1   mod 2
//   16 bits  2 if rm is 6       1       2
//   32 bits  4 if rm or, under  1       4
//            a SIB, base is 5
//
// The exceptions at mod 0 are where (%bp) and (%ebp) would be. These cost a
// displacement of 0 in mod 1, and their place means "no base".
static unsigned displacement_size(const struct insn *insn)
{
    unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;
    if (mod == 1)
        return 1;
    if (insn->address_size == 2)
        return mod == 2 || rm == 6 ? 2 : 0;
    if (mod == 2)
        return 4;
    return (rm == 4 ? insn->sib & 7 : rm) == 5 ? 4 : 0;
}

// ModRM and what it asks for. Returns false if the bytes end. Inline, for a
// reader whose address is known elsewhere cannot stay in registers.
//
// `memory` false is MOV with control and debug registers, which ignores mod.
// Read as usual, 0f 20 44 would swallow two bytes of what follows it, and the
// first symptom would be nonsense behind every such MOV.
static inline bool read_modrm(struct insn *insn, struct reader *r, bool memory)
{
    if (!reader_has(r, 1))
        return false;
    insn->modrm_at = (uint8_t)r->at;
    insn->modrm = reader_byte(r);
    if (insn->modrm >= 0xc0 || !memory)
        return true;
    if (insn->address_size == 4 && (insn->modrm & 7) == 4) {
        if (!reader_has(r, 1))
            return false;
        insn->sib_at = (uint8_t)r->at;
        insn->sib = reader_byte(r);
    }
    unsigned size = displacement_size(insn);
    if (!size)
        return true;
    if (!reader_has(r, size))
        return false;
    insn->disp_at = (uint8_t)r->at;
    insn->disp_size = (uint8_t)size;
    insn->disp = sign_extend(reader_take(r, size), size);
    return true;
}

bool decode_modrm(struct insn *insn, struct reader *r)
{
    return read_modrm(insn, r, true);
}

// Not sign-extended: whether it has a sign is a matter of the operand's
// notation, which nobody has asked for yet.
static bool read_immediate(struct insn *insn, struct reader *r, unsigned size)
{
    if (!reader_has(r, size))
        return false;
    insn->imm_at = (uint8_t)r->at;
    insn->imm_size = (uint8_t)size;
    insn->imm = reader_take(r, size);
    return true;
}

static bool read_second_immediate(struct insn *insn, struct reader *r,
                                  unsigned size)
{
    if (!reader_has(r, size))
        return false;
    insn->imm2_size = (uint8_t)size;
    insn->imm2 = (uint16_t)reader_take(r, size);
    return true;
}

// What follows the operands' ModRM, by the row's shape:
//
//   a1 | 00 10 00 00           mov   0x1000,%eax      O: disp
//   c8 | 04 00 | 01            enter $4,$1            W: imm, B2: imm2
//   9a | 78 56 34 12 | 08 00   lcall $8,$0x12345678   FAR: imm, imm2
static bool read_immediates(struct insn *insn, struct reader *r,
                            const struct opcode *row)
{
    uint8_t shape = row->shape;
    if (shape & SHAPE_O) { // an address, which is a displacement
        unsigned size = insn->address_size;
        if (!reader_has(r, size))
            return false;
        insn->disp_at = (uint8_t)r->at;
        insn->disp_size = (uint8_t)size;
        insn->disp = (int32_t)reader_take(r, size);
        return true;
    }
    unsigned size = shape & SHAPE_B                 ? 1
                    : shape & SHAPE_W               ? 2
                    : shape & (SHAPE_Z | SHAPE_FAR) ? insn->operand_size
                                                    : 0;
    if (size && !read_immediate(insn, r, size))
        return false;
    // JMP, Jcc and CALL: the distance is an immediate in the encoding. One
    // comparison for the three; FLOW_NEXT, which is less, wraps round.
    if ((unsigned)(row->flow - FLOW_JUMP) <= FLOW_CALL - FLOW_JUMP)
        insn->disp = sign_extend(insn->imm, size);
    if (shape & SHAPE_FAR)
        return read_second_immediate(insn, r, 2);
    return !(shape & SHAPE_B2) || read_second_immediate(insn, r, 1);
}

// LOCK is #UD but with a few read-modify-write instructions, and there only
// with a destination in memory. [SDM2 LOCK] Rows marked LOCKABLE have their
// destination in ModRM.rm, so mod tells where it is.
static bool lock_is_right(const struct insn *insn, const struct opcode *row)
{
    return row->more & LOCKABLE && insn->modrm_at && insn->modrm < 0xc0;
}

// The row comes last. It stays NULL for all that is not INSN_OK, and who asks
// such an instruction for its operands faults at once instead of reading
// those of another.
static enum insn_status finish(struct insn *insn, const struct reader *r,
                               const struct opcode *row)
{
    insn->length = (uint8_t)r->at;
    if (insn->prefixes & PREFIX_LOCK && !lock_is_right(insn, row))
        return INSN_UNDEFINED;
    insn->row = row;
    return INSN_OK;
}

// From a map's row to the end. `row` is what the last opcode byte names.
//
// There are two ways to a ModRM byte: an operand needs it, or a fork has used
// it. MFENCE, 0f ae f0, has no operands; without the second way its f0 would
// be left behind, and be taken for the LOCK of the next instruction.
enum insn_status decode_by_row(struct insn *insn, struct reader r,
                               const struct opcode *row)
{
    row = choose_row(insn, &r, row);
    if (!row)
        return INSN_TRUNCATED;
    if (row->kind == ROW_UNDEFINED)
        return INSN_UNDEFINED;
    if ((row->shape & SHAPE_MODRM || insn->modrm_at) &&
        !read_modrm(insn, &r, !(row->more & REGISTER)))
        return INSN_TRUNCATED;
    if (row->shape & SHAPE_IMMEDIATE && !read_immediates(insn, &r, row))
        return INSN_TRUNCATED;
    return finish(insn, &r, row);
}

// 3DNow!: 0f 0f ModRM ... and the opcode where others have an immediate. So
// ModRM is read before any row is known; all of them have the same shape.
//
//   0f 0f | c1 | 9e   pfadd %mm1,%mm0
static enum insn_status decode_3dnow(struct insn *insn, struct reader r)
{
    insn->map = MAP_3DNOW;
    if (!decode_modrm(insn, &r) || !reader_has(&r, 1))
        return INSN_TRUNCATED;
    insn->opcode = reader_byte(&r);
    const struct opcode *row = &map_3dnow[insn->opcode];
    if (row->kind == ROW_UNDEFINED)
        return INSN_UNDEFINED;
    return finish(insn, &r, row);
}

// After 0f: the byte names an instruction or one of three more maps.
static enum insn_status decode_0f(struct insn *insn, struct reader *r)
{
    static const struct opcode *const maps[] = {
        [MAP_0F] = map_0f, [MAP_0F38] = map_0f38, [MAP_0F3A] = map_0f3a};
    if (!reader_has(r, 1))
        return INSN_TRUNCATED;
    insn->map = MAP_0F;
    uint8_t byte = reader_byte(r);
    if (byte == 0x0f)
        return decode_3dnow(insn, *r);
    if (byte == 0x38 || byte == 0x3a) {
        if (!reader_has(r, 1))
            return INSN_TRUNCATED;
        insn->map = byte == 0x38 ? MAP_0F38 : MAP_0F3A;
        byte = reader_byte(r);
    }
    insn->opcode = byte;
    return decode_by_row(insn, *r, &maps[insn->map][byte]);
}

// c4, c5, 62 and 8f are LES, LDS, BOUND and POP if the byte behind them is the
// ModRM of one of these, and else VEX, EVEX and XOP. [SDM2 2.3.5]
//
//   LES, LDS, BOUND   need memory: mod is not 11, which was #UD
//   VEX, EVEX         have R and X there, inverted: 11 outside 64-bit mode
static bool is_vector_escape(uint8_t opcode, uint8_t next)
{
    if (opcode == 0x8f)
        return (next & 0x1f) >= 8; // map 8, 9 or 10; in POP, reg is 0
    return next >= 0xc0;
}

// If the bytes end behind c4, it is not known what that is; as LES it is
// truncated, which is true of both.
static enum insn_status decode_opcode(struct insn *insn, struct reader *r)
{
    uint8_t opcode = reader_byte(r), kind = byte_kind[opcode];
    insn->opcode = opcode;
    if (kind == IS_0F)
        return decode_0f(insn, r);
    if (kind == IS_VECTOR && reader_has(r, 1) &&
        is_vector_escape(opcode, r->bytes[r->at]))
        return decode_vector(insn, *r);
    return decode_by_row(insn, *r, &map_1[opcode]);
}

enum insn_status insn_decode(struct insn *insn, const uint8_t *bytes,
                             size_t available, enum insn_mode mode)
{
    struct reader r = {bytes, 0,
                       available < INSN_MAX ? (unsigned)available : INSN_MAX};
    enum insn_status status = INSN_TRUNCATED;
    *insn = (struct insn){
        .bytes = bytes, .mode = (uint8_t)mode, .segment = SEG_NONE};
    if (read_prefixes(insn, &r))
        status = decode_opcode(insn, &r);
    // With INSN_MAX bytes at hand it is not they that end. [SDM2 2.3.11]
    if (status == INSN_TRUNCATED && available >= INSN_MAX)
        status = INSN_TOO_LONG;
    return status;
}

const char *insn_status_text(enum insn_status status)
{
    switch (status) {
    case INSN_OK: return "an instruction";
    case INSN_TRUNCATED: return "the bytes end inside an instruction";
    case INSN_TOO_LONG: return "longer than 15 bytes";
    case INSN_UNDEFINED: return "undefined opcode";
    case INSN_UNKNOWN: return "an instruction that is not in the tables";
    }
    return "no status";
}
