// SPDX-License-Identifier: MIT
// Where a file is damaged, and by which numbers. Most of a file is code and
// data, which no loader looks at: a mutant there says nothing. So a table is
// drawn first, whatever its size, and then a word in it.
#include "tests-host/mutate.h"
#include "kernel/string.h"
#include "smc/load/elf/elf_format.h"
#include "smc/load/pe/pe_format.h"
#include "tests-host/host.h"
#include <stdlib.h>

struct list {
    const struct module *file;
    struct mutate_range *range;
    unsigned count;
};

// What is too short for a word, or not in the file, is left out.
static void add(struct list *list, uint32_t offset, uint32_t size)
{
    uint32_t whole = list->file->size;

    if (size >= 4 && offset < whole && size <= whole - offset &&
        list->count < MUTATE_RANGES - 1)
        list->range[list->count++] = (struct mutate_range){offset, size};
}

// The tables of objects and shared objects lie in sections, too; program
// headers and the dynamic table of the latter besides.
static void add_elf(struct list *list)
{
    const struct elf_header *header = (const void *)list->file->data;
    const struct elf_section *section = (const void *)(list->file->data +
                                                       header->e_shoff);

    add(list, 0, sizeof *header);
    add(list, header->e_shoff, header->e_shnum * (uint32_t)sizeof *section);
    add(list, header->e_phoff, header->e_phnum * 32u);
    for (uint32_t i = 1; i < header->e_shnum; i++)
        if (section[i].sh_type != SHT_NOBITS &&
            !(section[i].sh_flags & SHF_EXEC))
            add(list, section[i].sh_offset, section[i].sh_size);
}

static void add_pe(struct list *list)
{
    const uint8_t *data = list->file->data;
    const struct dos_header *dos = (const void *)data;
    const struct pe_header *header = (const void *)(data + dos->e_lfanew);
    const struct pe_section *section =
        (const void *)((const uint8_t *)&header->Magic +
                       header->SizeOfOptionalHeader);

    add(list, 0, sizeof *dos);
    add(list, dos->e_lfanew, sizeof *header);
    add(list, (uint32_t)((const uint8_t *)section - data),
        header->NumberOfSections * (uint32_t)sizeof *section);
    for (uint32_t i = 0; i < header->NumberOfRvaAndSizes; i++) {
        struct pe_directory table = header->Directory[i];
        for (uint32_t k = 0; k < header->NumberOfSections; k++) {
            uint32_t at = table.VirtualAddress - section[k].VirtualAddress;
            if (at < section[k].SizeOfRawData)
                add(list, section[k].PointerToRawData + at, table.Size);
        }
    }
}

unsigned mutate_ranges(const struct module *file,
                       struct mutate_range ranges[MUTATE_RANGES])
{
    struct list list = {.file = file, .range = ranges};

    if (file->data[0] == 0x7f)
        add_elf(&list);
    else
        add_pe(&list);
    ranges[list.count++] = (struct mutate_range){0, file->size};
    return list.count;
}

// 0 and -1 end loops or never end them; 2^31 is negative for the careless,
// and twice it is 0; one off is the fence-post; a small number is often a
// valid offset, but of something else.
static uint32_t wrong(uint32_t word, uint32_t size)
{
    switch (host_random_below(8)) {
    case 0: return 0;
    case 1: return 0xffffffff;
    case 2: return 0x80000000;
    case 3: return word + 1;
    case 4: return word - 1;
    case 5: return word ^ 1u << host_random_below(32);
    case 6: return host_random_below(size);
    default: return host_random();
    }
}

// At a multiple of four from the table's beginning, as its fields are, but
// for one in eight.
static void change(uint8_t *bytes, uint32_t size,
                   const struct mutate_range *range)
{
    uint32_t at = host_random_below(range->size - 3), word;

    if (host_random_below(8))
        at &= ~3u;
    memcpy(&word, bytes + range->offset + at, sizeof word);
    word = wrong(word, size);
    memcpy(bytes + range->offset + at, &word, sizeof word);
}

uint8_t *mutate(const struct module *file, const struct mutate_range *ranges,
                unsigned count, uint32_t *size, enum mutation *what)
{
    uint32_t kind = host_random_below(16), words = 1;
    uint8_t *bytes;

    *what = kind < 13   ? MUTATION_WORD
            : kind < 15 ? MUTATION_WORDS
                        : MUTATION_CUT;
    *size = file->size;
    if (*what == MUTATION_CUT)
        *size = 1 + host_random_below(file->size - 1);
    bytes = malloc(*size);
    if (!bytes)
        host_die("no memory for %u bytes", *size);
    memcpy(bytes, file->data, *size);
    if (*what == MUTATION_CUT)
        return bytes;
    if (*what == MUTATION_WORDS)
        words = 2 + host_random_below(2);
    while (words--)
        change(bytes, *size, &ranges[host_random_below(count)]);
    return bytes;
}
