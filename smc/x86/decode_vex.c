// SPDX-License-Identifier: MIT
// The prefixes of vector instructions, which hold the escape, the mandatory
// prefix and one more register. [SDM2 2.3.5], [SDM2 2.7.1], [AMD3 1.2.7]
//
//   VEX   c5  R vvvv L pp                    map 0F
//   VEX   c4  R X B mmmmm   W vvvv L pp
//   XOP   8f  R X B mmmmm   W vvvv L pp      maps 8, 9, 10
//   EVEX  62  R X B R' 0 mmm   W vvvv 1 pp   z L' L b V' aaa
//
// R, X, B, R', V' and vvvv are stored inverted. Outside 64-bit mode there are
// eight registers: R, X, B and the high bit of vvvv choose nothing.
//
//   c5   f8          58       c1
//        1 1111 0 00 opcode   ModRM      vaddps %xmm1,%xmm0,%xmm0
//
// What has no row here is either #UD or left out of the tables, and only its
// length is sure:
//
//   no row for this prefix, W, length and mod   INSN_UNKNOWN
//   a row, but vvvv, mask, z or b is wrong      INSN_UNDEFINED
#include "smc/x86/reader.h"
#include "smc/x86/vector.h"

// What a row's `prefix` stands for.
static const uint8_t mandatory[4] = {0, 0x66, 0xf3, 0xf2};

// The byte that all four have, W vvvv . pp. What stands at the point differs
// and is the caller's business. In c5 there is R in place of W.
static void read_w_vvvv_pp(struct insn *insn, uint8_t byte)
{
    insn->vex_w = byte >> 7;
    insn->vex_register = ~byte >> 3 & 15;
    insn->mandatory = mandatory[byte & 3];
}

// Every row that is not there has the parts that its map prescribes, so that
// a length can be given for what is not in the tables.
static enum insn_status unknown(struct insn *insn, struct reader *r,
                                unsigned immediate)
{
    bool alone = insn->map == MAP_0F && insn->opcode == 0x77; // VZEROUPPER
    if ((!alone && !decode_modrm(insn, r)) || !reader_has(r, immediate))
        return INSN_TRUNCATED;
    insn->length = (uint8_t)(r->at + immediate);
    return INSN_UNKNOWN;
}

// In the 0F map only the shifts, the compares and the shuffles have one, in
// 0F38 none has, in 0F3A all.
static unsigned immediate_of(unsigned map, uint8_t opcode)
{
    if (map == 3)
        return 1;
    return map == 1 && ((opcode >= 0x70 && opcode <= 0x73) || opcode == 0xc2 ||
                        (opcode >= 0xc4 && opcode <= 0xc6));
}

// Rows -------------------------------------------------------------------

// 0, no W and no length, if the row is not in this encoding.
static unsigned rules(const struct insn *insn, const struct vector_opcode *v)
{
    return insn->encoding == ENCODING_EVEX ? v->evex : v->vex;
}

// One bit of `need` is for W, the other for the length: both must be among
// those that the row allows. A fourth length is a bit that no row has.
static bool fits(const struct insn *insn, const struct vector_opcode *v,
                 uint8_t modrm)
{
    unsigned need = (unsigned)(W0 << insn->vex_w | L128
                                                       << insn->vector_length);
    uint8_t wrong = modrm >= 0xc0 ? FORM_MEMORY : FORM_REGISTER;
    return mandatory[v->prefix] == insn->mandatory &&
           (rules(insn, v) & need) == need && !(v->form & wrong) &&
           (!v->has_reg || v->reg == (modrm >> 3 & 7));
}

// One by one, for hardly an opcode has more than a dozen rows.
static const struct vector_opcode *find(const struct insn *insn, unsigned map,
                                        uint8_t modrm)
{
    const struct vector_list *list = &map_vex[map - 1][insn->opcode];
    for (unsigned i = 0; i < list->count; i++)
        if (fits(insn, &list->rows[i], modrm))
            return &list->rows[i];
    return NULL;
}

// vvvv must be all ones where it is no operand [SDM2 2.3.5.6]: uninverted, 0.
static bool vvvv_is_right(const struct insn *insn)
{
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        uint8_t spec = insn->row->operands[i];
        if (spec >= SPEC_VVVV && spec < SPEC_MODRM)
            return true;
    }
    return insn->vex_register == 0;
}

// Gathering needs a SIB byte, and registers that are all different: what is
// fetched must not spoil what is still needed. [SDM2 2.3.12]
//
//             VEX                        EVEX (the mask is %k1..%k7)
//   gather    index, data, mask differ   index and data differ
//   scatter   does not exist             any: no register is written
//
// Without a SIB byte there is no index; so 16-bit addresses cannot gather.
static bool gather_is_right(const struct insn *insn)
{
    uint8_t index = insn->sib >> 3 & 7, data = insn->modrm >> 3 & 7;
    uint8_t mask = insn->vex_register & 7;
    if (!insn->sib_at)
        return false;
    if (insn->encoding == ENCODING_EVEX)
        return index != data || insn->row->operands[0] >= VMd;
    return index != data && mask != data && mask != index;
}

// EVEX -------------------------------------------------------------------

// With b set and no memory operand, L'L is a rounding mode, and the length is
// the longest. [SDM2 2.7.8] Done before a row is looked for. Else {rn-sae}
// would be a length of 128 bits, and {rz-sae} one that no row has.

static void read_rounding(struct insn *insn)
{
    insn->evex_rounding = (uint8_t)(ROUNDING_NEAREST +
                                    (insn->vector_length & 3));
    insn->vector_length = 2;
}

//   the row allows   b with registers means
//   ER               the rounding in L'L, no exceptions
//   SAE              no exceptions; L'L is ignored
//   ER_IGNORED       nothing
//   none of these    #UD
static bool rounding_is_right(struct insn *insn, unsigned when)
{
    if (!insn->evex_rounding || when & ER)
        return true;
    insn->evex_rounding = when & SAE ? ROUNDING_SAE : ROUNDING_NONE;
    return when & (SAE | ER_IGNORED);
}

// {%k} after the operand that is written; {z} only if that is a vector
// register: memory and masks are merged into. [SDM2 2.7.4]
//
//   aaa    z   the row allows      verdict
//   0      0   all but NEEDS_MASK  right
//   0      1   -                   #UD: nothing to zero
//   1..7   0   MASK, NEEDS_MASK    right
//   1..7   1   MASK                right, into a vector register
//   1..7   -   neither             #UD
static bool mask_is_right(const struct insn *insn, unsigned when)
{
    if (!insn->evex_mask)
        return !insn->evex_zero && !(when & NEEDS_MASK);
    if (!(when & (MASK | NEEDS_MASK)))
        return false;
    struct operand operands[INSN_OPERANDS];
    insn_operands(insn, operands);
    return !insn->evex_zero ||
           (!(when & NEEDS_MASK) && operands[0].kind == OPERAND_REG &&
            operands[0].class == CLASS_VECTOR);
}

// The size of the memory operand: 0 if there is none. As long as
// evex_broadcast is 0 that is all of it, and later one element.
static unsigned memory_size(const struct insn *insn)
{
    struct operand operands[INSN_OPERANDS];
    unsigned count = insn_operands(insn, operands);
    for (unsigned i = 0; i < count; i++)
        if (operands[i].kind == OPERAND_MEM)
            return operands[i].size;
    return 0;
}

// A displacement of one byte counts what the instruction reads at once, so
// that loops over vectors get by with it. [SDM2 2.7.5]
//
//   62 f1 7c 48 58 40 01   vaddps 0x40(%eax),%zmm0,%zmm0
//   62 f1 7c 58 58 40 01   vaddps 0x4(%eax){1to16},%zmm0,%zmm0
static void scale_displacement(struct insn *insn, unsigned when)
{
    unsigned unit = when & UNIT_4   ? 4u << insn->vex_w
                    : when & UNIT_1 ? 1u << insn->vex_w
                                    : memory_size(insn);
    if (insn->disp_size == 1)
        insn->disp *= (int32_t)unit;
}

// The displacement comes last, when evex_broadcast has its value: with it the
// unit is one element.
static bool finish_evex(struct insn *insn, unsigned when, bool b)
{
    if (!mask_is_right(insn, when) || !rounding_is_right(insn, when))
        return false;
    unsigned size = memory_size(insn);
    if (b && size) {
        if (!(when & BCAST))
            return false;
        insn->evex_broadcast = (uint8_t)(size / (4u << insn->vex_w));
    }
    scale_displacement(insn, when);
    return true;
}

// Maps -------------------------------------------------------------------

// From the opcode on. `b` is EVEX's bit for broadcast and rounding.
//
// ModRM helps to choose the row. If it is missing, 0 does as well: whatever
// row is found, the bytes then end in it. The one instruction without ModRM
// (opcode 77) does not ask for it.
static enum insn_status decode_map(struct insn *insn, struct reader *r,
                                   unsigned map, bool b)
{
    if (!reader_has(r, 1))
        return INSN_TRUNCATED;
    insn->opcode = reader_byte(r);
    uint8_t modrm = reader_has(r, 1) ? r->bytes[r->at] : 0;
    if (b && modrm >= 0xc0)
        read_rounding(insn);
    const struct vector_opcode *v = find(insn, map, modrm);
    if (!v)
        return unknown(insn, r, immediate_of(map, insn->opcode));
    enum insn_status status = decode_by_row(insn, *r, &v->row);
    if (status != INSN_OK)
        return status;
    if (!vvvv_is_right(insn) ||
        (v->row.more & GATHER && !gather_is_right(insn)) ||
        (insn->encoding == ENCODING_EVEX &&
         !finish_evex(insn, rules(insn, v), b))) {
        insn->row = NULL;
        return INSN_UNDEFINED;
    }
    return INSN_OK;
}

// c5 is short for the usual case: map 0F, W 0. Its bit 7 is R, so W is masked.
static enum insn_status decode_vex(struct insn *insn, struct reader *r)
{
    unsigned size = insn->opcode == 0xc5 ? 1 : 2, map = 1;
    insn->encoding = ENCODING_VEX;
    if (!reader_has(r, size))
        return INSN_TRUNCATED;
    if (size == 2)
        map = reader_byte(r) & 0x1f;
    uint8_t last = reader_byte(r);
    read_w_vvvv_pp(insn, size == 1 ? last & 0x7f : last);
    insn->vector_length = last >> 2 & 1;
    if (map < 1 || map > 3)
        return INSN_UNDEFINED;
    insn->map = (uint8_t)(MAP_0F + map - 1);
    return decode_map(insn, r, map, false);
}

// Half-precision arithmetic, which is not in the tables. No immediates.
static enum insn_status decode_fp16(struct insn *insn, struct reader *r)
{
    insn->map = MAP_FP16;
    if (!reader_has(r, 1))
        return INSN_TRUNCATED;
    insn->opcode = reader_byte(r);
    return unknown(insn, r, 0);
}

// [SDM2 2.7.11] lists what is #UD whatever the opcode.
static enum insn_status decode_evex(struct insn *insn, struct reader *r)
{
    insn->encoding = ENCODING_EVEX;
    if (!reader_has(r, 3))
        return INSN_TRUNCATED;
    uint8_t p0 = reader_byte(r), p1 = reader_byte(r), p2 = reader_byte(r);
    unsigned map = p0 & 7;
    if (p0 & 8 || !(p1 & 4) || map == 0 || map == 4 || map == 7)
        return INSN_UNDEFINED; // fixed bits, maps that do not exist
    read_w_vvvv_pp(insn, p1);
    if (map > 3)
        return decode_fp16(insn, r);
    insn->map = (uint8_t)(MAP_0F + map - 1);
    insn->vector_length = p2 >> 5 & 3;
    insn->evex_mask = p2 & 7;
    insn->evex_zero = p2 >> 7;
    return decode_map(insn, r, map, p2 & 0x10);
}

// AMD's: known by their length only. Map 8 has a byte behind it, map 10 four.
static enum insn_status decode_xop(struct insn *insn, struct reader *r)
{
    insn->map = MAP_XOP;
    if (!reader_has(r, 3))
        return INSN_TRUNCATED;
    unsigned map = reader_byte(r) & 0x1f;
    read_w_vvvv_pp(insn, reader_byte(r));
    insn->opcode = reader_byte(r);
    if (map > 10)
        return INSN_UNDEFINED;
    return unknown(insn, r, map == 8 ? 1 : map == 9 ? 0 : 4);
}

// None of the older prefixes may precede but segment and address size: what
// they would say is in the prefix itself. [SDM2 2.3.2, 2.3.3]

enum insn_status decode_vector(struct insn *insn, struct reader r)
{
    if (insn->prefixes & (PREFIX_66 | PREFIX_LOCK | PREFIX_F2 | PREFIX_F3))
        return INSN_UNDEFINED;
    if (insn->opcode == 0x62)
        return decode_evex(insn, &r);
    return insn->opcode == 0x8f ? decode_xop(insn, &r) : decode_vex(insn, &r);
}
