// SPDX-License-Identifier: MIT
// The symbols of an ELF object: which address each of them gets.
//
// In two passes, since files may need each other: what a file defines has an
// address when the file is laid out; what it asks for is looked up when all
// files of the set are that far. Who wins is what ld decides: [ELF 1-19]
//
//   in this set      strong    COMMON    weak
//   strong           error     strong    strong
//   COMMON           strong    larger    COMMON
//   weak             strong    COMMON    first file's
//
// A hidden symbol is seen by the files it is linked with, that is by its set,
// and not by files that are loaded later: a set is what one call of ld would
// make. A protected one is no different from any other here.
#include "kernel/one_page.h"
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names.h"
#include "smc/load/names_key.h"
#include "smc/load/resolve.h"

static bool is_local(const struct elf_symbol *symbol)
{
    return symbol->st_info >> 4 == STB_LOCAL;
}

static const struct image_export *look_up(const struct elf *elf,
                                          uint32_t index)
{
    return names_look_up(elf->image->family, elf_symbol_name(elf, index),
                         elf->hash[index]);
}

// `int hook;` in several files is one variable. Each file makes room for
// what it and all before it need, and the last one's room is used.
static struct image_export size_common(const struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    const struct image_export *other = NULL;
    struct image_export common = {.size = symbol->st_size,
                                  .align = (uint16_t)symbol->st_value};

    if (!is_local(symbol))
        other = look_up(elf, index);
    if (!other || other->rank != EXPORT_COMMON || !other->image->stage)
        return common;
    if (other->size > common.size)
        common.size = other->size;
    if (other->align > common.align)
        common.align = other->align;
    return common;
}

// COMMON symbols have no section: `int hook;` at file scope, as C once was.
bool elf_place_common(struct elf *elf, uint32_t *end)
{
    for (uint32_t i = 1; elf->commons && i < elf->symbols; i++)
        if (elf->symbol[i].st_shndx == SHN_COMMON) {
            struct image_export common = size_common(elf, i);
            if (!elf_take(end, common.size, common.align, &elf->address[i]))
                return REFUSE_FIELD(elf, &elf->symbol[i], st_size,
                                    "with it the sections need more than "
                                    "32 MiB");
        }
    return true;
}

// From index and value to an address; that of an undefined symbol is not
// known yet. Symbols of sections that are not loaded (debugging data) are
// nowhere, which only matters if code uses them.
static uint32_t find_address(const struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t section = elf_symbol_section(elf, index);

    switch (section) {
    case SHN_UNDEF: return ELF_NOWHERE;
    // An absolute symbol is a number that has a name. It does not move.
    case ELF_SPECIAL(SHN_ABS): return symbol->st_value;
    // elf_place_common has put the offset there.
    case ELF_SPECIAL(SHN_COMMON):
        return elf_base(elf) + elf->start[PART_DATA] + elf->address[index];
    default: break;
    }
    if (elf->place[section] >= ELF_DROPPED)
        return elf->place[section];
    return elf_base(elf) + elf->place[section] + symbol->st_value;
}

static enum export_rank rank_of(const struct elf_symbol *symbol)
{
    if (symbol->st_shndx == SHN_COMMON)
        return EXPORT_COMMON;
    return symbol->st_info >> 4 == STB_WEAK ? EXPORT_WEAK : EXPORT_STRONG;
}

// Every GRUB module has these two. They are local as a rule, so that they do
// not collide when many modules are loaded. Nearly every other name differs in
// the first two words.
static bool is_life_cycle(struct elf *elf, uint32_t index)
{
    const char *name = elf_symbol_name(elf, index);
    uint32_t room = elf->strings_size - elf->symbol[index].st_name;

    if (room < sizeof "grub_mod_init" ||
        names_word(name + 4) != names_word("_mod") ||
        names_word(name) != names_word("grub") || name[13])
        return false;
    if (names_word(name + 8) == names_word("_ini") && name[12] == 't')
        elf->image->init = elf->address[index];
    else if (names_word(name + 8) == names_word("_fin") && name[12] == 'i')
        elf->image->fini = elf->address[index];
    else
        return false;
    return true;
}

// What is global and defined in a loaded section. Of GRUB's symbols it is
// one in four, so that this is asked before a record is filled.
static bool is_offered(struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t type = symbol->st_info & 15;

    return elf->address[index] < ELF_DROPPED && type != STT_SECTION &&
           type != STT_FILE && !is_life_cycle(elf, index) && !is_local(symbol);
}

static bool publish(struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t visible = symbol->st_other & 3;
    struct image_export *export = build_offer(
        elf->in, elf_symbol_name(elf, index), elf->hash[index]);

    if (!export)
        return false;
    export->address = elf->address[index];
    export->size = symbol->st_size;
    export->rank = (uint8_t)rank_of(symbol);
    if (export->rank == EXPORT_COMMON) {
        struct image_export common = size_common(elf, index);
        export->size = common.size;
        export->align = common.align;
    }
    export->hidden = visible == STV_HIDDEN || visible == STV_INTERNAL;
    return true;
}

// Symbol 0 means "no symbol": a relocation against it adds nothing.
ONE_PAGE(1024) bool elf_define(struct elf *elf)
{
    if (elf->symbols)
        elf->address[0] = 0;
    for (uint32_t i = 1; i < elf->symbols; i++) {
        // More than half of all are others', and have no address yet.
        if (elf->symbol[i].st_shndx == SHN_UNDEF) {
            elf->address[i] = ELF_NOWHERE;
            continue;
        }
        elf->address[i] = find_address(elf, i);
        if (is_offered(elf, i) && !publish(elf, i))
            return false;
    }
    return true;
}

// The name is looked up even if no relocation uses it: GRUB and ld refuse a
// missing symbol for being named at all.
static bool find_undefined(struct elf *elf, uint32_t index)
{
    const char *name = elf_symbol_name(elf, index);
    const struct resolved *found;

    if (*name == '_' && strcmp(name, "_GLOBAL_OFFSET_TABLE_") == 0) {
        elf->address[index] = elf_base(elf) + elf->got;
        return true;
    }
    found = resolve_symbol(elf->in, name, elf->hash[index]);
    if (!found)
        return false;
    elf->address[index] = found->address;
    if (found->found)
        elf->image->bound++;
    // A weak symbol may be missing: its address is then 0, and the code is
    // expected to compare before it calls.
    else if (elf->symbol[index].st_info >> 4 != STB_WEAK)
        load_missing(elf->error, name);
    return true;
}

// What this file has defined may have to give way to another file's.
static bool find_better(struct elf *elf, uint32_t index)
{
    const struct image_export *export = look_up(elf, index);

    // Some are in no table: nobody looks for another's grub_mod_init.
    if (!export || export->image == elf->image)
        return true;
    elf->address[index] = export->address;
    return build_uses(elf->in, export->image);
}

// A local symbol of a dropped section has no other. Only tables that describe
// code have such words, and their words are cleared (object_reloc.c).
ONE_PAGE(1024) bool elf_resolve(struct elf *elf)
{
    for (uint32_t i = 1; i < elf->symbols; i++) {
        const struct elf_symbol *symbol = &elf->symbol[i];
        bool ok = true;
        if (is_local(symbol))
            continue;
        if (symbol->st_shndx == SHN_UNDEF || elf_is_dropped(elf, i))
            ok = find_undefined(elf, i);
        else if (elf->address[i] != ELF_NOWHERE &&
                 rank_of(symbol) != EXPORT_STRONG)
            ok = find_better(elf, i);
        if (!ok)
            return false;
    }
    return true;
}
