// SPDX-License-Identifier: MIT
// Loads files as the kernel does, prints what came of it, and writes the
// images as they lie in memory, for others to compare.
//
//   load_image [base=ADDRESS] [dump=FOLDER] [ask=NAME ...] FILE...
//
//   image zlib1.dll PE base 10000000 size 32000
//   family c, init 00000000, fini 00000000
//   part .text r-x 1000 17ee4
//   relocated HIGHLOW 786
//   export adler32 10001ac0
//   offer grub C 00000000, a name that was asked for and who has it
//
// All numbers are hexadecimal but counts. The first file is loaded, and what
// it needs of the others. Status 1 and a line "refused: ..." if it cannot be.
#include "kernel/string.h"
#include "smc/load/host/host.h"
#include "smc/load/image.h"
#include "smc/load/names.h"
#include "tests-host/host.h"
#include "tests-host/stand_in.h"
#include <stdio.h>

static struct load_options options;
static const char *folder;

static void print_image(const struct image *image)
{
    static const char *const rights[] = {
        [PART_CODE] = "r-x", [PART_READ_ONLY] = "r--", [PART_DATA] = "rw-"};
    static const char *const family[] = {[FAMILY_C] = "c",
                                         [FAMILY_GRUB] = "grub",
                                         [FAMILY_WINDOWS] = "windows"};

    printf("image %s %s base %08x size %x\n", image->name, image->format->name,
           (unsigned)(uintptr_t)image->base, image->size);
    printf("family %s, init %08x, fini %08x\n", family[image->family],
           image->init, image->fini);
    for (uint32_t i = 0; i < image->parts; i++)
        printf("part %s %s %x %x\n", image->part[i].name,
               rights[image->part[i].kind], image->part[i].offset,
               image->part[i].size);
    for (uint32_t type = 0; type < IMAGE_RELOC_TYPES; type++)
        if (image->relocations[type])
            printf("relocated %s %u\n", image->format->reloc_name(type),
                   image->relocations[type]);
    for (uint32_t i = 0; i < image->exports; i++)
        printf("export %s %08x\n", image_export_name(image, &image->export[i]),
               image->export[i].address);
}

static void dump(const struct image *image)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, image->name);
    file = fopen(path, "wb");
    if (!file || fwrite(image->base, image->size, 1, file) != 1 ||
        fclose(file))
        host_die("cannot write %s", path);
}

static void ask(const char *name)
{
    uint32_t hash = names_hash(name);

    printf("offer grub %s %08x\n", name, host_grub_symbol(name, hash));
    printf("offer c %s %08x\n", name, host_c_symbol(name, hash));
}

// A word KEY=VALUE, or false for the name of a file.
static bool is_option(const char *word)
{
    if (strncmp(word, "base=", 5) == 0) {
        if (!parse_u32(word + 5, &options.base))
            host_die("%s: not a number", word);
    } else if (strncmp(word, "dump=", 5) == 0) {
        folder = word + 5;
    } else if (strncmp(word, "ask=", 4) == 0) {
        ask(word + 4);
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct load_error error;
    const struct module *file;
    struct image *image;
    int words = 0;

    host_begin(argc, argv, "load a file: base=ADDRESS dump=FOLDER ask=NAME");
    while (words < host.file_count && is_option(host.files[words]))
        words++;
    if (words == host.file_count)
        host_die("name a file");
    stand_in_files(host.files + words, (size_t)(host.file_count - words));
    file = stand_in_file(0);
    if (!image_load_set(&file, 1, &options, &error)) {
        printf("refused: %s\n", error.text);
        return 1;
    }
    for (image = image_first(); image; image = image->next) {
        print_image(image);
        if (folder)
            dump(image);
    }
    while (image_first())
        if (!image_unload(image_first(), &error))
            host_die("%s", error.text);
    return !stand_in_same(stand_in_use(), (struct stand_in_use){0});
}
