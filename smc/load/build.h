// SPDX-License-Identifier: MIT
// What the formats use to build an image: space, parts, claims, names.
#pragma once
#include "smc/load/image.h"

// Words that were changed one above the other, as sorted tables make them:
// all of them lie in [low, high), and that each lies above the one before is
// proof that none was changed twice. Only if somebody else comes into the
// range must the single words be known; replay then claims them one by one.
struct claim_run {
    uint32_t low, high; // image offsets; equal if there is no run
    bool (*replay)(struct loading *in);
};

// One file on its way to an image.
struct loading {
    struct loading *next; // in the set, in the order of discovery
    struct loading *same; // in the set's bucket of files
    struct load_set *set;
    const struct module *file;
    struct image *image;
    struct load_error *error;           // one for the whole set
    const struct load_options *options; // never NULL
    uint32_t base;      // the address that was asked for; 0: any
    void *work;         // the format's own, from judge to drop; without a
                        // drop it is in the set's pool
    uint8_t *claimed;   // in link: one bit per byte that was changed, or NULL
    uint32_t last_part; // where the last change was
    struct claim_run run;
    bool shares; // room.c: has been counted among those that share pages
    bool listed; // set.c: the image is in the list
};

// A file that needs another one, for its symbols or because it says so:
// finds it among the images and in the set, or takes it into the set. NULL
// with the reason if there is no such file. `name` is that of a boot module.
struct image *load_needs(struct loading *in, const char *name);

// Allocates the staging buffer, cleared, for an image of at most `size`
// bytes. Then chooses where the image will run, once its size is known.
bool build_stage(struct loading *in, uint32_t size);
bool build_place(struct loading *in, uint32_t size);

// Both at once, for a size that is known: the stage is the place itself, whose
// pages are data until build_commit. Nothing is cleared: the format fills
// every byte of every part.
bool build_in_place(struct loading *in, uint32_t size);

// Frees the stage, if it was no part of the place.
void build_forget_stage(struct image *image);

// Adds a part, above all parts so far. Its bytes are those in the stage.
bool build_part(struct loading *in, const char *name, size_t name_len,
                enum part_kind kind, uint32_t offset, uint32_t size);

// Claims `size` bytes (1 to 4) at `offset` for a change. Refuses a place
// outside every part and one of which a byte was changed before: no linker
// asks for that, and the second change would read the first one's result.
bool build_claim(struct loading *in, uint32_t offset, uint32_t size,
                 const char *what);

// Claims a run at once; see struct claim_run. `low` to `high` lie in one
// part. False on lack of memory, or if the run meets an earlier claim.
bool build_claim_run(struct loading *in, uint32_t low, uint32_t high,
                     bool (*replay)(struct loading *in));

// Tells options->watch of a change, if there is one. Formats with a fast way
// for many words take the slow one while somebody watches.
void build_tell(const struct loading *in, const struct fixup *fixup);
// The same for a name that was looked up, found or not.
void build_tell_lookup(const struct loading *in, const struct lookup *lookup);

// A word at any address. The processor does not mind; the compiler must be
// told. (memcpy would be a call: a freestanding compiler builds none in.)
struct word {
    uint32_t value;
} __attribute__((packed));

// The words of the stage.
uint32_t build_get(const struct image *image, uint32_t offset);
void build_put(struct image *image, uint32_t offset, uint32_t value);

// Keeps a copy of a name and returns its offset in image->names, or
// BUILD_NO_NAME when memory is exhausted.
#define BUILD_NO_NAME 0xffffffffu
uint32_t build_name(struct image *image, const char *name);
bool build_export(struct loading *in, const char *name, uint32_t address);
// The same for more than an address: an export of which all is zero but the
// name and its hash, which may be 0. NULL on lack of memory, with the reason.
// Good until the next one.
struct image_export *build_offer(struct loading *in, const char *name,
                                 uint32_t hash);

// Records that `image` points into `used`, which then cannot be unloaded.
bool build_uses(struct loading *in, struct image *used);

// Copies the stage to its final place: code through the door, data into
// data pages. The one step that writes code. (room_commit does it for images
// that share pages.)
bool build_commit(struct loading *in);
