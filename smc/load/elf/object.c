// SPDX-License-Identifier: MIT
// Loading an ELF object, step by step: what is judged and counted before
// anything has an address, what is done then, and what is left of it. Which
// section goes where is in object_place.c.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names_key.h"
#include "smc/load/set.h"

// A GRUB module names those it needs in .moddeps, one string after another.
// Two names may follow each other without anything in between but the NUL; the
// section's size, not an empty name, ends the list.
static bool name_needed(struct elf *elf)
{
    const struct elf_section *section = &elf->section[elf->moddeps];
    const char *at = elf_bytes(elf, section);
    uint32_t size = elf->moddeps ? section->sh_size : 0;

    while (size) {
        char name[40];
        uint32_t hash, len;
        bool good = names_scan(at, size, &hash);
        len = hash >> 24;
        if (!good || len > 32)
            return load_fail(
                elf->error,
                "a name in .moddeps at offset 0x%x is not a "
                "string of up to 32 printable characters",
                (uint32_t)((const uint8_t *)at - elf->file->data));
        names_copy(name, at, len);
        names_copy(name + len, ".mod", 4);
        // Even if no symbol leads there: the file has said that it depends
        // on it, and may reach it through a third one.
        if (!load_needs(elf->in, name))
            return false;
        at += len + 1;
        size -= len + 1;
    }
    return true;
}

// The arrays that say where things went, in one block.
static bool make_room(struct elf *elf)
{
    uint32_t words = 3 * elf->sections + 2 * elf->symbols;

    elf->place = pool_take(&elf->in->set->pool, words * sizeof(uint32_t));
    if (!elf->place)
        return load_fail(elf->error, "no memory for the section table");
    elf->reach = elf->place + elf->sections;
    elf->table = elf->reach + elf->sections;
    elf->address = elf->table + elf->sections;
    elf->hash = elf->address + elf->symbols;
    // All ones is ELF_NOWHERE, for places and reaches.
    memset(elf->place, 0xff, 2 * elf->sections * sizeof(uint32_t));
    return true;
}

// GRUB builds with -mregparm=3: three arguments travel in registers. Its
// modules are known by the section that holds their name.
static void find_family(struct elf *elf)
{
    if (elf->modname) {
        elf->image->family = FAMILY_GRUB;
        elf->image->register_args = 3;
    }
}

static bool object_judge(struct loading *in)
{
    struct elf *elf = pool_take(&in->set->pool, sizeof *elf);

    in->work = elf;
    if (!elf)
        return load_fail(in->error, "no memory to read the file");
    elf->in = in;
    elf->file = in->file;
    elf->image = in->image;
    elf->error = in->error;
    if (!elf_check(elf) || !make_room(elf) || !elf_check_symbols(elf) ||
        !elf_drop_groups(elf) || !elf_survey(elf))
        return false;
    find_family(elf);
    return elf_ask_for_room(elf) && name_needed(elf);
}

static bool object_lay_out(struct loading *in)
{
    struct elf *elf = in->work;

    return elf_take_room(elf) && elf_define(elf) && elf_find_life(elf);
}

// All symbols before all relocations: a relocation may name a symbol that
// comes later, or one of another section.
static bool object_link(struct loading *in)
{
    struct elf *elf = in->work;

    if (!elf_resolve(elf))
        return false;
    // Without an address nothing can be relocated; the set will say so.
    if (elf->error->missing)
        return true;
    elf_fill_slots(elf);
    return elf_relocate(elf);
}

static void object_forget(struct image *image)
{
    heap_free(image->detail);
}

const struct image_format elf_object_format = {
    .name = "ELF",
    .is = elf_is,
    .judge = object_judge,
    .lay_out = object_lay_out,
    .link = object_link,
    .start = elf_start,
    .stop = elf_stop,
    .forget = object_forget,
    .reloc_name = elf_reloc_name,
};
