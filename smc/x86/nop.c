// SPDX-License-Identifier: MIT
// The tables of NOPs. The door asks them in the middle of a patch, so they lie
// with what nobody patches: see linker.ld.
#include "smc/x86/nop.h"
#include "kernel/string.h"
#include "smc/x86/decode.h"

// Up to 9 bytes as in Intel's table; then as GNU as does, with prefixes that
// change nothing. Many prefixes are slow to decode on some processors, but
// still one instruction.
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

// The last n bytes are the NOP of n bytes.
static const uint8_t prefixed[INSN_MAX] = {0x66, 0x66, 0x66, 0x66, 0x66,
                                           0x66, 0x66, 0x66, 0x66, 0x66,
                                           0x66, 0x66, 0x66, 0x66, 0x90};

// The entry for 0 is NULL: no NOP is as short as that.
const uint8_t *nop_bytes(size_t n)
{
    return n <= INSN_MAX ? (const uint8_t *)nops[n] : NULL;
}

const uint8_t *nop_prefixed(size_t n)
{
    return n && n <= INSN_MAX ? prefixed + INSN_MAX - n : NULL;
}

void nop_pad(uint8_t *out, size_t n, bool long_nop)
{
    if (n)
        memcpy(out, long_nop ? nop_bytes(n) : nop_prefixed(n), n);
}
