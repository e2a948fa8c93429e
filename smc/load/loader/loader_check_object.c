// SPDX-License-Identifier: MIT
// The object made by hand with one field at a time set to a bad value, or a
// few that are only bad together. The refusal must name the field.
#include "kernel/string.h"
#include "smc/load/loader/loader_sample.h"

struct bad_field {
    uint32_t offset;
    uint8_t size;
    uint32_t value;
    const char *words; // what the refusal must say
};

#define FIELD(member, value, words)                          \
    {                                                        \
        SAMPLE_AT(member), SAMPLE_SIZE(member), value, words \
    }

// One change of several that make one case: it has no words of its own.
#define AND(member, value) FIELD(member, value, NULL)

// In the order of the file. Where a bad value makes another field wrong, the
// words name that one: whoever is checked first. A size of 20 for .text, for
// one, is a good size, but then a symbol lies behind the end.
static const struct bad_field bad_fields[] = {
    FIELD(header.e_ident[4], 2, "EI_CLASS"),
    FIELD(header.e_ident[5], 2, "EI_DATA"),
    FIELD(header.e_ident[6], 0, "EI_VERSION"),
    FIELD(header.e_type, 2, "e_type"),
    FIELD(header.e_machine, 62, "e_machine"),
    FIELD(header.e_version, 2, "e_version"),
    FIELD(header.e_ehsize, 0, "e_ehsize"),
    FIELD(header.e_phnum, 1, "e_phnum"),
    FIELD(header.e_phentsize, 40, "e_phentsize"),
    FIELD(header.e_shentsize, 0, "e_shentsize"),
    FIELD(header.e_shentsize, 41, "e_shentsize"),
    FIELD(header.e_shnum, 0, "e_shnum"),
    FIELD(header.e_shnum, 1, "e_shnum"),
    FIELD(header.e_shnum, 0xffff, "e_shnum"),
    FIELD(header.e_shnum, 0xfeff, "e_shoff"),
    FIELD(header.e_shoff, 0xffffffd8, "e_shoff"),
    FIELD(header.e_shstrndx, SECTIONS, "e_shstrndx"),
    FIELD(header.e_shstrndx, S_TEXT, "e_shstrndx"),
    // Section 0 holds numbers that are too large for the header, and no table.
    FIELD(section[S_NULL].sh_type, SHT_SYMTAB, "section 0 is no section"),
    FIELD(section[S_TEXT].sh_name, SAMPLE_SIZE(strings), "sh_name"),
    FIELD(section[S_TEXT].sh_type, SHT_RELA, "sh_type"),
    FIELD(section[S_TEXT].sh_type, SHT_NOBITS, "sh_info"),
    FIELD(section[S_TEXT].sh_flags, 7, "sh_flags"),
    FIELD(section[S_TEXT].sh_flags, 0x402, "sh_flags"),
    FIELD(section[S_TEXT].sh_flags, 0x802, "sh_flags"),
    FIELD(section[S_TEXT].sh_offset, 0xfffffff0, "sh_offset"),
    FIELD(section[S_TEXT].sh_size, 0xfffffff0, "sh_offset"),
    FIELD(section[S_TEXT].sh_size, 20, "st_value"),
    FIELD(section[S_TEXT].sh_addralign, 0, SAMPLE_LOADED),
    FIELD(section[S_TEXT].sh_addralign, 3, "sh_addralign"),
    FIELD(section[S_TEXT].sh_addralign, 0x2000, "sh_addralign"),
    FIELD(section[S_TEXT].sh_addralign, 0x80000000, "sh_addralign"),
    FIELD(section[S_REL].sh_entsize, 0, "sh_entsize"),
    FIELD(section[S_REL].sh_entsize, 12, "sh_entsize"),
    FIELD(section[S_REL].sh_size, 23, "sh_size"),
    FIELD(section[S_REL].sh_link, 9, "sh_link"),
    FIELD(section[S_REL].sh_link, S_TEXT, "sh_link"),
    FIELD(section[S_REL].sh_info, 0, "sh_info"),
    FIELD(section[S_REL].sh_info, SECTIONS, "sh_info"),
    FIELD(section[S_REL].sh_info, S_REL, "sh_info"),
    FIELD(section[S_REL].sh_info, S_SYMBOLS, "sh_info"),
    FIELD(section[S_SYMBOLS].sh_link, S_TEXT, "sh_link"),
    FIELD(section[S_SYMBOLS].sh_link, SECTIONS, "sh_link"),
    FIELD(section[S_SYMBOLS].sh_entsize, 0, "sh_entsize"),
    FIELD(section[S_STRINGS].sh_size, 0, "sh_name"),
    FIELD(section[S_STRINGS].sh_size, 3, "sh_name"),
    FIELD(section[S_STRINGS].sh_size, 39, "sh_size"),
    FIELD(symbol[Y_ADD].st_name, 0xffffffff, "st_name"),
    FIELD(symbol[Y_ADD].st_value, 29, "st_value"),
    FIELD(symbol[Y_ADD].st_info, 0x16, "st_info"),
    FIELD(symbol[Y_ADD].st_shndx, SECTIONS, "st_shndx"),
    FIELD(symbol[Y_ADD].st_shndx, SHN_XINDEX, "no table of large"),
    // Nothing is too high for a value that is no address in the image.
    AND(symbol[Y_INCREMENT].st_value, 0xffffffff),
    FIELD(symbol[Y_INCREMENT].st_shndx, SHN_ABS, SAMPLE_LOADED),
    FIELD(symbol[Y_ZERO].st_value, 3, "st_value"),
    FIELD(symbol[Y_ZERO].st_size, 0xffffffff, "st_size"),
    FIELD(rel[0].r_offset, 25, "r_offset"),
    FIELD(rel[0].r_offset, 0xfffffffe, "r_offset"),
    FIELD(rel[0].r_info, SYMBOLS << 8 | R_386_32, "r_info"),
    FIELD(rel[0].r_info, SYMBOLS << 8 | R_386_GOT32, "no such symbol"),
    // In order, so that only the end of the last word tells; and the first
    // number past the power of two for which there is room.
    FIELD(rel[2].r_offset, SAMPLE_SIZE(text) - 3, "r_offset"),
    FIELD(rel[2].r_offset, 0x7ffffffe, "r_offset"),
    // From below 2^31 to above 2^32 - 4 and, by way of 2^32, back into the
    // section; and just to 2^31 and back.
    AND(rel[0].r_offset, 0x7ffffff9),
    AND(rel[1].r_offset, 0xfffffffc),
    FIELD(rel[2].r_offset, 0x12, "r_offset at offset"),
    AND(rel[1].r_offset, 0x7fffffff),
    FIELD(rel[2].r_offset, 0x00, "r_offset at offset"),
    FIELD(rel[2].r_info, 8 << 8 | R_386_PC32, "r_info"),
    FIELD(rel[2].r_info, 0xffffffu << 8 | R_386_PC32, "r_info"),
    // Type 0 is no relocation, wherever it is and whatever it names.
    AND(rel[0].r_offset, 0xfffffffe),
    FIELD(rel[0].r_info, SYMBOLS << 8 | R_386_NONE, SAMPLE_LOADED),
    FIELD(rel[0].r_info, Y_ZERO << 8 | 5, "R_386_COPY"),
    FIELD(rel[0].r_info, Y_ZERO << 8 | 15, "R_386_TLS_IE"),
    FIELD(rel[0].r_info, Y_ZERO << 8 | 42, "R_386_IRELATIVE"),
    FIELD(rel[0].r_info, Y_ZERO << 8 | 255, "type 255"),
    // Places of one and two bytes: too far back, and too small.
    FIELD(rel[0].r_info, Y_ZERO << 8 | R_386_16, "not fit in 16 bits"),
    FIELD(rel[0].r_info, Y_ZERO << 8 | R_386_8, "not fit in 8 bits"),
    FIELD(rel[0].r_info, Y_ABSENT << 8 | R_386_PC16, "not fit in 16 bits"),
    FIELD(rel[0].r_info, Y_ABSENT << 8 | R_386_PC8, "not fit in 8 bits"),
    AND(rel[0].r_info, Y_ABSENT << 8 | R_386_8),
    FIELD(rel[0].r_offset, SAMPLE_SIZE(text), "r_offset"),
    AND(rel[0].r_info, Y_ABSENT << 8 | R_386_16),
    FIELD(rel[0].r_offset, SAMPLE_SIZE(text) - 1, "r_offset"),
    // Places that do not ascend, and one of them twice.
    AND(rel[0].r_offset, 0x0b),
    FIELD(rel[1].r_offset, 0x06, SAMPLE_LOADED),
    AND(rel[0].r_offset, 0x12),
    AND(rel[1].r_offset, 0x0b),
    FIELD(rel[2].r_offset, 0x0b, "second time"),
    AND(rel[0].r_offset, 0x12),
    AND(rel[1].r_offset, 0x0b),
    FIELD(rel[2].r_offset, 0x12, "second time"),
    // A size that the kernel does not know; one that is 0, as nobody has it.
    AND(symbol[Y_ABSENT].st_name, NAME_FREE),
    FIELD(rel[0].r_info, Y_ABSENT << 8 | R_386_SIZE32, "knows no size"),
    FIELD(rel[0].r_info, Y_ABSENT << 8 | R_386_SIZE32, SAMPLE_LOADED),
    // Numbers that 16 bits cannot hold.
    AND(header.e_shnum, 0),
    FIELD(section[S_NULL].sh_size, SECTIONS, SAMPLE_LOADED),
    AND(header.e_shnum, 0),
    FIELD(section[S_NULL].sh_size, 0x6666667, "e_shoff"),
    AND(header.e_shstrndx, SHN_XINDEX),
    FIELD(section[S_NULL].sh_link, S_STRINGS, SAMPLE_LOADED),
    AND(header.e_shstrndx, SHN_XINDEX),
    FIELD(section[S_NULL].sh_link, SECTIONS, "e_shstrndx"),
    AND(symbol[Y_ADD].st_shndx, SHN_XINDEX),
    AND(section[S_SPARE].sh_type, SHT_SYMTAB_SHNDX),
    AND(section[S_SPARE].sh_entsize, 4),
    AND(section[S_SPARE].sh_size, 4 * SYMBOLS),
    FIELD(section[S_SPARE].sh_link, S_TEXT, "sh_link"),
    AND(symbol[Y_ADD].st_shndx, SHN_XINDEX),
    AND(section[S_SPARE].sh_type, SHT_SYMTAB_SHNDX),
    AND(section[S_SPARE].sh_entsize, 4),
    AND(section[S_SPARE].sh_link, S_SYMBOLS),
    FIELD(section[S_SPARE].sh_size, 4 * SYMBOLS - 4, "fewer entries"),
    AND(symbol[Y_ADD].st_shndx, SHN_XINDEX),
    AND(section[S_SPARE].sh_type, SHT_SYMTAB_SHNDX),
    AND(section[S_SPARE].sh_entsize, 4),
    AND(section[S_SPARE].sh_link, S_SYMBOLS),
    // The text stands where the numbers should be: the second one is 44c1.
    AND(section[S_SPARE].sh_offset, SAMPLE_AT(text)),
    FIELD(section[S_SPARE].sh_size, 4 * SYMBOLS, "no such section"),
    // Groups: no whole word, the wrong table, no such symbol or member.
    AND(section[S_SPARE].sh_type, SHT_GROUP),
    FIELD(section[S_SPARE].sh_size, 6, "sh_size"),
    AND(section[S_SPARE].sh_type, SHT_GROUP),
    FIELD(section[S_SPARE].sh_size, 4, "sh_link"),
    AND(section[S_SPARE].sh_type, SHT_GROUP),
    AND(section[S_SPARE].sh_size, 4),
    AND(section[S_SPARE].sh_link, S_SYMBOLS),
    FIELD(section[S_SPARE].sh_info, SYMBOLS, "sh_info"),
    AND(section[S_SPARE].sh_type, SHT_GROUP),
    AND(section[S_SPARE].sh_size, 8),
    AND(section[S_SPARE].sh_link, S_SYMBOLS),
    AND(section[S_SPARE].sh_offset, SAMPLE_AT(text)),
    FIELD(section[S_SPARE].sh_info, Y_ADD, "group member"),
    // A string table of no bytes, where not even a NUL can be.
    FIELD(section[S_SPARE].sh_type, SHT_STRTAB, "sh_size"),
    // Sections without bytes, which no file is too small for.
    AND(section[S_SPARE].sh_type, SHT_NOBITS),
    AND(section[S_SPARE].sh_flags, SHF_ALLOC | SHF_WRITE),
    FIELD(section[S_SPARE].sh_size, IMAGE_MAX + 1, "sh_size"),
    AND(section[S_SPARE].sh_type, SHT_NOBITS),
    AND(section[S_SPARE].sh_flags, SHF_ALLOC | SHF_WRITE),
    FIELD(section[S_SPARE].sh_size, 0xffffffff, "sh_size"),
    // Not too large by itself, but with the code before it; or with `zero`.
    AND(section[S_SPARE].sh_type, SHT_NOBITS),
    AND(section[S_SPARE].sh_flags, SHF_ALLOC | SHF_EXEC),
    FIELD(section[S_SPARE].sh_size, IMAGE_MAX - 27, "sh_size"),
    AND(section[S_SPARE].sh_type, SHT_NOBITS),
    AND(section[S_SPARE].sh_flags, SHF_ALLOC | SHF_WRITE),
    FIELD(section[S_SPARE].sh_size, IMAGE_MAX, "st_size"),
    // What describes other sections is not loaded, so that its relocations
    // are not carried out, wherever they lead. But code cannot point there.
    AND(section[S_SPARE].sh_type, SHT_PROGBITS),
    AND(rel[0].r_offset, 0xfffffffe),
    FIELD(section[S_REL].sh_info, S_SPARE, SAMPLE_LOADED),
    AND(section[S_SPARE].sh_type, SHT_PROGBITS),
    FIELD(symbol[Y_ADD].st_shndx, S_SPARE, SAMPLE_LOADED),
    AND(section[S_SPARE].sh_type, SHT_PROGBITS),
    AND(symbol[Y_INCREMENT].st_value, 0),
    FIELD(symbol[Y_INCREMENT].st_shndx, S_SPARE, "r_info"),
    // Functions to call, and three bytes of another.
    AND(section[S_SPARE].sh_type, SHT_INIT_ARRAY),
    FIELD(section[S_SPARE].sh_size, 3, "sh_size"),
    FIELD(strings[NAME_ADD], 0x1b, "st_name"),
    // A header without a type says nothing, however wild the rest of it is.
    AND(section[S_SPARE].sh_name, NAME_MODDEPS),
    AND(section[S_SPARE].sh_size, 0x1000),
    FIELD(section[S_SPARE].sh_offset, 0x20000000, SAMPLE_LOADED),
    // The names of what is needed are printed.
    AND(section[S_SPARE].sh_name, NAME_MODDEPS),
    AND(section[S_SPARE].sh_type, SHT_PROGBITS),
    AND(section[S_SPARE].sh_size, 4),
    FIELD(section[S_SPARE].sh_offset, SAMPLE_AT(rel), "a name in .moddeps"),
    // Two tables for one section; two that are larger than the file.
    AND(section[S_SPARE].sh_type, SHT_REL),
    AND(section[S_SPARE].sh_link, S_SYMBOLS),
    AND(section[S_SPARE].sh_entsize, sizeof(struct elf_rel)),
    FIELD(section[S_SPARE].sh_info, S_TEXT, "a second relocation table"),
    AND(section[S_SPARE].sh_type, SHT_REL),
    AND(section[S_SPARE].sh_entsize, sizeof(struct elf_rel)),
    FIELD(section[S_SPARE].sh_size, sizeof(struct sample) & ~7u,
          "together are larger"),
};

// Applies the changes of the case at *index and moves on to the next case.
static const struct bad_field *spoil(struct sample *sample, uint32_t *index)
{
    const struct bad_field *bad;

    *sample = sample_good;
    do {
        bad = &bad_fields[(*index)++];
        // Little-endian: the low bytes are the value of a smaller field.
        memcpy((uint8_t *)sample + bad->offset, &bad->value, bad->size);
    } while (!bad->words);
    return bad;
}

// A refusal says which field, and also where that is.
static bool names_place(const char *text)
{
    return check_says(text, "offset 0x") || strcmp(text, SAMPLE_LOADED) == 0;
}

// The whole object is copied for each case: at 700 bytes that is cheap.
enum check_result check_elf_fields(void)
{
    const uint32_t count = sizeof bad_fields / sizeof bad_fields[0];
    struct memory_mark before = memory_mark();
    uint32_t cases = 0, named = 0;
    struct load_error error;
    struct sample sample;

    for (uint32_t i = 0; i < count; cases++) {
        const struct bad_field *bad = spoil(&sample, &i);
        if (sample_refused(&sample, bad->words, &error) &&
            names_place(error.text))
            named++;
        else
            judged("%s = 0x%x: %s", bad->words, bad->value, error.text);
    }
    if (named == cases && memory_same(before, memory_mark())) {
        judged("%u of %u, the last: %s", named, cases, error.text);
        return CHECK_PASS;
    }
    return CHECK_FAIL;
}
