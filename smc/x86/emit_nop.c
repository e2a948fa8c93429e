// SPDX-License-Identifier: MIT
// The bytes between instructions: NOPs and data.
#include "smc/x86/emit.h"
#include "smc/x86/nop.h"

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
