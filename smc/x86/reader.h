// SPDX-License-Identifier: MIT
// What decode.c and decode_vex.c share: the bytes of one instruction, and how
// far they are read.
#pragma once
#include "smc/x86/decode.h"
#include "smc/x86/table.h"

struct reader {
    const uint8_t *bytes;
    unsigned at, limit; // limit: what may be read, at most INSN_MAX
};

// Ask before every take: the bytes behind `limit` may not exist.
static inline bool reader_has(const struct reader *r, unsigned count)
{
    return r->limit - r->at >= count;
}

static inline uint8_t reader_byte(struct reader *r)
{
    return r->bytes[r->at++];
}

// 1, 2 or 4 bytes, lowest first.
static inline uint32_t reader_take(struct reader *r, unsigned size)
{
    const uint8_t *p = r->bytes + r->at;
    r->at += size;
    if (size == 1)
        return p[0];
    uint32_t half = p[0] | (uint32_t)p[1] << 8;
    if (size == 2)
        return half;
    return half | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

// Reads on from the row of the last opcode byte to the end of the
// instruction. INSN_TRUNCATED if the bytes end first. The reader goes by
// value: nobody needs it afterwards, and its copy can live in registers.
enum insn_status decode_by_row(struct insn *insn, struct reader r,
                               const struct opcode *row);

// Reads on behind c4, c5, 62 or 8f where that begins a VEX, EVEX or XOP
// prefix.
enum insn_status decode_vector(struct insn *insn, struct reader r);

// ModRM and what it asks for: SIB and displacement. Returns false if the bytes
// end.
bool decode_modrm(struct insn *insn, struct reader *r);
