// SPDX-License-Identifier: MIT
// What the formats use to build an image: space, parts, claims, names.
#pragma once
#include "smc/load/image.h"

// One attempt to load one file.
struct loading {
    const struct module *file;
    struct image *image;
    struct load_error *error;
};

// Allocates the staging buffer, cleared, for an image of at most `size`
// bytes. Then chooses where the image will run, once its size is known.
bool build_stage(struct loading *in, uint32_t size);
bool build_place(struct loading *in, uint32_t size);

// Adds a part, above all parts so far. Its bytes are those in the stage.
bool build_part(struct loading *in, const char *name, size_t name_len,
                enum part_kind kind, uint32_t offset, uint32_t size);

// Claims the word at `offset` for a change. Refuses a word outside every
// part and one of which a byte was changed before: no linker asks for that,
// and the second change would read the first one's result.
bool build_claim(struct loading *in, uint32_t offset, const char *what);

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

// Records that `image` points into `used`, which then cannot be unloaded.
bool build_uses(struct loading *in, struct image *used);

// Copies the stage to its final place: code through the door, data into
// data pages. The one step that writes code.
bool build_commit(struct loading *in);
