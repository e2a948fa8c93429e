// SPDX-License-Identifier: MIT
// One line of assembler to bytes, in the syntax of GNU as: "mov $1,%eax",
// "lock incl 4(%ebx,%ecx,2)", "jmp symbol+4", ".byte 0x66, 0x90".
//
//   line --parse--> mnemonic, operands
//                      |
//   opcode tables --every row of that name--> bytes --decode--> the same?
//                                                                 |
//                                              the shortest that is stays
//
// There is no second table: each row of the decoder's own tables that bears
// the mnemonic is tried, and what comes out is decoded again and compared
// with what was typed. So the assembler knows what the decoder knows (less
// VEX and EVEX), and its answer has been proved before it is given.
//
// The bytes are those of GNU as, but no SIB is spent on %eiz; they are never
// longer. Any context; no state; about 2 KiB of stack in all.
#pragma once
#include "smc/x86/decode.h"
#include <stdbool.h>
#include <stdint.h>

struct assembled {
    uint8_t len;             // 0 if there is an error
    uint8_t bytes[INSN_MAX]; // or the data of .byte, .word, .long
    uint8_t column;          // of the word that is wrong, from 1
    char error[96];          // "column 6: `%eaxx` is not a register", or ""
};

// Tells the value of a name. Returns false if there is no such name.
typedef bool assemble_lookup(const char *name, uint32_t *value);

// Assembles `line` for `address`, where its first byte will run: direct jumps
// need to know. `lookup` may be NULL: no names. Returns false, with the error
// in words, if there is no such instruction; *out is written whole.
bool assemble(struct assembled *out, const char *line, uint32_t address,
              assemble_lookup *lookup);
