// SPDX-License-Identifier: MIT
// The object of smc/load/loader/loader_sample.h, field by field.
//
// It is written out and not assembled, so that every byte of the format is in
// sight, and so that the checks need no file and no tool. The sections lie in
// the order of the structure; the table that describes them comes last, where
// assemblers put it as well.
#include "smc/load/loader/loader_sample.h"
#include "kernel/string.h"

const struct sample sample_good = {
    .header = {.e_ident = {0x7f, 'E', 'L', 'F', 1, 1, 1},
               .e_type = 1,
               .e_machine = 3,
               .e_version = 1,
               .e_shoff = SAMPLE_AT(section),
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
    .symbol = {[Y_ADD] = {NAME_ADD, 0, 23, 0x12, 0, S_TEXT},
               [Y_ZERO] = {NAME_ZERO, 4, 4, 0x11, 0, SHN_COMMON},
               [Y_ABSENT] = {NAME_ABSENT, 0, 0, 0x20, 0, SHN_UNDEF},
               [Y_INCREMENT] = {NAME_INCREMENT, 0x17, 2, 0x02, 0, S_TEXT}},
    .strings = "\0add\0zero\0absent\0increment\0.text\0.other\0free\0.moddeps"
               "\0grub_mod_init\0grub_mod_fini",
    .section = {[S_TEXT] = {NAME_TEXT, 1, SHF_ALLOC | SHF_EXEC, 0,
                            SAMPLE_AT(text), SAMPLE_SIZE(text), 0, 0, 16, 0},
                [S_REL] = {NAME_OTHER, SHT_REL, 0, 0, SAMPLE_AT(rel),
                           SAMPLE_SIZE(rel), S_SYMBOLS, S_TEXT, 4,
                           sizeof(struct elf_rel)},
                [S_SYMBOLS] = {NAME_OTHER, SHT_SYMTAB, 0, 0, SAMPLE_AT(symbol),
                               SAMPLE_SIZE(symbol), S_STRINGS, 1, 4,
                               sizeof(struct elf_symbol)},
                [S_STRINGS] = {NAME_OTHER, SHT_STRTAB, 0, 0,
                               SAMPLE_AT(strings), SAMPLE_SIZE(strings), 0, 0,
                               1, 0}},
};

struct module sample_file(const struct sample *sample)
{
    return (struct module){"sample.o", "sample.o", (const uint8_t *)sample,
                           sizeof *sample, 0};
}

struct image *sample_load(const struct sample *sample,
                          struct load_error *error)
{
    struct module file = sample_file(sample);

    return image_load(&file, error);
}

bool sample_refused(const struct sample *sample, const char *words,
                    struct load_error *error)
{
    struct load_error ignored;
    struct image *image = sample_load(sample, error);

    if (image) {
        image_unload(image, &ignored);
        ksnprintf(error->text, sizeof error->text, SAMPLE_LOADED);
    }
    return check_says(error->text, words);
}
