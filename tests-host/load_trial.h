// SPDX-License-Identifier: MIT
// One file through the loader, and what must hold whatever it holds.
#pragma once
#include "kernel/module.h"
#include <stdbool.h>

struct load_trial {
    bool loaded, stayed; // it could not be moved
    char wrong[600];     // what is wrong with how it ended; "" if nothing is
};

// Loads the file, moves the image if its format can be moved, and unloads it
// again. It must end in an image that is whole, or in a refusal with words;
// then all memory must be back. Nothing is run.
// There must be no images before.
void load_trial(const struct module *file, struct load_trial *trial);
