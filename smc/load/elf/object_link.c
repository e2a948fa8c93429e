// SPDX-License-Identifier: MIT
// Linking an ELF object: every symbol gets an address, then every
// relocation is carried out in the stage. [i386 ABI 4-22]
//
//   type       the word becomes      seen as
//   R_386_32   S + A                 mov $string, %eax
//   R_386_PC32 S + A - P             call function
//   R_386_PLT32 the same, as a plain object has no PLT
//
// S is the symbol's address, P that of the word, A what the word held: an
// R_386_PC32 holds -4, since a branch counts from the byte after itself.
//
// A call in gcry_crc.mod, from the file to the processor:
//
//   in the file      e8 fc ff ff ff                    A = -4
//   the word lies at      P = 0xc01f22b2
//   the symbol lies at                                 S = 0xc01ff1f8
//   S + A - P = 0xc01ff1f8 - 4 - 0xc01f22b2            = 0x0000cf42
//   in memory        e8 42 cf 00 00
//                                  |
//   eip after the call = P + 4 ----'  + 0xcf42         = 0xc01ff1f8
//
// All of this is modulo 2^32, so there is no overflow and no reach: on the
// i386 every call can lead everywhere. (Other processors need veneers.)
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/resolve.h"

static uint32_t base_of(const struct elf *elf)
{
    return (uint32_t)(uintptr_t)elf->image->base;
}

// The name is looked up even if no relocation uses it: GRUB and ld refuse a
// missing symbol for being named at all.
static bool find_undefined(struct elf *elf, uint32_t index)
{
    const char *name = elf_symbol_name(elf, index);

    // 0 is the answer for "nobody": no image and no part of the kernel lies
    // at address 0, which is never mapped.
    if (!resolve_object(elf->in, name, &elf->address[index]))
        return false;
    if (elf->address[index])
        elf->image->bound++;
    // A weak symbol may be missing: its address is then 0, and the code is
    // expected to compare before it calls.
    else if (elf->symbol[index].st_info >> 4 != STB_WEAK)
        load_missing(elf->error, name);
    return true;
}

// From index and value to an address; that of an undefined symbol is not
// known yet. Symbols of sections that are not loaded
// (debugging data) stay ELF_NOWHERE, which only matters if code uses them.
static void find_address(struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t place;

    switch (symbol->st_shndx) {
    case SHN_UNDEF: return;
    // An absolute symbol is a number that has a name. It does not move.
    case SHN_ABS: elf->address[index] = symbol->st_value; return;
    // elf.c has put the offset there when it gave out the space.
    case SHN_COMMON: elf->address[index] += base_of(elf); return;
    default:
        place = elf->place[symbol->st_shndx];
        if (place != ELF_NOWHERE)
            elf->address[index] = base_of(elf) + place + symbol->st_value;
    }
}

// Exports what is global and defined in a loaded section, and remembers the
// two local functions that GRUB calls in the life of a module.
static bool publish(struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    const char *name = elf_symbol_name(elf, index);
    uint32_t type = symbol->st_info & 15;

    // Absolute symbols are left out: an object that offers "5" as an address
    // would be bound to by others.
    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ||
        elf->address[index] == ELF_NOWHERE || !*name || type == STT_SECTION ||
        type == STT_FILE)
        return true;
    // Every GRUB module has these two, and they are local, so that they do
    // not collide when many are loaded.
    if (strcmp(name, "grub_mod_init") == 0)
        elf->image->init = elf->address[index];
    else if (strcmp(name, "grub_mod_fini") == 0)
        elf->image->fini = elf->address[index];
    else if (symbol->st_info >> 4 != STB_LOCAL)
        return build_export(elf->in, name, elf->address[index]);
    return true;
}

// Symbol 0 means "no symbol": a relocation against it adds nothing.
bool elf_define(struct elf *elf)
{
    if (elf->symbols)
        elf->address[0] = 0;
    for (uint32_t i = 1; i < elf->symbols; i++) {
        find_address(elf, i);
        if (!publish(elf, i))
            return false;
    }
    return true;
}

const char *elf_reloc_name(uint32_t type)
{
    switch (type) {
    case R_386_32: return "R_386_32";
    case R_386_PC32: return "R_386_PC32";
    case R_386_PLT32: return "R_386_PLT32";
    default: return "R_386_?";
    }
}

// The types that position-independent code needs are named, since that is
// the usual reason: an object compiled without -fno-pic.
static bool refuse_type(struct elf *elf, const struct elf_rel *rel)
{
    static const char *const needs_got[] = {
        [3] = "R_386_GOT32",    [5] = "R_386_COPY",     [6] = "R_386_GLOB_DAT",
        [7] = "R_386_JMP_SLOT", [8] = "R_386_RELATIVE", [9] = "R_386_GOTOFF",
        [10] = "R_386_GOTPC",   [43] = "R_386_GOT32X",
    };
    uint8_t type = (uint8_t)rel->r_info;
    const char *name = NULL;
    char why[64];

    if (type < sizeof needs_got / sizeof needs_got[0])
        name = needs_got[type];
    ksnprintf(why, sizeof why, "type %u%s%s is not offered", type,
              name ? ", " : "", name ? name : "");
    return REFUSE_FIELD(elf, rel, r_info, why);
}

// The type is judged last, but before the word is written. The order of the
// checks is the order in which their values are used.
static bool relocate_word(struct elf *elf, const struct elf_section *target,
                          uint32_t place, const struct elf_rel *rel)
{
    struct image *image = elf->image;
    uint32_t symbol = rel->r_info >> 8, word = place + rel->r_offset, value;

    // What a linker leaves behind when it has done the work itself.
    if ((uint8_t)rel->r_info == R_386_NONE)
        return true;
    if (!range_inside(rel->r_offset, 4, target->sh_size))
        return REFUSE_FIELD(elf, rel, r_offset,
                            "the word ends past its section");
    if (symbol >= elf->symbols)
        return REFUSE_FIELD(elf, rel, r_info, "no such symbol");
    if (elf->address[symbol] == ELF_NOWHERE)
        return REFUSE_FIELD(elf, rel, r_info,
                            "its symbol is in a section that is not loaded");
    // Only now is `word` known to be an offset in the image: r_offset has
    // been compared with the section, and the section lies in the image.
    if (!build_claim(elf->in, word, 4, "a relocation"))
        return false;
    // The addend is what the word holds: i386 has no room for it in the
    // entry (REL, not RELA). Hence the rule that no word is changed twice.
    value = elf->address[symbol] + build_get(image, word);
    switch ((uint8_t)rel->r_info) {
    case R_386_32: break;
    case R_386_PC32:
    case R_386_PLT32:
        // P is where the word will be, not where the stage is now.
        value -= base_of(elf) + word;
        break;
    default: return refuse_type(elf, rel);
    }
    image->relocations[(uint8_t)rel->r_info]++;
    build_tell(elf->in,
               &(struct fixup){word, 4, elf_reloc_name((uint8_t)rel->r_info),
                               elf_symbol_name(elf, symbol),
                               build_get(image, word), value});
    build_put(image, word, value);
    return true;
}

// A second table for one section would change words that the first one has
// changed. No assembler writes one, and `ld -r` merges what it finds.
static bool relocate_section(struct elf *elf, uint32_t index)
{
    const struct elf_section *table = &elf->section[index];
    const struct elf_rel *rel = (const void *)(elf->file->data +
                                               table->sh_offset);
    const struct elf_section *target;

    if (table->sh_info == 0 || table->sh_info >= elf->sections)
        return REFUSE_FIELD(elf, table, sh_info, "no such section");
    if (table->sh_link != elf->symtab)
        return REFUSE_FIELD(elf, table, sh_link, "not the symbol table");
    if (elf->table[table->sh_info])
        return REFUSE_FIELD(elf, table, sh_info,
                            "a second relocation table for this section");
    elf->table[table->sh_info] = index;
    // Debugging sections have relocations too. Nothing is loaded of them.
    if (elf->place[table->sh_info] == ELF_NOWHERE)
        return true;
    // sh_info has been compared with the number of sections above.
    target = &elf->section[table->sh_info];
    if (target->sh_type == SHT_NOBITS)
        return REFUSE_FIELD(elf, table, sh_info,
                            "a section without bytes has none to relocate");
    for (uint32_t i = 0; i < table->sh_size / sizeof *rel; i++)
        if (!relocate_word(elf, target, elf->place[table->sh_info], &rel[i]))
            return false;
    return true;
}

// All symbols before all relocations: a relocation may name a symbol that
// comes later, or one of another section.
bool elf_link(struct elf *elf)
{
    for (uint32_t i = 1; i < elf->symbols; i++)
        if (elf->symbol[i].st_shndx == SHN_UNDEF && !find_undefined(elf, i))
            return false;
    // Without an address nothing can be relocated; the set will say so.
    if (elf->error->missing)
        return true;
    for (uint32_t i = 1; i < elf->sections; i++)
        if (elf->section[i].sh_type == SHT_REL && !relocate_section(elf, i))
            return false;
    return true;
}
