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
//         | the global offset table    |
//         +----------------------------+  page boundary
//         | .data .bss, COMMON symbols |  read + write
//         +----------------------------+
//
// Files that are linked together share pages: then other files' code follows
// this one's, and so on (smc/load/room.h).
#pragma once
#include "smc/load/build.h"
#include "smc/load/elf/elf_format.h"
#include "smc/load/room.h"

extern const struct image_format elf_object_format;

struct elf_group;

// Between the files of this format: the file after elf_check.
struct elf {
    const struct module *file;
    struct image *image;
    struct load_error *error;
    struct loading *in;
    const struct elf_section *section;
    uint32_t sections;
    const struct elf_section *names; // that which holds the sections' names
    const struct elf_symbol *symbol;
    uint32_t symbols;
    uint32_t commons; // how many of the symbols are COMMON
    uint32_t symtab;  // index of the symbol table; 0 if there is none
    const char *strings;
    uint32_t strings_size;
    bool strings_last; // the file ends with them, or two bytes later
    uint32_t far_tables, group_sections; // of these types, as counted
    const struct word *far_index;        // SHT_SYMTAB_SHNDX, or NULL
    uint32_t modname, moddeps;           // GRUB's two sections; 0: has none

    uint32_t *place;   // per section: its offset in the image
    uint32_t *table;   // per section: what relocates it; 0 if nothing does
    uint32_t *reach;   // per table: the end of the last word that it changes,
                       // if it is one for which elf_survey vouches
    bool plain;        // all tables ask for R_386_32 and R_386_PC32 only
    uint32_t *address; // per symbol: its offset (COMMON), then address
    uint32_t *hash;    // per symbol that is not local: of its name
    uint32_t *slot;    // per symbol: number of its word in the GOT; or NULL
    uint32_t listed;   // bytes in all relocation tables and groups together
    struct room_need need;      // of code, read-only and writable sections
    uint32_t start[ROOM_KINDS]; // offsets of these
    uint32_t got, slots;        // offset in the image, words
    struct elf_group *group;
    uint32_t groups;
};

// The place or address of what has none: a section that is not loaded, and
// one that gave way to another file's.
#define ELF_NOWHERE 0xffffffffu
#define ELF_DROPPED 0xfffffffeu

// The section of a symbol. Numbers that are none move out of the way of real
// ones, of which there may be more than 65280.
#define ELF_SPECIAL(shndx) (0xffff0000u | (shndx))
static inline uint32_t elf_symbol_section(const struct elf *elf,
                                          uint32_t symbol)
{
    uint32_t index = elf->symbol[symbol].st_shndx;

    if (index < SHN_RESERVED)
        return index;
    return index == SHN_XINDEX && elf->far_index ? elf->far_index[symbol].value
                                                 : ELF_SPECIAL(index);
}

// After elf_check_symbols.
static inline const char *elf_symbol_name(const struct elf *elf,
                                          uint32_t symbol)
{
    return elf->strings + elf->symbol[symbol].st_name;
}

// Is the symbol in a section of which another file's copy is used? An absolute
// one may have any value, that of the mark too.
static inline bool elf_is_dropped(const struct elf *elf, uint32_t symbol)
{
    return elf->address[symbol] == ELF_DROPPED &&
           elf->symbol[symbol].st_shndx != SHN_ABS;
}

// Does the section have bytes in the file? What this says of a section has
// been range-checked, and nothing else may be read. SHT_NULL means that the
// header is unused: its other fields may hold anything. [ELF 1-13]
static inline bool elf_has_bytes(const struct elf_section *section)
{
    return section->sh_type != SHT_NULL && section->sh_type != SHT_NOBITS;
}

// The section's bytes in the file; only if elf_has_bytes.
static inline const void *elf_bytes(const struct elf *elf,
                                    const struct elf_section *section)
{
    return (const void *)((uintptr_t)elf->file->data + section->sh_offset);
}

static inline uint32_t elf_base(const struct elf *elf)
{
    return (uint32_t)(uintptr_t)elf->image->base;
}

// elf_check.c: is it ELF at all, and everything that can be judged of its
// headers without an address. elf_check_symbols.c: the same of the symbols,
// once there is room for their hashes.
bool elf_is(const struct module *file);
bool elf_check(struct elf *elf);
bool elf_check_symbols(struct elf *elf);
// A table of entries of one size, made for the table sh_link.
bool elf_check_table(struct elf *elf, const struct elf_section *section,
                     uint32_t entry);
const char *elf_section_name(const struct elf *elf, uint32_t index);
// object_place.c: which section goes where. First the places among those of
// one kind, and what they need together; then the image itself, with all bytes
// that the file has.
bool elf_ask_for_room(struct elf *elf);
bool elf_take_room(struct elf *elf);
// Gives out `size` bytes of a kind that is used up to *end. False if they end
// past IMAGE_MAX.
bool elf_take(uint32_t *end, uint32_t size, uint32_t align, uint32_t *at);

// object_group.c: marks the sections of groups that another file of the set
// has as well.
bool elf_drop_groups(struct elf *elf);

// object_survey.c: looks at all relocations before there are addresses.
bool elf_survey(struct elf *elf);

// object_got.c: counts the words that these relocations want in the global
// offset table; fills them when all symbols have addresses.
bool elf_count_slots(struct elf *elf, const struct elf_rel *rel,
                     const struct elf_rel *end);
void elf_fill_slots(struct elf *elf);

// object_link.c: addresses for the symbols that the file defines, which are
// exported; then, when all files are that far, for the others.
bool elf_place_common(struct elf *elf, uint32_t *end);
bool elf_define(struct elf *elf);
bool elf_resolve(struct elf *elf);

// object_reloc.c: carries out all relocations in the stage.
bool elf_relocate(struct elf *elf);
const char *elf_reloc_name(uint32_t type);

// object_life.c: the functions that an object wants called when it comes and
// when it goes.
bool elf_find_life(struct elf *elf);
bool elf_start(struct image *image, struct load_error *error);
bool elf_stop(struct image *image, struct load_error *error);
