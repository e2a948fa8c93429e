// SPDX-License-Identifier: MIT
// Relocation: a run of instructions moved to another address, where it does
// what it did. Probes and detours move what they overwrite; copies of whole
// functions are moved from end to end.
//
//   the run at c0101000           moved to c8000000
//   85 c0      test %eax,%eax     85 c0
//   74 3e      je   c0101042      0f 84 3a 10 10 f8   rel8 widened to rel32
//   eb fa      jmp  c0101000      eb f6               inside: moves along
//   a1 ..      mov  c0180000,..   a1 ..               absolute: as it is
//
// What changes is the distance of relative operands: by as much as the two
// addresses differ, unless the target moves along. LOOP and JECXZ have no
// rel32 form; one whose target is now too far becomes
//
//   e2 02           loop  1f
//   eb 05           jmp   2f
//   e9 rel32     1: jmp   target
//                2:
//
// What cannot be seen is not mended: addresses that the run computes, jump
// tables that lead into it, return addresses on a stack. See boundaries.h for
// whether anything else leads into the run. 32-bit code only. [SDM2 Jcc, LOOP]
//
// And three traps, which are the caller's to avoid:
//
//   a run that ends in STI, MOV SS    the jump behind the copy gets the one
//   or POP SS                         instruction without interrupts
//   a branch to the run's start       stays in the copy: a probe there counts
//                                     the loop once
//   INT n, SYSENTER, FNSTENV          show or save the copy's EIP
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum relocate_status {
    RELOCATE_OK,
    RELOCATE_TRUNCATED, // the run ends inside an instruction
    RELOCATE_UNDEFINED, // no instruction
    RELOCATE_UNKNOWN,   // not in the tables: who knows what it refers to
    RELOCATE_16_BIT,    // a branch that cuts EIP to 16 bits
    RELOCATE_CALL,      // a CALL, and `calls` is false
    RELOCATE_MIDDLE,    // a branch into the middle of an instruction moved
    RELOCATE_LONG,      // prefixes leave no room for rel32 in 15 bytes
    RELOCATE_MANY,      // more instructions than `moved` holds
    RELOCATE_FULL,      // `out` is too small: out_length says what is needed
};

// Where one instruction went: offsets in the run and in `out`.
struct moved {
    uint32_t from, to;
    uint8_t relative; // bytes of its relative operand: 0, 1, 4
    uint8_t growth;   // bytes it got longer
};

// The request, filled in by the caller, and the answer.
struct relocation {
    const uint8_t *code; // the run, `size` bytes
    uint32_t size;
    uint32_t address; // where the run executes now
    uint8_t *out;     // must not overlap the run
    uint32_t out_size;
    uint32_t out_address; // where `out` will be executed
    struct moved *moved;  // room for moved_max instructions
    uint32_t moved_max;
    // May a CALL move? It then pushes an address in the copy: harmless for a
    // callee that returns, wrong for one that looks at where it came from (a
    // PIC thunk, a backtrace, an unpatched return).
    bool calls;

    uint32_t count;      // of instructions in `moved`, in ascending order
    uint32_t out_length; // bytes in `out`
    uint32_t at; // a refusal but RELOCATE_FULL: the offset of the instruction
};

// Moves the run. Unless it returns RELOCATE_OK, nothing is in `out`. Any
// context; no allocation.
enum relocate_status relocate(struct relocation *r);

// The status in words: "a branch that cuts EIP to 16 bits". Never NULL.
const char *relocate_text(enum relocate_status status);

// After RELOCATE_OK: the new offset of the instruction that was at offset
// `from`, or of the end. False if no instruction began there.
bool relocate_find(const struct relocation *r, uint32_t from, uint32_t *to);
