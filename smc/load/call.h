// SPDX-License-Identifier: MIT
// Calling into a loaded image, and getting back whatever happens there.
#pragma once
#include "smc/load/image.h"

#define CALL_ARGS 8

struct call {
    struct image *image;
    uint32_t entry;
    uint32_t argc, args[CALL_ARGS];
    // The outcome: a result, or words that say why there is none.
    uint32_t result;
    char text[200];
};

// Calls `entry` with the image's calling convention. Returns false if the
// code faulted, called what the kernel does not offer, or gave up: then the
// reason is in call->text and the machine goes on.
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
