// SPDX-License-Identifier: MIT
// Opening an image by the name of its file: find it, or load it, with what
// it needs, and start it.
#pragma once
#include "smc/load/image.h"

// Returns the loaded image of this name. If there is none, loads the module
// of that name and runs its init function, if it has one. NULL with the
// reason in *error.
struct image *open_image(const char *name, struct load_error *error);

// Loads files that are at hand, always into new images, and starts them and
// what they need. If one does not start, it stays in the list, broken, with
// what it uses; the others go, and this is NULL. Returns the first file's.
struct image *open_set(const struct module *const *files, uint32_t count,
                       const struct load_options *options,
                       struct load_error *error);
struct image *open_file(const struct module *file, struct load_error *error);

// Runs the fini function of a started image, then unloads it. If fini
// does not return, the image is broken and stays.
bool close_image(struct image *image, struct load_error *error);

// The same for several at once, which may use each other. All or nothing, but
// for what has been stopped when another one's fini does not return.
bool close_set(struct image *const *set, uint32_t count,
               struct load_error *error);

// How many images outside of the set use this one.
uint32_t close_users(const struct image *image, struct image *const *set,
                     uint32_t count);

// Closes the images that were loaded after `before`, newest first: what
// image_first() was before some work that loads images.
void close_newer(const struct image *before);
