// SPDX-License-Identifier: MIT
// Between the assembler's own parts: a line as it was typed.
#pragma once
#include "smc/x86/assemble.h"
#include <stddef.h>

struct opcode;

enum { MNEMONIC_MAX = 24, TYPED_PREFIXES = 4 };

// An operand as typed. A bare number or symbol is memory without registers;
// in a jump it is the target.
struct typed {
    struct operand value;
    const char *word; // in the line
    uint8_t length;
    bool indirect;    // with a *
    bool short_names; // memory with 16-bit registers
};

struct line {
    const char *start, *at; // the text, and how far it is read
    struct assembled *out;  // for errors
    assemble_lookup *lookup;
    uint32_t address;
    uint8_t prefixes[TYPED_PREFIXES]; // as bytes
    uint8_t prefix_count;
    const char *word; // the mnemonic in the line
    uint8_t word_length;
    char mnemonic[MNEMONIC_MAX]; // as the tables call it
    uint8_t count;               // operands, in AT&T's order
    struct typed operands[INSN_OPERANDS];
};

// Records an error about the `length` characters at `word`: "column 6:
// `%eaxx` is not a register". Returns false, for the caller to return.
bool line_error(struct line *l, const char *word, size_t length,
                const char *what);

// The pieces of a line. All of them skip spaces before them and return false
// after line_error.
void line_skip(struct line *l);
size_t line_word(const struct line *l); // length of the name or number here
bool line_value(struct line *l, uint32_t *value); // $, symbol+4, -1
bool line_operand(struct line *l, struct typed *operand);
bool line_end(struct line *l); // nothing but a comment follows

// The prefix byte that a word stands for ("lock", "rep", "data16", "fs"), or
// 0. assemble.c
uint8_t line_prefix(const char *word, size_t length);

// Was this prefix typed as a word?
bool line_has_prefix(const struct line *l, uint8_t byte);

// Replaces what GNU as understands but the tables do not call by that name:
// "jz", "sall", "cmpltps", two-operand IMUL. assemble_alias.c
void line_rename(struct line *l);

// Finds the shortest encoding of a parsed line. assemble_search.c
bool line_encode(struct line *l);

// One row of the opcode tables, and what the way to it has settled.
struct attempt {
    const struct opcode *row;
    uint8_t map, opcode;
    uint8_t mandatory;                        // 0, 66, f3 or f2
    bool small_operand, small_address;        // 66, 67
    uint8_t reg, rm;                          // digits, or REG_NONE
    const struct typed *given[INSN_OPERANDS]; // by the row's order, or NULL
};

enum { CODE_MAX = 32 };

// Writes the attempt's bytes, right or wrong: whether they mean what was
// typed is for the decoder to say. Returns their number, 0 if the operands do
// not even have the right kinds. assemble_encode.c
unsigned line_build(const struct line *l, const struct attempt *a,
                    uint8_t code[CODE_MAX]);

// Is the operand of a decoded instruction what was typed? `spec` is its
// notation in the row. OUT_OF_RANGE: it would be if the number did fit.
enum verdict { SAME, DIFFERENT, OUT_OF_RANGE };
enum verdict line_compare(const struct line *l, const struct insn *insn,
                          const struct typed *typed, const struct operand *got,
                          uint8_t spec);

// The same for the mnemonic and its suffix, when the operands are right.
// NAME_UNCLEAR: a suffix must tell which size is meant.
enum name_verdict { NAME_WRONG, NAME_RIGHT, NAME_UNCLEAR };
enum name_verdict line_compare_name(const struct line *l,
                                    const struct attempt *a,
                                    const struct insn *insn,
                                    const struct operand *operands,
                                    unsigned count);

// May `rest` stand behind the row's name: a size, or two for MOVZX?
bool line_is_suffix(const struct opcode *row, const char *rest);
