// SPDX-License-Identifier: MIT
// Section groups: what several files have, and one is enough of.
//
// A C++ template or an inline function is compiled into every object that
// uses it, and so is the thunk that tells 32-bit code where it runs. Each
// copy is a group with a signature; linkers keep the first. [gABI "Section
// Groups"]
//
//   a.o  .group "__x86.get_pc_thunk.bx"  -> .text.__x86...   placed
//   b.o  .group "__x86.get_pc_thunk.bx"  -> .text.__x86...   dropped
//        call __x86.get_pc_thunk.bx ------------------> a.o's
//
// The symbols of a dropped section are undefined in that file, and resolved
// by name like any other.
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names.h"
#include "smc/load/set.h"

// A group that was kept. The record lives as long as its set is loading.
struct elf_group {
    struct elf_group *next; // in the same bucket
    const char *signature;
    uint32_t hash;
};

// Groups that meet in one bucket: of a million in all they would be as many.
#define BUCKETS 256u
#define CHAIN_MAX 4096u

// Section symbols have no name of their own: the section's stands for it. A
// long one is refused, as every group reads it: NULL.
static const char *signature_of(const struct elf *elf, uint32_t symbol)
{
    uint32_t section = elf_symbol_section(elf, symbol),
             room = elf->strings_size - elf->symbol[symbol].st_name;
    const char *name = elf_symbol_name(elf, symbol);

    if ((elf->symbol[symbol].st_info & 15) == STT_SECTION &&
        section < elf->sections) {
        room = elf->names->sh_size - elf->section[section].sh_name;
        name = elf_section_name(elf, section);
    }
    return printable_name(name, room) ? name : NULL;
}

// After this function the signature and the members may be read.
static bool check_group(struct elf *elf, const struct elf_section *group)
{
    const struct word *word = elf_bytes(elf, group);

    if (group->sh_size < sizeof *word || group->sh_size % sizeof *word)
        return REFUSE_FIELD(elf, group, sh_size,
                            "not a flag and some section numbers");
    if (group->sh_link != elf->symtab || !elf->symtab)
        return REFUSE_FIELD(elf, group, sh_link, "not the symbol table");
    if (group->sh_info == 0 || group->sh_info >= elf->symbols)
        return REFUSE_FIELD(elf, group, sh_info, "no such symbol");
    for (uint32_t i = 1; i < group->sh_size / sizeof *word; i++)
        if (word[i].value == 0 || word[i].value >= elf->sections)
            return load_refuse(elf->error, "group member", "offset",
                               group->sh_offset + i * sizeof *word,
                               word[i].value, "no such section");
    return true;
}

// Looks for the signature among those of the set, or leaves it there. False
// if there are too many to look at.
static bool look_up(struct elf *elf, const char *signature, bool *seen)
{
    uint32_t hash = names_hash(signature), count = 0;
    struct elf_group **bucket = &elf->in->set->groups[hash % BUCKETS];
    struct elf_group *group = *bucket;

    while (group && count++ < CHAIN_MAX &&
           (group->hash != hash || strcmp(group->signature, signature) != 0))
        group = group->next;
    *seen = group;
    if (group)
        return count <= CHAIN_MAX;
    group = &elf->group[elf->groups++];
    *group = (struct elf_group){*bucket, signature, hash};
    *bucket = group;
    return true;
}

static bool drop_group(struct elf *elf, const struct elf_section *section)
{
    const struct word *word = elf_bytes(elf, section);
    const char *signature;
    bool seen;

    if (!check_group(elf, section))
        return false;
    // Other groups only say that their sections belong together.
    if (!(word[0].value & GRP_COMDAT))
        return true;
    signature = signature_of(elf, section->sh_info);
    if (!signature)
        return REFUSE_FIELD(elf, section, sh_info,
                            "its signature is not a name of up to 255 "
                            "printable characters");
    if (!look_up(elf, signature, &seen))
        return REFUSE_FIELD(elf, section, sh_info,
                            "too many signatures meet where its own belongs");
    for (uint32_t i = 1; seen && i < section->sh_size / sizeof *word; i++)
        elf->place[word[i].value] = ELF_DROPPED;
    return true;
}

// Most objects have no group, and need no table of them.
static bool make_room(struct elf *elf, uint32_t groups)
{
    struct load_set *set = elf->in->set;

    if (!set->groups)
        set->groups = pool_take(&set->pool, BUCKETS * sizeof *set->groups);
    elf->group = pool_take(&set->pool, groups * sizeof *elf->group);
    return (set->groups && elf->group) ||
           load_fail(elf->error, "no memory for the section groups");
}

bool elf_drop_groups(struct elf *elf)
{
    uint32_t groups = elf->group_sections;

    if (groups && !make_room(elf, groups))
        return false;
    for (uint32_t i = 1; groups && i < elf->sections; i++)
        if (elf->section[i].sh_type == SHT_GROUP &&
            !drop_group(elf, &elf->section[i]))
            return false;
    return true;
}
