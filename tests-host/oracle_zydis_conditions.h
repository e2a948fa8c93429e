// SPDX-License-Identifier: MIT
// When a quirk applies: one condition each, as narrow as its reason. The table
// in oracle_zydis_quirks.c, which alone reads this, names them.
#pragma once
#include "tests-host/oracle_zydis.h"

// The byte behind the opcode, in legacy maps. Not insn.modrm: where we see no
// instruction we may not have read that far.
static uint8_t modrm(const struct pair *p)
{
    static const uint8_t opcode_length[] = {[MAP_1] = 1,
                                            [MAP_0F] = 2,
                                            [MAP_0F38] = 3,
                                            [MAP_0F3A] = 3,
                                            [MAP_3DNOW] = 2};
    size_t at = p->insn.opcode_at + opcode_length[p->insn.map];
    return at < p->available ? p->bytes[at] : 0;
}

// Bits 5..3: in a group they are part of the opcode. [SDM2 A.4]
static uint8_t reg(const struct pair *p)
{
    return modrm(p) >> 3 & 7;
}

// mod is not 3.
static bool to_memory(const struct pair *p)
{
    return modrm(p) < 0xc0;
}

static bool is_register(const struct pair *p)
{
    return !to_memory(p);
}

// V' is the fifth bit of vvvv, in the fourth byte of the prefix; there are no
// sixteen more registers for it to choose from in 32-bit code. [SDM2 2.7]
static bool is_malformed_evex(const struct pair *p)
{
    return p->insn.encoding == ENCODING_EVEX &&
           p->their_status == ZYDIS_STATUS_MALFORMED_EVEX;
}

// One of these is enough: 16-bit addresses, or a number beyond bnd3 in either
// field.
static bool is_mpx_nop(const struct pair *p)
{
    return p->insn.address_size == 2 || reg(p) > 3 ||
           (is_register(p) && (modrm(p) & 7) > 3);
}

// Of registers only: in memory the same bit of EVEX means broadcast.
static bool is_rounded(const struct pair *p)
{
    return p->insn.encoding == ENCODING_EVEX && p->insn.mandatory == 0xf2 &&
           p->insn.vex_w && p->insn.modrm >= 0xc0 &&
           (p->insn.opcode == 0x2a || p->insn.opcode == 0x7b);
}

// d0 and d1 shift by one; c0, c1 and 0f a4, 0f ac by an immediate, masked to
// five bits.
static bool shifts_by_0_or_1(const struct pair *p)
{
    switch (p->insn.opcode) {
    case 0xd0:
    case 0xd1: return true;
    case 0xc0:
    case 0xc1:
    case 0xa4:
    case 0xac: return p->insn.imm_size == 1 && (p->insn.imm & 31) < 2;
    }
    return false;
}

// Rows 18..1d are SBB; 80..83 are SBB if ModRM says /3. [SDM2 SBB]
static bool is_sbb(const struct pair *p)
{
    return p->insn.opcode < 0x80 || reg(p) == 3;
}

static bool is_far(const struct pair *p)
{
    switch (p->ours.flow) {
    case FLOW_JUMP_FAR:
    case FLOW_CALL_FAR:
    case FLOW_RETURN_FAR:
    case FLOW_IRET: return true;
    default: return false;
    }
}

static bool is_system(const struct pair *p)
{
    return p->ours.flow == FLOW_SYSTEM;
}

// 3e before ff /2 and ff /4, the near ones.
static bool has_notrack(const struct pair *p)
{
    return p->insn.segment == SEG_DS && (reg(p) == 2 || reg(p) == 4) &&
           pair_same_but_segments(p);
}

static bool is_nop(const struct pair *p)
{
    return p->their.mnemonic == ZYDIS_MNEMONIC_NOP;
}

static bool is_hint(const struct pair *p)
{
    ZydisInstructionCategory c = p->their.meta.category;
    return c == ZYDIS_CATEGORY_PREFETCH || c == ZYDIS_CATEGORY_PREFETCHWT1 ||
           c == ZYDIS_CATEGORY_CLDEMOTE;
}

// The rest of 0f 01 is told apart by its ModRM byte:
//
//   0f 01 /2, /7 memory   LGDT, INVLPG
//   0f 01 c1 .. c4        VMCALL, VMLAUNCH, VMRESUME, VMXOFF
//   0f 01 c8 .. cb        MONITOR, MWAIT, CLAC, STAC
//   0f 01 cc .. cf        TDX, with 66
//   0f 01 d4              VMFUNC
//   0f 01 c0              ENCLV
//   0f 01 d8 .. df        SVM: VMRUN ... INVLPGA; d9 is VMMCALL, for guests
//   0f 01 fa, fb, fc      MONITORX (f3: MCOMMIT), MWAITX, CLZERO
//   0f 01 fd              RDPRU
//   0f 01 fe, ff          INVLPGB, TLBSYNC; with f2, f3 PVALIDATE and others
static bool is_invlpg(const struct pair *p)
{
    return reg(p) == 7 && to_memory(p);
}

static bool is_lgdt(const struct pair *p)
{
    return reg(p) == 2 && to_memory(p);
}

static bool is_svm(const struct pair *p)
{
    return modrm(p) >= 0xd8 && modrm(p) <= 0xde && modrm(p) != 0xd9;
}

static bool is_enclv(const struct pair *p)
{
    return modrm(p) == 0xc0;
}

static bool is_svm_operand(const struct pair *p)
{
    return is_svm(p) || modrm(p) == 0xdf || modrm(p) >= 0xfe;
}

static bool is_mwaitx(const struct pair *p)
{
    return modrm(p) == 0xfb;
}

static bool is_rdpru(const struct pair *p) // or MCOMMIT
{
    return modrm(p) == 0xfd || modrm(p) == 0xfa;
}

static bool is_tdx(const struct pair *p)
{
    return modrm(p) >= 0xcc && modrm(p) <= 0xcf;
}

static bool is_vmfunc(const struct pair *p)
{
    return modrm(p) == 0xd4;
}

static bool is_vm_entry(const struct pair *p)
{
    return modrm(p) >= 0xc1 && modrm(p) <= 0xc4;
}

static bool is_older_system(const struct pair *p)
{
    return modrm(p) >= 0xc1 && modrm(p) <= 0xcb && p->insn.prefixes != 0;
}

static bool is_encl(const struct pair *p)
{
    return p->their.meta.category == ZYDIS_CATEGORY_SGX;
}

static bool is_at_eax(const struct pair *p) // MONITOR, MONITORX, CLZERO
{
    return modrm(p) == 0xc8 || modrm(p) == 0xfa || modrm(p) == 0xfc;
}

static bool is_line(const struct pair *p)
{
    ZydisMnemonic m = p->their.mnemonic;
    return m == ZYDIS_MNEMONIC_CLFLUSH || m == ZYDIS_MNEMONIC_CLFLUSHOPT ||
           m == ZYDIS_MNEMONIC_CLWB;
}

// XSAVE and the like: /4, /5, /6 of 0f ae, /3, /4, /5 of 0f c7.
static bool is_state(const struct pair *p)
{
    unsigned first = p->insn.opcode == 0xc7 ? 3 : 4;
    return to_memory(p) && !p->insn.mandatory && reg(p) >= first &&
           reg(p) <= first + 2;
}

static bool is_fxsave(const struct pair *p) // or FXRSTOR
{
    return to_memory(p) && reg(p) < 2;
}

static bool is_key_locker(const struct pair *p)
{
    return to_memory(p) && p->insn.mandatory == 0xf3;
}

static bool is_enqcmds(const struct pair *p)
{
    return p->insn.mandatory == 0xf3;
}

// The 3DNow! opcodes whose destination is written only.
static bool is_now_conversion(const struct pair *p)
{
    switch (p->insn.opcode) {
    case 0x0c: // PI2FW
    case 0x0d: // PI2FD
    case 0x1c: // PF2IW
    case 0x1d: // PF2ID
    case 0x96: // PFRCP
    case 0x97: // PFRSQRT
    case 0xbb: // PSWAPD
        return true;
    }
    return false;
}

// Bit n of a line is ModRM.reg n. [SDM2 A.5] FRSTOR, FNSAVE and FNINIT are
// with those that push or pop: after them all registers are others, too.
static bool renames_x87(const struct pair *p)
{
    static const uint8_t memory[8] = {
        // d8  d9    da    db    dc    dd    de    df
        0x08, 0x19, 0x08, 0xab, 0x08, 0x5b, 0x08, 0xfb};
    static const uint8_t registers[8] = {0x08, 0x29, 0x20, 0x10,
                                         0x08, 0x28, 0xff, 0x6d};
    // d9 f0 to d9 ff: FYL2X, FPTAN, FPATAN, FXTRACT, FDECSTP, FINCSTP,
    // FYL2XP1, FSINCOS.
    enum { D9_F0_TO_FF = 0x0ade };
    unsigned line = p->insn.opcode & 7;
    if (line == 1 && modrm(p) >= 0xf0)
        return D9_F0_TO_FF >> (modrm(p) & 15) & 1;
    return (to_memory(p) ? memory : registers)[line] >> reg(p) & 1;
}

static bool is_ftst(const struct pair *p) // or FXAM
{
    return modrm(p) == 0xe4 || modrm(p) == 0xe5;
}

static bool is_ffree(const struct pair *p)
{
    return is_register(p) && reg(p) == 0;
}

static bool is_xabort(const struct pair *p)
{
    return modrm(p) == 0xf8;
}

// For 66 90, whose row 66 has chosen.
static bool has_66(const struct pair *p)
{
    return p->insn.mandatory == 0x66;
}

// f2 and 66 choose them; without a prefix 0f 78 and 79 are VMREAD and VMWRITE.
static bool is_sse4a(const struct pair *p)
{
    return p->insn.mandatory == 0xf2 || p->insn.mandatory == 0x66;
}

static bool is_mpx(const struct pair *p)
{
    return p->their.meta.category == ZYDIS_CATEGORY_MPX &&
           pair_same_but_segments(p);
}

static bool is_vex(const struct pair *p)
{
    return p->insn.encoding == ENCODING_VEX;
}

// What our tables leave out, by what Zydis says of it: a row that is missing
// by mistake is of another set.
static bool is_fp16(const struct pair *p)
{
    ZydisISASet set = p->their.meta.isa_set;
    return set >= ZYDIS_ISA_SET_AVX512_FP16_128 &&
           set <= ZYDIS_ISA_SET_AVX512_FP16_SCALAR;
}

static bool is_xeon_phi(const struct pair *p)
{
    switch (p->their.meta.isa_set) {
    case ZYDIS_ISA_SET_AVX512ER_512:
    case ZYDIS_ISA_SET_AVX512ER_SCALAR:
    case ZYDIS_ISA_SET_AVX512PF_512:
    case ZYDIS_ISA_SET_AVX512_4FMAPS_512:
    case ZYDIS_ISA_SET_AVX512_4FMAPS_SCALAR:
    case ZYDIS_ISA_SET_AVX512_4VNNIW_512: return true;
    default: return false;
    }
}
