// SPDX-License-Identifier: MIT
// Files: the multiboot modules that the loader put into memory. They are read
// where they lie, never copied, and are there for ever.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module {
    const char *name;    // last path component of the first word
    const char *cmdline; // the whole module string
    const uint8_t *data; // read-only
    uint32_t size;       // bytes; at least 1
    uint32_t number;     // 2 for the second of its name; 0: not from the boot
};

// Maps what the loader brought and makes it read-only; names in the log what
// is left out. Called once, after paging_init.
void modules_init(void);

// How many modules there are, and the one with an index below that.
size_t module_count(void);
const struct module *module_at(size_t index);

// The first module with this name, or NULL. `NAME#2` means the second one
// of that name, for machines that were given two files of the same name.
const struct module *module_find(const char *name);
