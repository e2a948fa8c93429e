// SPDX-License-Identifier: MIT
// An instruction as we see it and as Zydis does, in the same terms, so that
// the two can be compared member by member.
#pragma once
#include "smc/x86/decode.h"
#include <Zydis/Zydis.h>

enum { VIEW_OPERANDS = 12 };

struct view {
    bool valid; // it is an instruction; if not, the rest is not set
    uint8_t length;
    uint8_t modrm_at, sib_at, disp_at, disp_size, imm_at, imm_size;
    unsigned explicit_count, implied_count;
    struct operand explicit[VIEW_OPERANDS]; // what bits of the encoding choose
    struct operand implied[VIEW_OPERANDS];  // what the opcode alone means
    struct effects effects;
    enum insn_flow flow;
    enum insn_privilege privilege;
    uint32_t target; // of an instruction at VIEW_ADDRESS, or NO_TARGET
};

// In the first 64 KiB, where 16-bit code has its place.
enum { VIEW_ADDRESS = 0x5678, NO_TARGET = 1 };

// One byte string and what both make of it.
struct pair {
    const uint8_t *bytes;
    size_t available;
    enum insn_mode mode;
    enum insn_status status;
    struct insn insn;
    ZyanStatus their_status;
    ZydisDecodedInstruction their;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    struct view ours, theirs;
};

// Decodes with both. `pair->ours` and `theirs` are whole, but INSN_UNKNOWN
// has a length only.
void pair_decode(struct pair *pair, const uint8_t *bytes, size_t available,
                 enum insn_mode mode);

// A register of theirs: class, number and size as we have them, and its bit
// in a set of registers; 0 if sets do not have it (EIP, EFLAGS).
struct their_register {
    uint8_t class, number, size;
    uint64_t bit;
};
const struct their_register *their_register(ZydisRegister reg);

// Where they can differ. MORE: we say more than they do.
enum difference {
    ONLY_OURS = 1 << 0,   // we call it an instruction, they do not
    ONLY_THEIRS = 1 << 1, // the reverse
    LENGTH = 1 << 2,
    LAYOUT = 1 << 3, // offset or size of a part
    OPERANDS = 1 << 4,
    SIZES = 1 << 5, // of operands
    ACCESS = 1 << 6,
    IMPLIED_MORE = 1 << 7, // operands without bits of their own
    IMPLIED_LESS = 1 << 8,
    READS_MORE = 1 << 9, // registers
    READS_LESS = 1 << 10,
    WRITES_MORE = 1 << 11,
    WRITES_LESS = 1 << 12,
    FLAGS_READ = 1 << 13,
    FLAGS_WRITTEN = 1 << 14,
    FLAGS_UNDEFINED = 1 << 15,
    MEMORY = 1 << 16,
    MEMORY_SIZE = 1 << 17,
    FLOW = 1 << 18,
    TARGET = 1 << 19,
    PRIVILEGE = 1 << 20,
    UNKNOWN = 1 << 21, // they know it, our tables have its length only
};

// The set of differences, and the same in words.
uint32_t pair_compare(const struct pair *pair);
void differences_print(const struct pair *pair, uint32_t differences);

// Registers that Zydis tells of a few instructions only, or not at all: of
// these we may say more than they do, never less. They are what no operand
// shows: tables, control words, MSRs.
#define TOLD_BY_FEW                                                 \
    (REGISTER_BIT(BIT_GDTR) | REGISTER_BIT(BIT_IDTR) |              \
     REGISTER_BIT(BIT_LDTR) | REGISTER_BIT(BIT_TR) |                \
     REGISTER_BIT(BIT_X87_CONTROL) | REGISTER_BIT(BIT_X87_STATUS) | \
     REGISTER_BIT(BIT_OTHER))

// The explicit operands agree if segments are not looked at.
bool pair_same_but_segments(const struct pair *pair);

// Takes from a set of differences those that have a known reason, and counts
// them; adds PRIVILEGE where a reason says that it differs, and it does not.
// quirks_print lists what was met.
uint32_t quirks_explain(const struct pair *pair, uint32_t differences);
void quirks_print(void);
