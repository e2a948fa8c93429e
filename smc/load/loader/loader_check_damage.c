// SPDX-License-Identifier: MIT
// Real files cut short, and mutants of them.
//
// Of mutants like these glibc's ld.so crashes, hangs or resets on 22.7 %,
// Wine on 6.1 %, GRUB's own loader on 3.4 %. The goal here is 0. They are
// loaded and unloaded, never run: no loader can judge what code does.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/elf/elf_format.h"
#include "smc/load/loader/loader_check.h"
#include "smc/load/loader/walk.h"
#include "smc/load/open.h"
#include "smc/load/pe/pe_format.h"

#define MUTANTS 500

// The same sequence at every run: a failure can be repeated.
static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    // [Knuth, The Art of Computer Programming 2, 3.3.4]
    random_state = random_state * 1664525u + 1013904223u;
    // The high bits of such a generator are the better ones.
    return (random_state >> 8) % limit;
}

// Enough for the originals, which are known to be good.
static bool is_elf(const struct module *file)
{
    return file->data[0] == 0x7f;
}

// One byte short of a boundary is where a loader slips.
static void cut_at(struct trial *trial, uint32_t whole, uint32_t boundary)
{
    for (uint32_t len = boundary ? boundary - 1 : 0; len <= boundary; len++)
        // A module of no bytes cannot exist, one of all bytes is no cut.
        if (len >= 1 && len < whole) {
            trial->file.size = len;
            try_loading(trial);
        }
}

// Both ends of each section and each entry of the section table.
static void cut_elf(const struct module *file, struct trial *trial)
{
    const struct elf_header *header = (const void *)file->data;
    const struct elf_section *section = (const void *)(file->data +
                                                       header->e_shoff);

    cut_at(trial, file->size, sizeof *header);
    for (uint32_t i = 0; i < header->e_shnum; i++) {
        cut_at(trial, file->size, section[i].sh_offset);
        cut_at(trial, file->size, section[i].sh_offset + section[i].sh_size);
        cut_at(trial, file->size, header->e_shoff + i * sizeof *section);
    }
}

// Headers, entries of the section table, both ends of each section.
static void cut_pe(const struct module *file, struct trial *trial)
{
    const struct pe_header *header = walk_header(file);
    const uint8_t *table = (const uint8_t *)&header->Magic +
                           header->SizeOfOptionalHeader;
    const struct pe_section *section = (const void *)table;

    cut_at(trial, file->size, sizeof(struct dos_header));
    cut_at(trial, file->size,
           (uint32_t)((const uint8_t *)header - file->data));
    cut_at(trial, file->size,
           (uint32_t)((const uint8_t *)&header->Magic - file->data));
    for (uint32_t i = 0; i < header->NumberOfSections; i++, section++) {
        cut_at(trial, file->size,
               (uint32_t)((const uint8_t *)section - file->data));
        cut_at(trial, file->size, section->PointerToRawData);
        cut_at(trial, file->size,
               section->PointerToRawData + section->SizeOfRawData);
    }
}

// All files, damaged in many ways each; what they need is loaded meanwhile.
static enum check_result each_file(const char *name,
                                   void (*damage)(const struct module *file,
                                                  struct trial *trial))
{
    struct trial trial = {.loaded = 0};
    const struct image *opened, *needed;
    struct memory_mark before;
    const struct module *file;
    size_t index = 0;
    enum check_result result;

    if (!check_next_file(&index))
        return check_without("zlib1.dll or any .mod");
    opened = try_open_needed();
    needed = image_first();
    before = memory_mark();
    for (index = 0; (file = check_next_file(&index)) != NULL;) {
        damage(file, &trial);
        close_newer(needed); // what those that were good have needed
    }
    result = try_verdict(name, &trial, before);
    close_newer(opened);
    return result;
}

static void cut_file(const struct module *file, struct trial *trial)
{
    trial->file = *file;
    if (is_elf(file))
        cut_elf(file, trial);
    else
        cut_pe(file, trial);
    // And a hundred places that mean nothing in particular.
    for (uint32_t i = 1; i <= 100; i++)
        cut_at(trial, file->size, file->size / 101 * i);
}

// A cut in what no section uses is harmless: zlib1.dll ends with 14 bytes
// that hold the long name of a section, for debuggers.
enum check_result check_truncated(void)
{
    return each_file("truncations", cut_file);
}

// Where the tables of a file begin, behind its code.
static uint32_t tables_of(const struct module *file)
{
    const struct elf_header *header = (const void *)file->data;
    const struct elf_section *section;
    bool code;

    if (!is_elf(file))
        return walk_offset(
            file, walk_header(file)->Directory[DIR_EXPORT].VirtualAddress,
            &code);
    section = (const void *)(file->data + header->e_shoff);
    while (section->sh_type != SHT_SYMTAB)
        section++;
    return section->sh_offset;
}

static uint32_t headers_of(const struct module *file)
{
    return is_elf(file) ? sizeof(struct elf_header)
                        : walk_header(file)->SizeOfHeaders;
}

// A word of the headers or of the tables becomes a number that has sent
// loaders astray, or a random one.
static void mutate(uint8_t *copy, const struct module *file, uint32_t at)
{
    uint32_t word;

    memcpy(&word, file->data + at, sizeof word);
    switch (random_below(8)) {
    // 0 and -1 end loops or never end them; 2^31 is negative for the careless
    // and twice it is 0; one off is the fence-post; a small number is often
    // a valid offset, but of something else.
    case 0: word = 0; break;
    case 1: word = 0xffffffff; break;
    case 2: word = 0x80000000; break;
    case 3: word++; break;
    case 4: word--; break;
    case 5: word ^= 1u << random_below(32); break;
    case 6: word = random_below(file->size); break;
    default: word = random_below(1 << 24) * 257; break;
    }
    memcpy(copy + at, &word, sizeof word);
}

// One mutant in three has a bad header word, the others a bad word in the
// tables. A word is put back before the next one is changed.
static void mutate_file(const struct module *file, struct trial *trial)
{
    uint32_t tables, headers = headers_of(file), at;
    uint8_t *copy;

    // Below that a file has hardly any table to damage.
    if (file->size <= 2048)
        return;
    tables = tables_of(file);
    copy = try_copy_of(file, trial);
    for (uint32_t i = 0; copy && i < MUTANTS; i++) {
        at = random_below(3) == 0
                 ? random_below(headers)
                 : tables + random_below(file->size - tables - 4);
        mutate(copy, file, at);
        try_loading(trial);
        memcpy(copy + at, file->data + at, 4);
    }
    heap_free(copy);
}

enum check_result check_mutants(void)
{
    random_state = 1;
    return each_file("mutants", mutate_file);
}
