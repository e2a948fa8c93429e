// SPDX-License-Identifier: MIT
// Loading an ELF32 relocatable object: what `gcc -c` and `ld -r` make.
//
// Linux and GRUB load their modules in this form. The file has no addresses
// at all, only sections, so the loader is free to gather them by rights:
//
//   base  +----------------------------+
//         | .text and other code       |  read + execute
//         +----------------------------+  page boundary
//         | .rodata .rodata.str1.1 ... |  read
//         +----------------------------+  page boundary
//         | .data .bss, COMMON symbols |  read + write
//         +----------------------------+
#pragma once
#include "smc/load/build.h"
#include "smc/load/elf/elf_format.h"

extern const struct image_format elf_object_format;

// Between the three files of this format: the file after elf_check.
struct elf {
    const struct module *file;
    struct image *image;
    struct load_error *error;
    struct loading *in;
    const struct elf_section *section;
    uint32_t sections;
    const struct elf_symbol *symbol;
    uint32_t symbols;
    uint32_t symtab;   // index of the symbol table; 0 if there is none
    uint32_t *place;   // per section: its offset in the image
    uint32_t *address; // per symbol: its offset (COMMON), then address
    uint32_t *table;   // per section: what relocates it; 0 if nothing does
    uint32_t rel_size; // bytes in all relocation tables together
};
// The place or address of what has none: a section that is not loaded.
#define ELF_NOWHERE 0xffffffffu

// elf_check.c: is it ELF at all, and everything that can be judged without an address.
bool elf_is(const struct module *file);
bool elf_check(struct elf *elf);
const char *elf_section_name(const struct elf *elf, uint32_t index);
const char *elf_symbol_name(const struct elf *elf, uint32_t index);
// The bytes of the section with this name, or NULL.
const char *elf_find_bytes(const struct elf *elf, const char *name,
                           uint32_t *size);

// Does the section have bytes in the file? What this says of a section has
// been range-checked, and nothing else may be read. SHT_NULL means that the
// header is unused: its other fields may hold anything. [ELF 1-13]
static inline bool elf_has_bytes(const struct elf_section *section)
{
    return section->sh_type != SHT_NULL && section->sh_type != SHT_NOBITS;
}

// object_link.c: addresses for the symbols that the file defines, which are
// exported; then, when all files are that far, for the others, and the
// relocations.
bool elf_define(struct elf *elf);
bool elf_link(struct elf *elf);
const char *elf_reloc_name(uint32_t type);
