// SPDX-License-Identifier: MIT
// Resolving: from the name of a symbol to an address.
//
// The kernel's own offers come first, then the exports of images that are
// loaded. A PE import that nobody offers gets a stub in the image,
//
//     68 imm32        push $record
//     e8 rel32        call resolve_refused
//
// because a DLL imports far more than any one of its functions calls: zlib1
// names 51 and its crc32 needs none. An ELF object is refused instead, as a
// linker would refuse it.
#pragma once
#include "smc/load/build.h"

#define RESOLVE_STUB_SIZE 16u

// For ELF objects, with the hash of the name: what it leads to. `found` is
// false if nobody offers it. NULL on an error. Good until the next call.
struct resolved {
    bool found;
    uint32_t address;
    const struct image_export *export; // NULL if it is the kernel's
};
const struct resolved *resolve_symbol(struct loading *in, const char *name,
                                      uint32_t hash);

// For PE: prepare with the offset of the stubs in the image and the number
// of imports; refuse as many at most, each of which gets the address of its
// stub; finish makes the stubs a part of the image.
bool resolve_prepare(struct loading *in, uint32_t stubs, uint32_t imports);
bool resolve_refuse(struct loading *in, const char *dll, const char *symbol,
                    uint32_t *address);
bool resolve_finish(struct loading *in);
// Makes the stubs in the stage fit the image's base, which has changed.
void resolve_move_stubs(struct image *image);

// Called by the stubs only: ends the foreign call with words.
void resolve_refused(const struct image_refusal *refusal, uint32_t caller);
