// SPDX-License-Identifier: MIT
// INT n with n in a register: four ways to execute an instruction whose
// operand exists only as an immediate byte.
//
// The i386 has no "INT al". A program that learns the vector at run time
// must write the instruction (Linux bioscall.S, FreeDOS, GRUB int.S), keep
// one written for every vector (Open Watcom), or write each one once.
// [SDM2 INT n/INTO/INT3/INT1]
#pragma once
#include "smc/door/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// In: what the handler finds. Out: what it left. Of eflags only the status
// flags (CF PF AF ZF SF OF) go in; IF is the caller's, and after the call
// the caller has its own flags back.
struct intn_regs {
    uint32_t eax, ebx, ecx, edx, esi, edi, ebp, eflags;
};

enum intn_reason {
    INTN_OK,
    INTN_BAD_VECTOR, // n > 255: there is no such vector
    INTN_REFUSED,    // the door did not write; see .door
    INTN_NO_MEMORY,  // no room for a generated stub
};

// What became of a call. Unless it is INTN_OK, nothing was executed.
struct intn_result {
    enum intn_reason reason;
    uint32_t n;              // as asked for, never truncated
    bool wrote;              // this call changed code
    struct text_result door; // valid if wrote or INTN_REFUSED
};

// The four ways share one contract: execute INT n with *regs, leave the
// outcome in *regs. All may be used from interrupt handlers and from the
// handler of another INT n. The first two share one site, and so belong to
// one CPU.
struct intn_result intn_always(uint32_t n, struct intn_regs *regs);
struct intn_result intn_changed(uint32_t n, struct intn_regs *regs);
struct intn_result intn_stub(uint32_t n, struct intn_regs *regs);
struct intn_result intn_table(uint32_t n, struct intn_regs *regs);

struct intn_way {
    const char *name;
    struct intn_result (*call)(uint32_t n, struct intn_regs *regs);
};
#define INTN_WAYS 4
extern const struct intn_way intn_ways[INTN_WAYS];

// Makes the two bytes at `site`, which must be an INT, an INT n. Writes
// nothing if they are that already. Interrupts must be off until the INT
// has been executed, or an interrupt handler may aim it elsewhere.
struct intn_result intn_aim(uint8_t *site, uint32_t n, const char *technique);

// Makes the stub for n now. The first stub takes memory for all of them:
// call this before an interrupt handler uses intn_stub.
struct intn_result intn_stub_make(uint32_t n);

// Gives the stubs back; the next intn_stub makes new ones. None may be
// executing.
void intn_stubs_free(void);

// Puts the shared site back to the bytes it was assembled with.
struct intn_result intn_reset(void);

// The failure in words. Returns `out`.
char *intn_explain(char *out, size_t size, const struct intn_result *result);
