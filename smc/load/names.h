// SPDX-License-Identifier: MIT
// The names that loaded images offer: one hash table for each family.
#pragma once
#include "smc/load/image.h"

// A name's hash and its length, in one word: its key (names_key.h).
uint32_t names_hash(const char *name);

// Puts the exports of an image into its family's table, or takes them out.
// In between the array must not move. False with the reason if one of them is
// defined by another file of the set as well, or if too many meet; they must
// be taken out all the same.
bool names_publish(struct image *image, struct load_error *error);
void names_withdraw(struct image *image);

// What a linker would take: of the files that are being loaded now the export
// with the highest rank, otherwise the newest one from an image that is not
// broken; or NULL. `hash` is names_hash's.
const struct image_export *names_look_up(enum family family, const char *name,
                                         uint32_t hash);
// The first one of this image, or NULL.
const struct image_export *names_find_in(const struct image *image,
                                         const char *name);
