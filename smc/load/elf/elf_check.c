// SPDX-License-Identifier: MIT
// Is this an ELF object that can be loaded? Judges headers, sections and
// symbols, field by field, before anything is allocated.
//
// Linux's 32-bit apply_relocate trusts r_offset and the symbol index; GRUB
// loops forever on sh_entsize 0. Here nothing is trusted.
//
// Who vouches for what, from the first bytes inward. Nothing is read before
// the line above it has been checked:
//
//   e_shoff, e_shnum    the section table lies in the file
//   e_shstrndx          one of them holds names, and ends with NUL
//   sh_name             a name begins in there, so it ends in there
//   sh_offset, sh_size  the bytes of a section lie in the file
//   sh_link, sh_info    name sections that exist (sh_info: object_link.c)
//   st_name, st_shndx   names and sections of symbols exist
//   st_value            lies in the symbol's section
//   r_offset, r_info    are judged last, one by one, in object_link.c
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/elf/elf.h"

bool elf_is(const struct module *file)
{
    return file->size >= 4 && memcmp(file->data,
                                     "\x7f"
                                     "ELF",
                                     4) == 0;
}

// The first 16 bytes say how to read all others.
static bool check_ident(struct elf *elf, const struct elf_header *header)
{
    static const struct {
        uint8_t index, value;
        const char *name, *why;
    } wanted[] = {
        {4, ELF_CLASS_32, "EI_CLASS", "not 1 (32-bit)"},
        {5, ELF_DATA_LSB, "EI_DATA", "not 1 (little-endian)"},
        {6, ELF_VERSION, "EI_VERSION", "not 1"},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        uint8_t value = header->e_ident[wanted[i].index];
        if (value != wanted[i].value)
            return load_refuse(elf->error, wanted[i].name, "offset",
                               wanted[i].index, value, wanted[i].why);
    }
    return true;
}

// After this function the section table may be read, and e_shstrndx names a
// string table. What is in the sections is not yet known to be good.
static bool check_header(struct elf *elf)
{
    const struct elf_header *header = (const void *)elf->file->data;

    if (elf->file->size < sizeof *header)
        return load_fail(elf->error, "%u bytes cannot hold an ELF header (%u)",
                         elf->file->size, (unsigned)sizeof *header);
    if (!check_ident(elf, header))
        return false;
    if (header->e_type != ELF_TYPE_REL)
        return REFUSE_FIELD(elf, header, e_type, "not 1 (relocatable object)");
    if (header->e_machine != ELF_MACHINE_386)
        return REFUSE_FIELD(elf, header, e_machine, "not 3 (Intel 80386)");
    if (header->e_version != ELF_VERSION)
        return REFUSE_FIELD(elf, header, e_version, "not 1");
    if (header->e_ehsize != sizeof *header)
        return REFUSE_FIELD(elf, header, e_ehsize, "not 52");
    // A core dump or a shared object has them; `ld -r` never writes any.
    if (header->e_phnum)
        return REFUSE_FIELD(elf, header, e_phnum,
                            "an object has no program headers");
    if (header->e_shentsize != sizeof(struct elf_section))
        return REFUSE_FIELD(elf, header, e_shentsize, "not 40");
    // 0xff00 and up would mean that the true count is in section 0.
    if (header->e_shnum < 2 || header->e_shnum >= SHN_RESERVED)
        return REFUSE_FIELD(elf, header, e_shnum, "not in 2..0xfeff");
    if (!table_inside(header->e_shoff, header->e_shnum,
                      sizeof(struct elf_section), elf->file->size))
        return REFUSE_FIELD(elf, header, e_shoff,
                            "the section table ends past the file");
    // 0 would mean that sections have no names. Section 0 is no string
    // table, so that it is refused below.
    if (header->e_shstrndx >= header->e_shnum)
        return REFUSE_FIELD(elf, header, e_shstrndx, "no such section");
    elf->section = (const void *)(elf->file->data + header->e_shoff);
    elf->sections = header->e_shnum;
    if (elf->section[header->e_shstrndx].sh_type != SHT_STRTAB)
        return REFUSE_FIELD(elf, header, e_shstrndx, "not a string table");
    return true;
}

// A section that becomes part of the image.
static bool check_loaded(struct elf *elf, const struct elf_section *section)
{
    if ((section->sh_flags & SHF_WRITE) && (section->sh_flags & SHF_EXEC))
        return REFUSE_FIELD(elf, section, sh_flags,
                            "both writable and executable");
    if (section->sh_flags & SHF_TLS)
        return REFUSE_FIELD(elf, section, sh_flags,
                            "thread-local storage is not offered");
    // More than a page cannot be kept: the base of an image is a page. And
    // rounding with something that is no power of two is no rounding.
    if (section->sh_addralign > PAGE_SIZE ||
        (section->sh_addralign && !power_of_two(section->sh_addralign)))
        return REFUSE_FIELD(elf, section, sh_addralign,
                            "not a power of two up to 4096");
    // For NOBITS the file's size is no bound: this is the only one.
    if (section->sh_size > IMAGE_MAX)
        return REFUSE_FIELD(elf, section, sh_size, "more than 32 MiB");
    return true;
}

// A table of entries of one size.
static bool check_table(struct elf *elf, const struct elf_section *section,
                        uint32_t entry)
{
    // GRUB walks a table in steps of sh_entsize. 0 is a long walk.
    if (section->sh_entsize != entry)
        return REFUSE_FIELD(elf, section, sh_entsize,
                            "not the size of an entry");
    if (section->sh_size % entry)
        return REFUSE_FIELD(elf, section, sh_size,
                            "not a whole number of entries");
    if (section->sh_link >= elf->sections)
        return REFUSE_FIELD(elf, section, sh_link, "no such section");
    return true;
}

// Honest tables do not overlap, so together they fit in the file. Without
// this, 60000 headers that share one table of a megabyte are hours of work
// in a file of three.
static bool check_relocations(struct elf *elf,
                              const struct elf_section *section)
{
    if (!check_table(elf, section, sizeof(struct elf_rel)))
        return false;
    if (section->sh_size > elf->file->size - elf->rel_size)
        return REFUSE_FIELD(elf, section, sh_size,
                            "the relocation tables together are larger "
                            "than the file");
    elf->rel_size += section->sh_size;
    return true;
}

// After this function the section's bytes may be read, if elf_has_bytes.
static bool check_section(struct elf *elf, const struct elf_section *section)
{
    const uint8_t *bytes = elf->file->data;

    if (section->sh_type == SHT_NULL)
        return true;
    if (elf_has_bytes(section) &&
        !range_inside(section->sh_offset, section->sh_size, elf->file->size))
        return REFUSE_FIELD(elf, section, sh_offset,
                            "the section ends past the file");
    if ((section->sh_flags & SHF_ALLOC) && !check_loaded(elf, section))
        return false;
    switch (section->sh_type) {
    case SHT_STRTAB:
        // With a NUL at the end, every offset inside is a whole string.
        // An empty table ends with no NUL, either; the byte before it, which
        // sh_size - 1 would reach, is somebody else's.
        if (section->sh_size == 0 ||
            bytes[section->sh_offset + section->sh_size - 1] != '\0')
            return REFUSE_FIELD(elf, section, sh_size,
                                "the string table does not end with NUL");
        return true;
    case SHT_SYMTAB:
        return check_table(elf, section, sizeof(struct elf_symbol));
    case SHT_REL:
        return check_relocations(elf, section);
        // An addend in the entry instead of in the word. Adding both, or
        // the wrong one, would be a file that loads and does not work.
    case SHT_RELA:
        return REFUSE_FIELD(elf, section, sh_type,
                            "RELA is not in the i386 ABI");
    default: return true;
    }
}

// sh_name is an offset into the section names, whose end is a NUL: a start
// inside is enough for a whole string.
static uint32_t names_size(const struct elf *elf)
{
    const struct elf_header *header = (const void *)elf->file->data;

    return elf->section[header->e_shstrndx].sh_size;
}

const char *elf_section_name(const struct elf *elf, uint32_t index)
{
    const struct elf_header *header = (const void *)elf->file->data;
    const struct elf_section *names = &elf->section[header->e_shstrndx];

    return (const char *)elf->file->data + names->sh_offset +
           elf->section[index].sh_name;
}

const char *elf_symbol_name(const struct elf *elf, uint32_t index)
{
    uint32_t strings = elf->section[elf->symtab].sh_link;

    return (const char *)elf->file->data + elf->section[strings].sh_offset +
           elf->symbol[index].st_name;
}

const char *elf_find_bytes(const struct elf *elf, const char *name,
                           uint32_t *size)
{
    for (uint32_t i = 1; i < elf->sections; i++)
        if (elf_has_bytes(&elf->section[i]) &&
            strcmp(elf_section_name(elf, i), name) == 0) {
            *size = elf->section[i].sh_size;
            return (const char *)elf->file->data + elf->section[i].sh_offset;
        }
    return NULL;
}

// After this function the symbol's name may be read and its value lies in its
// section. The end of a section counts as inside: `extern char end[]`.
static bool check_symbol(struct elf *elf, const struct elf_symbol *symbol,
                         const struct elf_section *strings)
{
    const char *text = (const char *)elf->file->data + strings->sh_offset;
    uint32_t type = symbol->st_info & 15;

    if (symbol->st_name >= strings->sh_size)
        return REFUSE_FIELD(elf, symbol, st_name, "past the string table");
    if (!printable_name(text + symbol->st_name,
                        strings->sh_size - symbol->st_name))
        return REFUSE_FIELD(elf, symbol, st_name,
                            "not a name of up to 255 printable characters");
    if (type == STT_TLS || type == STT_IFUNC)
        return REFUSE_FIELD(elf, symbol, st_info,
                            "thread-local and indirect symbols not offered");
    // Which of the fields mean something depends on st_shndx.
    if (symbol->st_shndx == SHN_COMMON) {
        // st_value of a COMMON symbol is its alignment.
        if (!power_of_two(symbol->st_value) || symbol->st_value > PAGE_SIZE)
            return REFUSE_FIELD(elf, symbol, st_value,
                                "COMMON needs an alignment of 1 to 4096");
        if (symbol->st_size > IMAGE_MAX)
            return REFUSE_FIELD(elf, symbol, st_size, "more than 32 MiB");
        return true;
    }
    if (symbol->st_shndx == SHN_ABS || symbol->st_shndx == SHN_UNDEF)
        return true;
    if (symbol->st_shndx >= elf->sections)
        return REFUSE_FIELD(elf, symbol, st_shndx, "no such section");
    // For a section of type SHT_NULL the size means nothing, but then the
    // symbol has no address either, and only its name is ever used.
    if (symbol->st_value > elf->section[symbol->st_shndx].sh_size)
        return REFUSE_FIELD(elf, symbol, st_value, "past its section");
    return true;
}

static bool check_symbols(struct elf *elf)
{
    const struct elf_section *table = &elf->section[elf->symtab];
    const struct elf_section *strings = &elf->section[table->sh_link];

    if (strings->sh_type != SHT_STRTAB)
        return REFUSE_FIELD(elf, table, sh_link, "not a string table");
    elf->symbol = (const void *)(elf->file->data + table->sh_offset);
    elf->symbols = table->sh_size / sizeof(struct elf_symbol);
    // Symbol 0 is all zeros by definition and is never looked at.
    for (uint32_t i = 1; i < elf->symbols; i++)
        if (!check_symbol(elf, &elf->symbol[i], strings))
            return false;
    return true;
}

// Names are checked before contents, as a refusal may want to tell them. One
// symbol table is all that the format allows an object.
bool elf_check(struct elf *elf)
{
    if (!check_header(elf))
        return false;
    for (uint32_t i = 0; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        if (section->sh_name >= names_size(elf))
            return REFUSE_FIELD(elf, section, sh_name,
                                "past the section name table");
        if (!check_section(elf, section))
            return false;
        // A symbol index would not say which of them it is about.
        if (section->sh_type == SHT_SYMTAB && elf->symtab)
            return REFUSE_FIELD(elf, section, sh_type,
                                "a second symbol table");
        if (section->sh_type == SHT_SYMTAB)
            elf->symtab = i;
    }
    return !elf->symtab || check_symbols(elf);
}
