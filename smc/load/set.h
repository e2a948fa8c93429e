// SPDX-License-Identifier: MIT
// Between set.c, which loads, unload.c, and image.c, which keeps the list.
#pragma once
#include "smc/load/pool.h"
#include "smc/load/room.h"

struct answer;
struct elf_group;

// Files that are being loaded together. All have one fate.
#define LOAD_BUCKETS 128u
struct load_set {
    struct loading *first, *last;
    struct loading *by_file[LOAD_BUCKETS]; // chains of ->same
    bool laid_out; // all are: what comes now could not be linked with them
    const struct load_options *options;
    struct load_error *error;
    struct load_pool pool;     // what is needed only to load
    struct answer *answers;    // resolve.c: what was asked before; or NULL
    struct elf_group **groups; // object_group.c: one copy of each; or NULL
    struct load_room room;     // room.c: the pages that its objects share
};

// The formats, NULL at the end.
extern const struct image_format *const image_formats[];

// Gives the image its file's name, with #2 for the second of that name.
void image_name(struct image *image, const struct module *file);
// Puts it at the head of the list, or takes it out of it.
void image_add(struct image *image);
void image_remove(struct image *image);

// Gives back its uses of others: an image that could not be loaded, or that
// goes, must not keep them. Of several that go, all do this before the first
// is freed, as they may use each other.
void image_let_go(struct image *image);
// Frees an image that is in no list, loaded or half loaded.
void image_discard(struct image *image);
