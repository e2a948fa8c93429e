// SPDX-License-Identifier: MIT
// The symbols of an ELF object, judged before any of them is used.
//
// The names that others may see are also hashed here, once: the same walk
// over the characters tells whether a name may be printed. [ELF 1-18]
#include "kernel/one_page.h"
#include "kernel/pages.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names_key.h"

// In most files something lies behind the string table.
static __attribute__((noinline)) bool
scan_to_end(struct elf *elf, const char *name, uint32_t *hash)
{
    uint32_t at = (uint32_t)(name - elf->strings);

    return names_scan(name, elf->strings_size - at, hash);
}

// The string table ends with NUL, so that a start inside is a whole string.
// Local names are not looked up, and printed only if they are printable.
static bool check_name(struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    const char *name;

    if (symbol->st_name >= elf->strings_size)
        return REFUSE_FIELD(elf, symbol, st_name, "past the string table");
    if (symbol->st_info >> 4 == STB_LOCAL)
        return true;
    name = elf->strings + symbol->st_name;
    return (elf->strings_last ? scan_to_end(elf, name, &elf->hash[index])
                              : names_scan_ended(name, &elf->hash[index])) ||
           REFUSE_FIELD(elf, symbol, st_name,
                        "not a name of up to 255 printable characters");
}

// st_value of a COMMON symbol is its alignment.
static bool check_common(struct elf *elf, const struct elf_symbol *symbol)
{
    if (!power_of_two(symbol->st_value) || symbol->st_value > PAGE_SIZE)
        return REFUSE_FIELD(elf, symbol, st_value,
                            "COMMON needs an alignment of 1 to 4096");
    return symbol->st_size <= IMAGE_MAX ||
           REFUSE_FIELD(elf, symbol, st_size, "more than 32 MiB");
}

// After this function the symbol's name may be read and its value lies in its
// section. The end of a section counts as inside: `extern char end[]`. Which
// of the fields mean something depends on st_shndx.
static bool check_symbol(struct elf *elf, uint32_t index)
{
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t type = symbol->st_info & 15, section;

    if (!check_name(elf, index))
        return false;
    if (type == STT_TLS || type == STT_IFUNC)
        return REFUSE_FIELD(elf, symbol, st_info,
                            "thread-local and indirect symbols not offered");
    // Most symbols are others'.
    if (symbol->st_shndx == SHN_UNDEF)
        return true;
    section = elf_symbol_section(elf, index);
    if (symbol->st_shndx == SHN_COMMON) {
        elf->commons++;
        return check_common(elf, symbol);
    }
    if (symbol->st_shndx == SHN_ABS || section == SHN_UNDEF)
        return true;
    if (symbol->st_shndx == SHN_XINDEX && !elf->far_index)
        return REFUSE_FIELD(elf, symbol, st_shndx,
                            "there is no table of large section numbers");
    if (section >= elf->sections)
        return REFUSE_FIELD(elf, symbol, st_shndx, "no such section");
    // For a section of type SHT_NULL the size means nothing, but then the
    // symbol has no address either, and only its name is ever used.
    return symbol->st_value <= elf->section[section].sh_size ||
           REFUSE_FIELD(elf, symbol, st_value, "past its section");
}

// One word for each symbol: the section's number if 16 bits cannot hold it.
static bool find_far_index(struct elf *elf)
{
    for (uint32_t i = 1; elf->far_tables && i < elf->sections; i++) {
        const struct elf_section *table = &elf->section[i];
        if (table->sh_type != SHT_SYMTAB_SHNDX)
            continue;
        if (!elf_check_table(elf, table, sizeof(struct word)))
            return false;
        if (table->sh_link != elf->symtab)
            return REFUSE_FIELD(elf, table, sh_link, "not the symbol table");
        if (table->sh_size / sizeof(struct word) < elf->symbols)
            return REFUSE_FIELD(elf, table, sh_size,
                                "fewer entries than there are symbols");
        elf->far_index = elf_bytes(elf, table);
    }
    return true;
}

// Symbol 0 is all zeros by definition and is never looked at.
ONE_PAGE(2048) bool elf_check_symbols(struct elf *elf)
{
    const struct elf_section *table = &elf->section[elf->symtab];
    const struct elf_section *strings;

    // An object without symbols.
    if (!elf->symtab)
        return true;
    strings = &elf->section[table->sh_link];
    if (strings->sh_type != SHT_STRTAB)
        return REFUSE_FIELD(elf, table, sh_link, "not a string table");
    elf->symbol = elf_bytes(elf, table);
    elf->strings = elf_bytes(elf, strings);
    elf->strings_size = strings->sh_size;
    elf->strings_last = elf->file->size - strings->sh_offset -
                            strings->sh_size <
                        3;
    if (!find_far_index(elf))
        return false;
    for (uint32_t i = 1; i < elf->symbols; i++)
        if (!check_symbol(elf, i))
            return false;
    return true;
}
