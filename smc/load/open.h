// SPDX-License-Identifier: MIT
// Opening an image by the name of its file: find it, or load it, with what
// it needs, and start it.
#pragma once
#include "smc/load/image.h"

// Returns the loaded image of this name. If there is none, loads the module
// of that name and runs its init function, if it has one. NULL with the
// reason in *error.
struct image *open_image(const char *name, struct load_error *error);

// Runs the fini function of a started image, then unloads it.
bool close_image(struct image *image, struct load_error *error);

// Closes the images that were loaded after `before`, newest first: what
// image_first() was before some work that loads images.
void close_newer(const struct image *before);
