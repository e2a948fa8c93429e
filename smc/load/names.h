// SPDX-License-Identifier: MIT
// The names that loaded images offer: one hash table for each family.
#pragma once
#include "smc/load/image.h"

// The hash of DT_GNU_HASH: h = h * 33 + c, from 5381. Any would do; this one
// has to be computed for shared objects anyway.
uint32_t names_hash(const char *name);

// Puts the exports of an image into its family's table, or takes them out.
// In between the array must not move.
void names_publish(struct image *image);
void names_withdraw(struct image *image);

// The newest export of that name from an image that is not broken, or NULL.
const struct image_export *names_find(enum family family, const char *name);
// The first one of this image, or NULL.
const struct image_export *names_find_in(const struct image *image,
                                         const char *name);
