// SPDX-License-Identifier: MIT
// Mnemonics that hold the immediate. The assembler knows cmpeqps for cmpps
// $0, and objdump prefers it; we follow. [SDM2 CMPPS, PCLMULQDQ, VPCMPD]
#include "smc/x86/print_text.h"

// The comparisons of floating point numbers, by the immediate. SSE has the
// first eight, VEX and EVEX have all. Integers have the eight, less the two
// that ask for order: of integers 3 is never and 7 always, and objdump leaves
// these as numbers.
//
//   0f c2 c1 01      cmpltps %xmm1,%xmm0      the immediate is in the name
//   0f c2 c1 09      cmpps $0x9,%xmm1,%xmm0   no name in SSE
//   c5 f8 c2 c1 09   vcmpngeps ..             one in VEX
static const char conditions[32][9] = {
    "eq",     "lt",     "le",    "unord",   "neq",    "nlt",     "nle",
    "ord",    "eq_uq",  "nge",   "ngt",     "false",  "neq_oq",  "ge",
    "gt",     "true",   "eq_os", "lt_oq",   "le_oq",  "unord_s", "neq_us",
    "nlt_uq", "nle_uq", "ord_s", "eq_us",   "nge_uq", "ngt_uq",  "false_os",
    "neq_os", "ge_oq",  "gt_oq", "true_us",
};

static bool is_compare(const struct insn *insn)
{
    return insn->map == MAP_0F && insn->opcode == 0xc2;
}

// 3e, 3f: bytes and words; 1e, 1f: the longer ones.
static bool is_integer_compare(const struct insn *insn)
{
    return insn->encoding == ENCODING_EVEX && insn->map == MAP_0F3A &&
           (insn->opcode & 0xde) == 0x1e;
}

static bool has_condition(const struct insn *insn)
{
    if (is_compare(insn))
        return insn->imm < (insn->encoding == ENCODING_LEGACY ? 8 : 32);
    return is_integer_compare(insn) && insn->imm < 8 && (insn->imm & 3) != 3;
}

// "cmp" + condition + "ps"; VEX and EVEX begin with v, integers with vp.
static void put_compare(struct text *t, const struct insn *insn)
{
    const char *name = insn->row->name;
    while (name[0] != 'c')
        put(t, *name++);
    put_string(t, "cmp");
    put_string(t, conditions[insn->imm]);
    put_string(t, name + 3);
}

// Which half of either source is multiplied: bit 4 is the second's, the first
// in AT&T order.
//
//   00   pclmullqlqdq    01   pclmulhqlqdq
//   10   pclmullqhqdq    11   pclmulhqhqdq
static void put_multiply(struct text *t, const struct insn *insn)
{
    put_string(t, insn->row->name[0] == 'v' ? "vpclmul" : "pclmul");
    put_string(t, insn->imm & 1 ? "hq" : "lq");
    put_string(t, insn->imm & 0x10 ? "hqdq" : "lqdq");
}

// Other bits of the immediate mean nothing to the processor; with one of them
// the name would not bring the same byte back.

bool print_pseudo(struct text *t, const struct insn *insn)
{
    if (has_condition(insn)) {
        put_compare(t, insn);
        return true;
    }
    if (insn->map == MAP_0F3A && insn->opcode == 0x44 &&
        !(insn->imm & ~0x11u)) {
        put_multiply(t, insn);
        return true;
    }
    return false;
}
