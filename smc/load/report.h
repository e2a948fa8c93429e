// SPDX-License-Identifier: MIT
// How the loader's commands speak: one form for images and for errors.
#pragma once
#include "smc/load/image.h"

// Prints the error and returns 1, the status of a failed command.
int report_error(const struct load_error *error);

// Prints what is known of an image, in a few lines.
void report_image(const struct image *image);
// The same, with its parts as the page tables have them, and its users.
void report_details(const struct image *image);

// The imports that nobody offers, by name; nothing if there are none.
void report_refused(const struct image *image);

// A heading, and one line for an image: lists of many.
void report_heading(void);
void report_line(const struct image *image);

// The image of this name, loaded now if need be, which is then reported.
// NULL after printing why not.
struct image *report_open(const char *name);

// The loaded image of this name. NULL after saying that it is not loaded.
struct image *report_find(const char *name);

// The boot module of this name. NULL after saying that there is none.
const struct module *report_file(const char *name);
