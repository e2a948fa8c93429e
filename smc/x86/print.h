// SPDX-License-Identifier: MIT
// Printing: struct insn to AT&T text, letter for letter what GNU objdump 2.40
// shows behind the bytes.
//
//   f3 ab            rep stos %eax,%es:(%edi)
//   e8 05 00 00 00   call   c0101234 <name+0x12>
//
// Only white space is a matter of taste; we keep objdump's, too.
#pragma once
#include "smc/x86/decode.h"

// Room for any text without its symbol: 14 prefixes of 7 letters, mnemonic,
// operands.
enum { INSN_TEXT_MAX = 192 };

// Writes "<name+0x12>" for an address, or an empty string if it has no name.
// At most `size` bytes, the NUL included. Returns `out`.
typedef char *insn_symbolizer(char *out, size_t size, uint32_t address);

// Writes the text of an instruction that stands at `address` (which relative
// targets need) and returns its length without the NUL. What does not fit in
// `size` bytes is cut; `size` must not be 0. The instruction must be INSN_OK.
// Any context. `symbolizer` may be NULL: targets are then "0xc0101234".
size_t insn_print(char *out, size_t size, const struct insn *insn,
                  uint32_t address, insn_symbolizer *symbolizer);
