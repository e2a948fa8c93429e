// SPDX-License-Identifier: MIT
// The bytes between instructions: NOPs and data.
//
// A patcher wants one NOP and not several: a CPU interrupted between two of
// them would come back into the middle of what replaced them.
#include "smc/x86/emit.h"

// [SDM2 NOP, table 4-12] up to 9; then as GNU as does, with prefixes that
// change nothing. Intel's i686 know 0f 1f, older processors and some others do
// not: x86_poke.c has what to pad with there. Many prefixes are slow
// to decode on some, but still one instruction.
static const char *const nops[INSN_MAX + 1] = {
    [1] = "\x90",
    [2] = "\x66\x90",
    [3] = "\x0f\x1f\x00",
    [4] = "\x0f\x1f\x40\x00",
    [5] = "\x0f\x1f\x44\x00\x00",
    [6] = "\x66\x0f\x1f\x44\x00\x00",
    [7] = "\x0f\x1f\x80\x00\x00\x00\x00",
    [8] = "\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [9] = "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [10] = "\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [11] = "\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [12] = "\x66\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [13] = "\x66\x66\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [14] = "\x66\x66\x66\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00",
    [15] = "\x66\x66\x66\x66\x66\x66\x2e\x0f\x1f\x84\x00\x00\x00\x00\x00",
};

// The entry for 0 is NULL: no NOP is as short as that.
const uint8_t *nop_bytes(size_t n)
{
    return n <= INSN_MAX ? (const uint8_t *)nops[n] : NULL;
}

// All or nothing, as everywhere: a pad of half the length would be worse than
// none.
void emit_nop(struct emitter *e, size_t n)
{
    if (n > (size_t)(e->end - e->at))
        emit_refuse(e, EMIT_FULL);
    while (n && e->error == EMIT_OK) {
        size_t piece = n < INSN_MAX ? n : INSN_MAX;
        emit_bytes(e, nop_bytes(piece), piece);
        n -= piece;
    }
}

// In address, not in offset: the buffer may be aligned otherwise than the
// place where its code will run. -x, cut to the low bits, is what x lacks; of
// a power of two, that is. What is none shares bits with itself less one.
void emit_align(struct emitter *e, uint32_t alignment)
{
    if (!alignment || alignment & (alignment - 1)) {
        emit_refuse(e, EMIT_OPERAND);
        return;
    }
    emit_nop(e, -emit_here(e) & (alignment - 1));
}

// Little-endian whatever the host is: the processor that runs it is an i386.
void emit_long(struct emitter *e, uint32_t value)
{
    uint8_t bytes[4];
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    emit_bytes(e, bytes, 4);
}
