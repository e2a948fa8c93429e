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
#include "smc/load/names_key.h"
#include "smc/load/set.h"

#define RESOLVE_STUB_SIZE 16u

// For ELF objects, with the hash of the name: what it leads to. `found` is
// false if nobody offers it.
struct resolved {
    bool found;
    uint32_t address;
    const struct image_export *export; // NULL if it is the kernel's
};

// The answers to what the files of a set have asked so far. While a set is
// being linked nobody comes and nobody goes, so that an answer stays right;
// and its names lie in files that are all there. 275 GRUB modules ask 4 074
// times for 463 names, so that finding one again is what counts: it is here
// to be part of the loop that asks.
#define RESOLVE_ANSWERS 1024u
struct answer {
    const char *name;
    uint32_t key; // 0: none yet
    struct resolved resolved;
};

// One name has another key in each family, but the same length in its upper
// byte. None has 0: only that of the empty name has no length there.
_Static_assert(FAMILIES < 4, "a family would change the length");
static inline uint32_t resolve_key(enum family family, uint32_t hash)
{
    return hash ^ ((uint32_t)family + 1) << 22;
}

// Looks up what resolve_symbol has not found among the answers.
const struct resolved *resolve_anew(struct loading *in, const char *name,
                                    uint32_t hash);

// NULL on an error. Good until the next call. An answer is one of four
// neighbours, so that names of one bucket do not drive each other out.
static inline const struct resolved *
resolve_symbol(struct loading *in, const char *name, uint32_t hash)
{
    const struct answer *answer = in->set->answers, *end = NULL;
    uint32_t key = resolve_key(in->image->family, hash);
    const struct resolved *resolved;
    const struct image_export *export;

    if (answer) {
        answer += hash % RESOLVE_ANSWERS;
        end = answer + 4;
    }
    while (answer < end &&
           !(answer->key == key && names_equal(answer->name, name, hash)))
        answer++;
    resolved = answer < end ? &answer->resolved : resolve_anew(in, name, hash);
    export = resolved->export;
    return !export || export->image == in->image ||
                   build_uses(in, export->image)
               ? resolved
               : NULL;
}

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
