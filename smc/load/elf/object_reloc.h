// SPDX-License-Identifier: MIT
// Between object_reloc.c, which goes through the tables, and object_value.c,
// which knows what a place becomes.
#pragma once
#include "smc/load/elf/elf.h"

// One table and the section that it changes.
struct elf_walk {
    struct elf *elf;
    const struct elf_section *target;
    uint32_t place; // of the target in the image
    const struct elf_rel *first, *rel;
    bool vouched; // by elf_survey: for the places and symbols of all
    // While the places ascend, all below `next` may have been changed and
    // none above: proof enough that none is changed twice. When they do not,
    // the claims know (build.h), and `next` is above all.
    uint32_t next;
    bool claiming;
};

// The size of the place in bytes; 0 for a type that is not carried out.
uint32_t elf_reloc_size(const struct elf_rel *rel);

// Refuses the type by its name and number.
bool elf_refuse_type(struct elf *elf, const struct elf_rel *rel);

// Makes the addend in *value what walk->rel asks for at image offset `at`.
// False if the symbol has no size or the value does not fit.
bool elf_reloc_value(const struct elf_walk *walk, uint32_t at,
                     uint32_t *value);
