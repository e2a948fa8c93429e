// SPDX-License-Identifier: MIT
// Calling into a loaded image, and getting back whatever happens there.
#pragma once
#include "smc/load/image.h"

#define CALL_ARGS 16

// How long a call may run unless the boot word `patience=SECONDS` says other.
#define CALL_SECONDS 30

struct call {
    struct image *image;
    uint32_t entry;
    uint32_t argc, args[CALL_ARGS];
    // The outcome: a result, or words that say why there is none.
    // A 64-bit one has its upper half in result_high; both are only what was
    // in eax and edx if the function has no such result.
    uint32_t result, result_high;
    // If it left a number on the x87 stack, as functions of type float, double
    // and long double do: all 80 bits of it, and the bits of the double that
    // it rounds to. [i386 ABI 3-12]
    bool floating;
    uint8_t result80[10];
    uint64_t result_double;
    bool exited; // the result came from call_exit
    char text[200];
};

// Calls `entry` with the image's calling convention, on a stack of its own,
// with the thread blocks and the floating-point state of thread.h. Returns
// false if the code faulted, called what the kernel does not offer, gave up,
// used up its stack or its time: then the reason is in call->text and the
// machine goes on. Interrupts must be on for the time to pass.
bool call_image(struct call *call);

// Calls an exported symbol with `argc` words. Returns false, with the reason
// in call->text, also if there is no such symbol.
bool call_symbol(struct call *call, struct image *image, const char *symbol,
                 uint32_t argc, ...);

// The image whose call is running, or NULL.
struct image *call_owner(void);

// For what the kernel offers to images: ends the running call with words.
// `caller` is the address that asked for it, 0 if unknown.
_Noreturn void call_end(uint32_t caller, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

// For exit and ExitProcess: ends the running call as if its function had
// returned this result.
_Noreturn void call_exit(uint32_t result);
