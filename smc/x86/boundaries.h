// SPDX-License-Identifier: MIT
// Boundaries: where the instructions of a function begin, and so which of its
// bytes a probe or a patch may replace.
//
//   offset  bytes            marks           5 bytes here?
//   0       55               start           yes: 55, 89 e5, 85 c0
//   1       89 e5            start           yes, if it is 2 + 2 + 2 bytes
//   3       85 c0            start           no: a branch leads to 5
//   5       74 0a            start, target
//   7       e8 .. .. .. ..   start, call     yes: the call alone
//   12      c3               start           no: the function ends before
//
// Replacing several instructions by one is right only if nobody can arrive
// between them: by a branch, by a return, by a jump whose target is not known.
// Linux's kprobes ask the same before they put a jump where a probe was.
//
// Found by decoding from the function's first byte, one instruction after the
// other: code in which data lies between instructions would be misread from
// there on. Who arrives by an interrupt's return is the caller's business.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum boundary_mark {
    BOUNDARY_START = 1 << 0,   // an instruction begins here
    BOUNDARY_TARGET = 1 << 1,  // a direct branch or call of its own leads here
    BOUNDARY_RETURNS = 1 << 2, // CALL, INT, HLT: somebody returns behind it
};

struct boundaries {
    const uint8_t *code; // the function, `size` bytes
    uint32_t size;
    uint32_t address; // where it executes
    uint8_t *marks;   // one for each byte: a set of enum boundary_mark

    uint32_t decoded; // bytes understood: less than size if data follows
    uint32_t end;     // behind the last instruction that is not padding
    uint32_t count, calls, targets;
    bool indirect;        // has a jump whose target the code does not tell
    uint32_t indirect_at; // the offset of the first
};

// Decodes the function and fills in `marks` (room for `size`) and the rest.
// Any context; no allocation.
void boundaries_find(struct boundaries *b, const uint8_t *code, uint32_t size,
                     uint32_t address, uint8_t *marks);

enum boundary_reason {
    BOUNDARY_OK,
    BOUNDARY_EMPTY,    // no bytes
    BOUNDARY_UNKNOWN,  // data, newer than the tables, or in the same code
                       // something of that kind, which might branch here
    BOUNDARY_OVER,     // the function ends before
    BOUNDARY_INSIDE,   // does not begin where an instruction begins
    BOUNDARY_CUT,      // ends in the middle of an instruction
    BOUNDARY_BRANCH,   // a branch leads into the middle
    BOUNDARY_RETURN,   // a CALL, INT or HLT in it returns into the middle
    BOUNDARY_INDIRECT, // an indirect jump might lead into the middle
};

struct boundary_verdict {
    enum boundary_reason reason;
    uint32_t at;   // the address of the instruction that is in the way
    uint32_t from; // BOUNDARY_BRANCH: the branch that leads to `at`
};

// May the `length` bytes at this offset be replaced as a whole? One
// instruction may, wherever indirect jumps lead: they lead to its start.
struct boundary_verdict boundaries_may_patch(const struct boundaries *b,
                                             uint32_t offset, uint32_t length);

// The verdict in words and addresses. Returns `out`.
char *boundaries_explain(char *out, size_t size,
                         const struct boundary_verdict *verdict);

// Looks in other code for the first direct branch or call that leads to an
// address in [low, high). For the parts of a function that the compiler has
// put elsewhere, and for neighbours in assembly. Returns true as well, with
// BOUNDARY_UNKNOWN, if it cannot tell: not all of the code can be decoded.
bool boundaries_branch_into(const uint8_t *code, uint32_t size,
                            uint32_t address, uint32_t low, uint32_t high,
                            struct boundary_verdict *verdict);
