// SPDX-License-Identifier: MIT
// The shortest ModRM, SIB and displacement for a memory operand.
//
//   7 6   5 4 3   2 1 0        7 6     5 4 3   2 1 0
//   mod   reg     rm           scale   index   base      disp8 / disp32
//
// Two of the numbers that would be registers are taken for other things (rm
// 100, rm 101 with mod 00), and so are two in the SIB. mem.h has the table.
#include "smc/x86/mem.h"
#include "smc/x86/decode.h"

enum { RM_SIB = 4, RM_DISP32 = 5, INDEX_NONE = 4, BASE_NONE = 5 };

// A program that computes register numbers may get one wrong. Masked to three
// bits it would be another register, and the code would run: so refuse.
static bool is_encodable(struct mem m)
{
    if (m.direct)
        return m.base < 8;
    if (m.segment != SEG_NONE && m.segment > SEG_GS)
        return false;
    if (m.base != REG_NONE && m.base >= 8)
        return false;
    if (m.index == REG_NONE)
        return true;
    return m.index < 8 && m.index != REG_SP &&
           (m.scale == 1 || m.scale == 2 || m.scale == 4 || m.scale == 8);
}

// Bytes of displacement. Without a base the encoding has room for four only;
// mod 00 with %ebp is taken by "no base".
static unsigned disp_size(struct mem m)
{
    if (m.base == REG_NONE)
        return 4;
    if (m.disp == 0 && m.base != REG_BP)
        return 0;
    return m.disp == (int8_t)m.disp ? 1 : 4;
}

// The index 100 means none, so %esp can be a base but never an index. Scales
// 1, 2, 4, 8 are stored as 0..3; half the scale is right for the first three.
static uint8_t sib(struct mem m)
{
    unsigned base = m.base == REG_NONE ? BASE_NONE : m.base;
    if (m.index == REG_NONE)
        return (uint8_t)(INDEX_NONE << 3 | base);
    unsigned log2 = m.scale == 8 ? 3 : m.scale >> 1;
    return (uint8_t)(log2 << 6 | m.index << 3 | base);
}

unsigned modrm_encode(uint8_t out[MODRM_MAX], unsigned reg, struct mem m)
{
    if (reg > 7 || !is_encodable(m))
        return 0;
    if (m.direct) {
        out[0] = (uint8_t)(0xc0 | reg << 3 | m.base);
        return 1;
    }
    unsigned n = 1, disp = disp_size(m);
    bool has_sib = m.index != REG_NONE || m.base == REG_SP;
    unsigned rm = has_sib ? RM_SIB : m.base == REG_NONE ? RM_DISP32 : m.base;
    // mod counts the displacement: 0, 1 or 4 bytes are 00, 01, 10.
    // Without a base mod is 00, although four bytes follow.
    unsigned mod = m.base == REG_NONE || !disp ? 0 : disp == 1 ? 1 : 2;
    out[0] = (uint8_t)(mod << 6 | reg << 3 | rm);
    if (has_sib)
        out[n++] = sib(m);
    for (unsigned i = 0; i < disp; i++)
        out[n++] = (uint8_t)((uint32_t)m.disp >> 8 * i);
    return n;
}

// 26, 2e, 36, 3e are left over from the 8086; 64 and 65 came with the 80386.
// The base alone decides: %ebp as an index still means %ds. [SDM1 3.7.4]
//
// An override that repeats the default would change nothing but the length.
uint8_t segment_prefix(struct mem m)
{
    static const uint8_t prefix[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    bool is_stack = m.base == REG_SP || m.base == REG_BP;
    if (m.direct || m.segment > SEG_GS ||
        m.segment == (is_stack ? SEG_SS : SEG_DS))
        return 0;
    return prefix[m.segment];
}
