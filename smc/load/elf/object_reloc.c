// SPDX-License-Identifier: MIT
// Relocating an ELF object: goes through the tables, entry by entry, and
// judges each before the place is changed. Nearly all entries are words in
// ascending order, for which object_survey.c vouches table by table, and a
// short loop takes those; what it does not take goes the long way, where
// everything is judged. What a place becomes is known to object_value.c.
// [ELF 1-21]
//
//   .rel.text  | 07 PC32 | 0c 32 | 15 PC32 | 19 GOT32X | 23 PC32 | ...
//                '------ short ----------'   long        '- short ...
//
// In most files there is nothing for the long way, and the loop that is left
// is shorter still (relocate_plain).
#include "smc/load/elf/object_reloc.h"
#include "kernel/one_page.h"
#include "kernel/string.h"

// What describes code may name code that another file's copy has replaced.
// The word is cleared, as ld does it: a description of nothing.
static bool may_be_cleared(const struct elf_walk *walk)
{
    const struct elf *elf = walk->elf;
    const char *name = elf_section_name(
        elf, (uint32_t)(walk->target - elf->section));

    return strcmp(name, ".eh_frame") == 0 ||
           strncmp(name, ".gcc_except_table", 17) == 0;
}

static bool judge_symbol(struct elf_walk *walk)
{
    struct elf *elf = walk->elf;
    const struct elf_rel *rel = walk->rel;
    uint32_t symbol = rel->r_info >> 8;

    if (symbol >= elf->symbols)
        return REFUSE_FIELD(elf, rel, r_info, "no such symbol");
    if (elf->address[symbol] < ELF_DROPPED ||
        elf->symbol[symbol].st_shndx == SHN_ABS)
        return true;
    if (elf->address[symbol] == ELF_NOWHERE)
        return REFUSE_FIELD(elf, rel, r_info,
                            "its symbol is in a section that is not loaded");
    return may_be_cleared(walk) ||
           REFUSE_FIELD(elf, rel, r_info,
                        "its symbol is in a section of which another file's "
                        "copy is used");
}

// The order of the checks is the order in which their values are used.
static bool judge(struct elf_walk *walk)
{
    uint32_t size = elf_reloc_size(walk->rel);

    if (size == 0)
        return elf_refuse_type(walk->elf, walk->rel);
    if (!range_inside(walk->rel->r_offset, size, walk->target->sh_size))
        return REFUSE_FIELD(walk->elf, walk->rel, r_offset,
                            "the word ends past its section");
    return judge_symbol(walk);
}

static bool claim(struct elf_walk *walk, const struct elf_rel *rel)
{
    return build_claim(walk->elf->in, walk->place + rel->r_offset,
                       elf_reloc_size(rel), "a relocation");
}

// The first place that is not above all others: from here on every single
// place must be known, those before it as well.
static bool start_claiming(struct elf_walk *walk)
{
    walk->claiming = true;
    walk->next = 0xffffffff;
    for (const struct elf_rel *rel = walk->first; rel < walk->rel; rel++)
        if (elf_reloc_size(rel) && !claim(walk, rel))
            return false;
    return true;
}

static bool never_twice(struct elf_walk *walk)
{
    const struct elf_rel *rel = walk->rel;

    if (walk->vouched)
        return true;
    if (!walk->claiming && rel->r_offset >= walk->next) {
        walk->next = rel->r_offset + elf_reloc_size(rel);
        return true;
    }
    return (walk->claiming || start_claiming(walk)) && claim(walk, rel);
}

static void tell(const struct elf_walk *walk, uint32_t at, uint32_t before,
                 uint32_t after)
{
    const struct elf *elf = walk->elf;
    uint32_t index = walk->rel->r_info >> 8;
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t section = elf_symbol_section(elf, index);
    const char *name = elf_symbol_name(elf, index);

    if ((symbol->st_info & 15) == STT_SECTION && section < elf->sections)
        name = elf_section_name(elf, section);
    build_tell(elf->in,
               &(struct fixup){
                   .offset = at,
                   .size = elf_reloc_size(walk->rel),
                   .type = elf_reloc_name((uint8_t)walk->rel->r_info),
                   .symbol = printable_name(name, NAME_MAX + 1) && *name
                                 ? name
                                 : NULL,
                   .before = before,
                   .after = after,
               });
}

// The addend is what the place holds: i386 has no room for it in the entry
// (REL, not RELA). Hence the rule that nothing is changed twice.
static uint32_t read(const uint8_t *at, uint32_t size)
{
    switch (size) {
    case 1: return (uint32_t)(int8_t)*at;
    case 2: return (uint32_t)(int16_t)(at[0] | at[1] << 8);
    default: return ((const struct word *)at)->value;
    }
}

static bool relocate_any(struct elf_walk *walk)
{
    struct elf *elf = walk->elf;
    const struct elf_rel *rel = walk->rel;
    uint32_t at = walk->place + rel->r_offset, size = elf_reloc_size(rel);
    uint8_t *bytes = (uint8_t *)((uintptr_t)elf->image->stage + at);
    uint32_t before, value;

    // What a linker leaves behind when it has done the work itself.
    if ((uint8_t)rel->r_info == R_386_NONE)
        return true;
    if (!judge(walk) || !never_twice(walk))
        return false;
    before = value = read(bytes, size);
    if (elf_is_dropped(elf, rel->r_info >> 8))
        value = 0;
    else if (!elf_reloc_value(walk, at, &value))
        return false;
    memcpy(bytes, &value, size); // little-endian: the low bytes
    elf->image->relocations[(uint8_t)rel->r_info]++;
    if (elf->in->options->watch)
        tell(walk, at, before, value);
    return true;
}

// Nearly all are words with an address or the distance to one. Takes those
// from `rel` on that are, and returns the first that is not: all that is
// different or wrong goes the long way. Where the words are, and that their
// symbols exist, was judged for the whole table. An object is relocated where
// it will run (build_in_place), so that a word's address now is its P. A
// function of its own, so that what the loop needs stays in registers.
ONE_PAGE(512)
static const struct elf_rel *
relocate_run(const struct elf_rel *rel, const struct elf_rel *end,
             uint8_t *place, const uint32_t *address, uint32_t *count)
{
    const struct elf_rel *first = rel;
    uint32_t distances[R_386_PLT32 + 1] = {0};

    for (; rel < end; rel++) {
        uint32_t info = rel->r_info, value;
        struct word *word;
        if ((uint8_t)info == R_386_32) {
            value = address[info >> 8];
            if (value >= ELF_DROPPED)
                break;
            ((struct word *)(place + rel->r_offset))->value += value;
        } else if ((uint8_t)info == R_386_PC32 ||
                   (uint8_t)info == R_386_PLT32) {
            value = address[info >> 8];
            if (value >= ELF_DROPPED)
                break;
            word = (struct word *)(place + rel->r_offset);
            word->value += value - (uint32_t)(uintptr_t)word;
            distances[(uint8_t)info]++;
        } else {
            break;
        }
    }
    count[R_386_PC32] += distances[R_386_PC32];
    count[R_386_PLT32] += distances[R_386_PLT32];
    count[R_386_32] += (uint32_t)(rel - first) - distances[R_386_PC32] -
                       distances[R_386_PLT32];
    return rel;
}

// One of the types R_386_32 and R_386_PC32, 1 and 2, whose symbol has an
// address. Bit 1 of the type, in all bits of `mask`, decides whether P is
// subtracted. The compiler is kept from beginning the next one meanwhile: it
// has six registers, and this needs all of them.
static inline void relocate_word(const struct elf_rel *rel, uint8_t *place,
                                 const uint32_t *address)
{
    uint32_t value = address[rel->r_info >> 8];
    uint32_t at = (uint32_t)(uintptr_t)place + rel->r_offset;
    uint32_t mask = (uint32_t)((int32_t)(rel->r_info << 30) >> 31);

    ((struct word *)at)->value += value - (at & mask);
    __asm__ volatile("" : : : "memory");
}

// Each is one more than a R_386_32 is.
static uint32_t count_distances(const struct elf_rel *rel,
                                const struct elf_rel *end)
{
    uint32_t sum = (uint32_t)(rel - end);

#pragma GCC unroll 8
    for (; rel < end; rel++)
        sum += (uint8_t)rel->r_info;
    return sum;
}

// A table of nothing but these two: no question is left, and no branch but
// that of the loop, each of which costs an emulator as much as three
// instructions.
ONE_PAGE(1024)
static void relocate_plain(const struct elf_rel *rel,
                           const struct elf_rel *end, uint8_t *place,
                           const uint32_t *address, uint32_t *count)
{
    uint32_t all = (uint32_t)(end - rel), distances;
    const struct elf_rel *fours = rel + all / 4 * 4;

    distances = count_distances(rel, end);
    count[R_386_PC32] += distances;
    count[R_386_32] += all - distances;
    for (; rel < fours; rel += 4) {
        relocate_word(rel, place, address);
        relocate_word(rel + 1, place, address);
        relocate_word(rel + 2, place, address);
        relocate_word(rel + 3, place, address);
    }
    for (; rel < end; rel++)
        relocate_word(rel, place, address);
}

// What was dropped or is nowhere has the highest two addresses. An absolute
// symbol may have them, too; its file then takes a longer way, which knows.
static bool all_have_addresses(const struct elf *elf)
{
    uint32_t highest = 0;

#pragma GCC unroll 4
    for (uint32_t i = 0; i < elf->symbols; i++)
        highest = elf->address[i] > highest ? elf->address[i] : highest;
    return highest < ELF_DROPPED;
}

// A watcher is told of every change, which the short ways do not.
static bool relocate_all(struct elf_walk *walk, const struct elf_rel *end)
{
    const struct elf *elf = walk->elf;
    struct image *image = elf->image;
    bool run = walk->vouched && !elf->in->options->watch;

    if (run && elf->plain) {
        relocate_plain(walk->rel, end, image->stage + walk->place,
                       elf->address, image->relocations);
        return true;
    }
    for (; walk->rel < end; walk->rel++) {
        if (run)
            walk->rel = relocate_run(walk->rel, end,
                                     image->stage + walk->place, elf->address,
                                     image->relocations);
        if (walk->rel == end)
            break;
        if (!relocate_any(walk))
            return false;
    }
    return true;
}

// A second table for one section would change words that the first one has
// changed. No assembler writes one, and `ld -r` merges what it finds.
static bool judge_table(struct elf *elf, uint32_t index)
{
    const struct elf_section *table = &elf->section[index];

    if (table->sh_info == 0 || table->sh_info >= elf->sections)
        return REFUSE_FIELD(elf, table, sh_info, "no such section");
    if (table->sh_link != elf->symtab)
        return REFUSE_FIELD(elf, table, sh_link, "not the symbol table");
    if (elf->table[table->sh_info])
        return REFUSE_FIELD(elf, table, sh_info,
                            "a second relocation table for this section");
    elf->table[table->sh_info] = index;
    switch (elf->section[table->sh_info].sh_type) {
    // Tables have no relocations; to change one while it is read, this one
    // included, would be to believe what has not been judged.
    case SHT_SYMTAB:
    case SHT_STRTAB:
    case SHT_REL:
    case SHT_GROUP:
    case SHT_SYMTAB_SHNDX:
        return REFUSE_FIELD(elf, table, sh_info,
                            "a table of the file is not relocated");
    default: return true;
    }
}

static bool relocate_section(struct elf *elf, uint32_t index)
{
    const struct elf_section *table = &elf->section[index];
    struct elf_walk walk = {.elf = elf};

    if (!judge_table(elf, index))
        return false;
    // Debugging sections have relocations too. Nothing is loaded of them, nor
    // of what has given way to another file's copy.
    if (elf->place[table->sh_info] >= ELF_DROPPED)
        return true;
    walk.target = &elf->section[table->sh_info];
    walk.place = elf->place[table->sh_info];
    walk.first = walk.rel = elf_bytes(elf, table);
    if (walk.target->sh_type == SHT_NOBITS)
        return REFUSE_FIELD(elf, table, sh_info,
                            "a section without bytes has none to relocate");
    walk.vouched = elf->reach[index] <= walk.target->sh_size;
    return relocate_all(&walk, walk.rel + table->sh_size / sizeof *walk.rel);
}

bool elf_relocate(struct elf *elf)
{
    elf->plain = elf->plain && all_have_addresses(elf);
    for (uint32_t i = 1; i < elf->sections; i++)
        if (elf->section[i].sh_type == SHT_REL && !relocate_section(elf, i))
            return false;
    return true;
}
