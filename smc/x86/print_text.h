// SPDX-License-Identifier: MIT
// What the parts of printing share: text that grows within its buffer, and
// the instruction that is being printed.
#pragma once
#include "smc/x86/print.h"
#include "smc/x86/table.h"

struct text {
    char *at, *end; // end: where the NUL must stand at the latest
};

struct printing {
    struct text text;
    const struct insn *insn;
    struct operand operands[INSN_OPERANDS];
    unsigned count;
    const struct operand *memory; // the first one shown, or NULL
    uint32_t address;
    insn_symbolizer *symbolizer;
};

static inline void put(struct text *t, char c)
{
    if (t->at < t->end)
        *t->at++ = c;
}

static inline void put_string(struct text *t, const char *s)
{
    while (*s)
        put(t, *s++);
}

// The size of the code segment's own operands and addresses.
static inline unsigned own_size(const struct insn *insn)
{
    return insn->mode == INSN_32 ? 4 : 2;
}

// Operands that the text does not name.
static inline bool is_hidden(uint8_t spec)
{
    return spec == One || spec == DIq || spec == DIx || spec == AXmem;
}

// DS before a near indirect branch is NOTRACK, and then no segment.
// [SDM1 17.3.3]
static inline bool is_notrack(const struct insn *insn)
{
    return insn->segment == SEG_DS && insn->row->more & INDIRECT &&
           insn->row->more & NEAR;
}

// Those prefixes that nothing uses up, as words.
void print_prefixes(struct printing *p);

// ",pn" or ",pt" or nothing.
const char *branch_hint(const struct insn *insn);

// The mnemonic, where it holds the immediate: cmpeqps for cmpps $0. Returns
// false, having printed nothing, if it does not.
bool print_pseudo(struct text *t, const struct insn *insn);

// Operand number i. Targets of branches are addresses.
void print_operand(struct printing *p, unsigned i);
