// SPDX-License-Identifier: MIT
// How the loader's commands speak: one form for images and for errors.
#pragma once
#include "smc/load/image.h"

// Prints the error and returns 1, the status of a failed command.
int report_error(const struct load_error *error);

// Prints what is known of an image, in a few lines.
void report_image(const struct image *image);

// The image of this name, loaded now if need be, which is then reported.
// NULL after printing why not.
struct image *report_open(const char *name);
