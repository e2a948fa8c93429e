// SPDX-License-Identifier: MIT
// An ELF object made by hand: the smallest file with every kind of symbol
// and relocation that the loader knows. It needs no boot module.
//
//   00  8b 44 24 04      mov 4(%esp), %eax     add(n) returns n + 1:
//   04  03 05 .. .. .. ..  add zero, %eax      R_386_32, a COMMON symbol
//   0a  b9 .. .. .. ..   mov $absent, %ecx     R_386_32, weak: becomes 0
//   0f  01 c8            add %ecx, %eax
//   11  e8 .. .. .. ..   call increment        R_386_PLT32, addend -4
//   16  c3               ret
//   17  40 c3            increment: inc %eax; ret
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/elf_format.h"
#include "smc/load/loader_check.h"

enum { S_NULL, S_TEXT, S_REL, S_SYMBOLS, S_STRINGS, SECTIONS };
enum { Y_NULL, Y_ADD, Y_ZERO, Y_ABSENT, Y_INCREMENT, SYMBOLS };

struct sample {
    struct elf_header header;
    uint8_t text[28];
    struct elf_rel rel[3];
    struct elf_symbol symbol[SYMBOLS];
    char strings[48];
    struct elf_section section[SECTIONS];
} __attribute__((packed));

#define AT(member) (uint32_t) offsetof(struct sample, member)
#define SIZE(member) (uint32_t)sizeof(((struct sample *)0)->member)

static const struct sample good = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', 1, 1, 1},
               .e_type = 1,
               .e_machine = 3,
               .e_version = 1,
               .e_shoff = AT(section),
               .e_ehsize = 52,
               .e_shentsize = 40,
               .e_shnum = SECTIONS,
               .e_shstrndx = S_STRINGS},
    .text = {0x8b, 0x44, 0x24, 0x04, 0x03, 0x05, 0,    0,    0,
             0,    0xb9, 0,    0,    0,    0,    0x01, 0xc8, 0xe8,
             0xfc, 0xff, 0xff, 0xff, 0xc3, 0x40, 0xc3},
    .rel = {{0x06, Y_ZERO << 8 | R_386_32},
            {0x0b, Y_ABSENT << 8 | R_386_32},
            {0x12, Y_INCREMENT << 8 | R_386_PLT32}},
    .symbol = {[Y_ADD] = {1, 0, 23, 0x12, 0, S_TEXT},
               [Y_ZERO] = {5, 4, 4, 0x11, 0, SHN_COMMON},
               [Y_ABSENT] = {10, 0, 0, 0x20, 0, SHN_UNDEF},
               [Y_INCREMENT] = {17, 0x17, 2, 0x02, 0, S_TEXT}},
    .strings = "\0add\0zero\0absent\0increment\0.text\0.other\0free",
    .section = {[S_TEXT] = {27, 1, SHF_ALLOC | SHF_EXEC, 0, AT(text),
                            SIZE(text), 0, 0, 16, 0},
                [S_REL] = {33, SHT_REL, 0, 0, AT(rel), SIZE(rel), S_SYMBOLS,
                           S_TEXT, 4, sizeof(struct elf_rel)},
                [S_SYMBOLS] = {33, SHT_SYMTAB, 0, 0, AT(symbol), SIZE(symbol),
                               S_STRINGS, 1, 4, sizeof(struct elf_symbol)},
                [S_STRINGS] = {33, SHT_STRTAB, 0, 0, AT(strings),
                               SIZE(strings), 0, 0, 1, 0}},
};

static struct image *load_sample(const struct sample *sample,
                                 struct load_error *error)
{
    struct module file = {"sample.o", "sample.o", (const uint8_t *)sample,
                          sizeof *sample};

    return image_load(&file, error);
}

enum check_result check_elf_sample(void)
{
    struct load_error error;
    struct image *image = load_sample(&good, &error);
    struct call call;
    bool ok;

    if (!image) {
        judged("%s", error.text);
        return CHECK_FAIL;
    }
    ok = call_symbol(&call, image, "add", 1, 41) && call.result == 42;
    judged("add(41) = %u, %u + %u relocations%s", call.result,
           image->relocations[RELOC_32], image->relocations[RELOC_PLT32],
           call.text);
    ok = ok && image->relocations[RELOC_32] == 2 &&
         image->relocations[RELOC_PLT32] == 1;
    return image_unload(image, &error) && ok ? CHECK_PASS : CHECK_FAIL;
}

// Passes if the sample is refused with these words in the reason.
static bool refused_with(const struct sample *sample, const char *words,
                         struct load_error *error)
{
    struct load_error ignored;
    struct image *image = load_sample(sample, error);

    if (image) {
        image_unload(image, &ignored);
        ksnprintf(error->text, sizeof error->text, "it was loaded");
        return false;
    }
    return check_says(error->text, words);
}

// The same object with one bit changed: the weak symbol is now a strong one.
enum check_result check_elf_strong(void)
{
    struct sample sample = good;
    struct load_error error;
    bool ok;

    sample.symbol[Y_ABSENT].st_info = 0x10;
    ok = refused_with(&sample, "absent", &error);
    judged("%s", error.text);
    return ok ? CHECK_PASS : CHECK_FAIL;
}

enum check_result check_elf_twice(void)
{
    struct sample sample = good;
    struct load_error error;
    bool ok;

    // Overlapping by one byte is as wrong as the same word.
    sample.rel[1].r_offset = sample.rel[0].r_offset + 3;
    ok = refused_with(&sample, "second time", &error);
    judged("%s", error.text);
    return ok ? CHECK_PASS : CHECK_FAIL;
}

// The call goes to free() now, which finds a return address where its
// argument should be: a pointer that no heap ever gave out.
enum check_result check_elf_free(void)
{
    struct sample sample = good;
    struct load_error error;
    struct image *image;
    struct call call;
    bool returned, ok;

    sample.symbol[Y_ABSENT].st_name = 40;
    sample.rel[2].r_info = Y_ABSENT << 8 | R_386_PLT32;
    image = load_sample(&sample, &error);
    if (!image) {
        judged("%s", error.text);
        return CHECK_FAIL;
    }
    returned = call_symbol(&call, image, "add", 1, 41);
    judged("%s", returned ? "it returned" : call.text);
    ok = !returned && check_says(call.text, "never given");
    return image_unload(image, &error) && ok ? CHECK_PASS : CHECK_FAIL;
}

struct bad_field {
    uint32_t offset;
    uint8_t size;
    uint32_t value;
    const char *words;
};

#define FIELD(member, value, words)            \
    {                                          \
        AT(member), SIZE(member), value, words \
    }

static const struct bad_field bad_fields[] = {
    FIELD(header.e_ident[4], 2, "EI_CLASS"),
    FIELD(header.e_ident[5], 2, "EI_DATA"),
    FIELD(header.e_ident[6], 0, "EI_VERSION"),
    FIELD(header.e_type, 2, "e_type"),
    FIELD(header.e_type, 3, "e_type"),
    FIELD(header.e_machine, 62, "e_machine"),
    FIELD(header.e_version, 2, "e_version"),
    FIELD(header.e_ehsize, 0, "e_ehsize"),
    FIELD(header.e_phnum, 1, "e_phnum"),
    FIELD(header.e_shentsize, 0, "e_shentsize"),
    FIELD(header.e_shnum, 0, "e_shnum"),
    FIELD(header.e_shnum, 0xffff, "e_shnum"),
    FIELD(header.e_shnum, 0xfeff, "e_shoff"),
    FIELD(header.e_shoff, 0xffffffd8, "e_shoff"),
    FIELD(header.e_shstrndx, SECTIONS, "e_shstrndx"),
    FIELD(header.e_shstrndx, S_TEXT, "e_shstrndx"),
    FIELD(section[S_TEXT].sh_name, 48, "sh_name"),
    FIELD(section[S_TEXT].sh_type, SHT_RELA, "sh_type"),
    FIELD(section[S_TEXT].sh_type, SHT_NOBITS, "sh_info"),
    FIELD(section[S_TEXT].sh_flags, 7, "sh_flags"),
    FIELD(section[S_TEXT].sh_flags, 0x402, "sh_flags"),
    FIELD(section[S_TEXT].sh_offset, 0xfffffff0, "sh_offset"),
    FIELD(section[S_TEXT].sh_size, 0xfffffff0, "sh_offset"),
    FIELD(section[S_TEXT].sh_size, 20, "st_value"),
    FIELD(section[S_TEXT].sh_addralign, 3, "sh_addralign"),
    FIELD(section[S_TEXT].sh_addralign, 0x80000000, "sh_addralign"),
    FIELD(section[S_REL].sh_entsize, 0, "sh_entsize"),
    FIELD(section[S_REL].sh_entsize, 12, "sh_entsize"),
    FIELD(section[S_REL].sh_size, 23, "sh_size"),
    FIELD(section[S_REL].sh_link, 9, "sh_link"),
    FIELD(section[S_REL].sh_link, S_TEXT, "sh_link"),
    FIELD(section[S_REL].sh_info, 0, "sh_info"),
    FIELD(section[S_REL].sh_info, SECTIONS, "sh_info"),
    FIELD(section[S_SYMBOLS].sh_link, S_TEXT, "sh_link"),
    FIELD(section[S_SYMBOLS].sh_entsize, 0, "sh_entsize"),
    FIELD(section[S_STRINGS].sh_size, 0, "sh_name"),
    FIELD(section[S_STRINGS].sh_size, 3, "sh_name"),
    FIELD(section[S_STRINGS].sh_size, 39, "sh_size"),
    FIELD(symbol[Y_ADD].st_name, 0xffffffff, "st_name"),
    FIELD(symbol[Y_ADD].st_value, 29, "st_value"),
    FIELD(symbol[Y_ADD].st_info, 0x16, "st_info"),
    FIELD(symbol[Y_ADD].st_shndx, SECTIONS, "st_shndx"),
    FIELD(symbol[Y_ADD].st_shndx, SHN_XINDEX, "st_shndx"),
    FIELD(symbol[Y_ZERO].st_value, 3, "st_value"),
    FIELD(symbol[Y_ZERO].st_size, 0xffffffff, "st_size"),
    FIELD(rel[0].r_offset, 25, "r_offset"),
    FIELD(rel[0].r_offset, 0xfffffffe, "r_offset"),
    FIELD(rel[0].r_info, SYMBOLS << 8 | R_386_32, "r_info"),
    FIELD(rel[0].r_info, Y_ZERO << 8 | 10, "R_386_GOTPC"),
    FIELD(rel[0].r_info, Y_ZERO << 8 | 255, "type 255"),
};

// The whole object is copied for each field: at 500 bytes that is cheap.
enum check_result check_elf_fields(void)
{
    const uint32_t count = sizeof bad_fields / sizeof bad_fields[0];
    struct memory_mark before = memory_mark();
    struct load_error error;
    uint32_t named = 0;

    for (uint32_t i = 0; i < count; i++) {
        const struct bad_field *bad = &bad_fields[i];
        struct sample sample = good;
        memcpy((uint8_t *)&sample + bad->offset, &bad->value, bad->size);
        if (refused_with(&sample, bad->words, &error))
            named++;
        else
            judged("%s = 0x%x: %s", bad->words, bad->value, error.text);
    }
    if (named == count && memory_same(before, memory_mark())) {
        judged("%u of %u, the last: %s", named, count, error.text);
        return CHECK_PASS;
    }
    return CHECK_FAIL;
}
