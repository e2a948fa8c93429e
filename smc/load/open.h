// SPDX-License-Identifier: MIT
// Opening an image by the name of its file: find it, or load it, with what
// it needs, and start it.
#pragma once
#include "smc/load/image.h"

// Returns the loaded image of this name. If there is none, loads the module
// of that name and runs its init function, if it has one. NULL with the
// reason in *error.
struct image *open_image(const char *name, struct load_error *error);

// The same for a file that is at hand, always with a new image. If its init
// does not return, the image stays in the list, broken, and this is NULL.
struct image *open_file(const struct module *file, struct load_error *error);

// Runs the fini function of a started image, then unloads it. If fini
// does not return, the image is broken and stays.
bool close_image(struct image *image, struct load_error *error);

// Closes the images that were loaded after `before`, newest first: what
// image_first() was before some work that loads images.
void close_newer(const struct image *before);
