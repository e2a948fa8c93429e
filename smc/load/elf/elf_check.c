// SPDX-License-Identifier: MIT
// Is this an ELF object that can be loaded? Judges the header and the
// sections, field by field, before anything is allocated.
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
//   sh_link, sh_info    name sections that exist (sh_info: object_reloc.c)
//   st_name ...         elf_check_symbols.c
//   r_offset, r_info    are judged last: table by table in object_survey.c,
//                       and what that does not vouch for in object_reloc.c
#include "kernel/pages.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names_key.h"

bool elf_is(const struct module *file)
{
    return file->size >= 4 &&
           ((const struct word *)file->data)->value == ELF_MAGIC;
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

// Nothing that this looks at says where anything is.
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
    if (header->e_phentsize && header->e_phentsize != 32)
        return REFUSE_FIELD(elf, header, e_phentsize, "neither 0 nor 32");
    if (header->e_shentsize != sizeof(struct elf_section))
        return REFUSE_FIELD(elf, header, e_shentsize, "not 40");
    return true;
}

// The count and the index of the names are 16 bits wide. If they do not fit,
// unused fields of section 0 hold them. [gABI "Section header 0"]
//
//   e_shnum     0       the count is sh_size of section 0
//   e_shstrndx  ffff    the index is sh_link of section 0
static bool find_sections(struct elf *elf)
{
    const struct elf_header *header = (const void *)elf->file->data;
    const uint32_t entry = sizeof(struct elf_section);

    if (header->e_shnum == 1 || header->e_shnum >= SHN_RESERVED)
        return REFUSE_FIELD(elf, header, e_shnum, "not in 2..0xfeff, or 0");
    if (!table_inside(header->e_shoff, 1, entry, elf->file->size))
        return REFUSE_FIELD(elf, header, e_shoff,
                            "the section table ends past the file");
    elf->section = (const void *)(elf->file->data + header->e_shoff);
    elf->sections = header->e_shnum;
    if (!elf->sections && elf->section->sh_size < 2)
        return REFUSE_FIELD(elf, header, e_shnum,
                            "nor does section 0 hold a count in sh_size");
    if (!elf->sections)
        elf->sections = elf->section->sh_size;
    return table_inside(header->e_shoff, elf->sections, entry,
                        elf->file->size) ||
           REFUSE_FIELD(elf, header, e_shoff,
                        "the section table ends past the file");
}

// 0 would mean that sections have no names. Section 0 is no string table, so
// that it is refused here.
static bool find_names(struct elf *elf)
{
    const struct elf_header *header = (const void *)elf->file->data;
    uint32_t index = header->e_shstrndx;

    if (index == SHN_XINDEX)
        index = elf->section->sh_link;
    if (index >= elf->sections)
        return REFUSE_FIELD(elf, header, e_shstrndx, "no such section");
    elf->names = &elf->section[index];
    return elf->names->sh_type == SHT_STRTAB ||
           REFUSE_FIELD(elf, header, e_shstrndx, "not a string table");
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
    if (section->sh_flags & SHF_COMPRESSED)
        return REFUSE_FIELD(elf, section, sh_flags,
                            "compressed sections are not offered");
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

bool elf_check_table(struct elf *elf, const struct elf_section *section,
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
static bool check_listed(struct elf *elf, const struct elf_section *section)
{
    if (section->sh_size > elf->file->size - elf->listed)
        return REFUSE_FIELD(elf, section, sh_size,
                            "relocation tables and groups together are "
                            "larger than the file");
    elf->listed += section->sh_size;
    return true;
}

// A section whose type says what its bytes are.
static bool check_special(struct elf *elf, const struct elf_section *section)
{
    const char *bytes = elf_bytes(elf, section);

    switch (section->sh_type) {
    case SHT_STRTAB:
        // With a NUL at the end, every offset inside is a whole string.
        // An empty table ends with no NUL, either; the byte before it, which
        // sh_size - 1 would reach, is somebody else's.
        if (section->sh_size == 0 || bytes[section->sh_size - 1] != '\0')
            return REFUSE_FIELD(elf, section, sh_size,
                                "the string table does not end with NUL");
        return true;
    case SHT_SYMTAB:
        return elf_check_table(elf, section, sizeof(struct elf_symbol));
    case SHT_SYMTAB_SHNDX: elf->far_tables++; return true;
    case SHT_GROUP: elf->group_sections++; return check_listed(elf, section);
    case SHT_REL:
        return elf_check_table(elf, section, sizeof(struct elf_rel)) &&
               check_listed(elf, section);
        // An addend in the entry instead of in the word. Adding both, or
        // the wrong one, would be a file that loads and does not work.
    case SHT_RELA:
        return REFUSE_FIELD(elf, section, sh_type,
                            "RELA is not in the i386 ABI");
    case SHT_INIT_ARRAY:
    case SHT_FINI_ARRAY:
    case SHT_PREINIT_ARRAY:
        return section->sh_size % 4 == 0 ||
               REFUSE_FIELD(elf, section, sh_size,
                            "not a whole number of addresses");
    default: return true;
    }
}

// After this function the section's bytes may be read, if elf_has_bytes.
static bool check_section(struct elf *elf, const struct elf_section *section)
{
    if (section->sh_type == SHT_NULL)
        return true;
    if (elf_has_bytes(section) &&
        !range_inside(section->sh_offset, section->sh_size, elf->file->size))
        return REFUSE_FIELD(elf, section, sh_offset,
                            "the section ends past the file");
    if ((section->sh_flags & SHF_ALLOC) && !check_loaded(elf, section))
        return false;
    return section->sh_type <= SHT_PROGBITS ||
           section->sh_type == SHT_NOBITS || check_special(elf, section);
}

// sh_name is an offset into the section names, whose end is a NUL: a start
// inside is enough for a whole string.
const char *elf_section_name(const struct elf *elf, uint32_t index)
{
    return (const char *)elf_bytes(elf, elf->names) +
           elf->section[index].sh_name;
}

// GRUB's modules have sections with words of their own, ".modname" and
// ".moddeps".
static void find_grub(struct elf *elf)
{
    for (uint32_t i = elf->sections - 1; i > 0; i--) {
        const struct elf_section *section = &elf->section[i];
        const char *name = elf_section_name(elf, i);
        if (elf->names->sh_size - section->sh_name < sizeof ".modname" ||
            names_word(name) != names_word(".mod") || name[8] != '\0' ||
            !elf_has_bytes(section))
            continue;
        if (names_word(name + 4) == names_word("name"))
            elf->modname = i;
        else if (names_word(name + 4) == names_word("deps"))
            elf->moddeps = i;
    }
}

// Names are checked before contents, as a refusal may want to tell them. One
// symbol table is all that the format allows an object.
bool elf_check(struct elf *elf)
{
    if (!check_header(elf) || !find_sections(elf) || !find_names(elf))
        return false;
    // A table there would be one that nobody can name: 0 means none. A name
    // it may have, which then is one of those below.
    if (elf->section->sh_type != SHT_NULL)
        return REFUSE_FIELD(elf, elf->section, sh_type,
                            "section 0 is no section");
    for (uint32_t i = 0; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        if (section->sh_name >= elf->names->sh_size)
            return REFUSE_FIELD(elf, section, sh_name,
                                "past the section name table");
        if (!check_section(elf, section))
            return false;
        // A symbol index would not say which of them it is about.
        if (section->sh_type == SHT_SYMTAB && elf->symtab)
            return REFUSE_FIELD(elf, section, sh_type,
                                "a second symbol table");
        if (section->sh_type == SHT_SYMTAB) {
            elf->symtab = i;
            elf->symbols = section->sh_size / sizeof(struct elf_symbol);
        }
    }
    find_grub(elf);
    return true;
}
