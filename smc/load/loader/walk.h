// SPDX-License-Identifier: MIT
// A second reading of a DLL's base relocations, independent of pe_reloc.c:
// straight from the file, for the lab to compare with and to point at. Only
// for files that the loader has accepted.
#pragma once
#include "smc/load/image.h"

struct walk_word {
    uint32_t rva;   // where in the image
    uint32_t value; // what the file holds there
    bool code;      // in an executable section
};

// Calls fn for each HIGHLOW word, in the order of the file. Returns how many.
uint32_t walk_relocations(const struct module *dll,
                          void (*fn)(const struct walk_word *word, void *arg),
                          void *arg);

// A pointer to the PE header of such a file.
const struct pe_header *walk_header(const struct module *dll);

// The file offset of an RVA, and whether its section is executable.
uint32_t walk_offset(const struct module *dll, uint32_t rva, bool *code);

// The RVA of the IAT slot of the import with this name, or 0. *count is the
// number of all imports.
uint32_t walk_import(const struct module *dll, const char *symbol,
                     uint32_t *count);
