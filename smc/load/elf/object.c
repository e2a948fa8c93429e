// SPDX-License-Identifier: MIT
// An ELF object from file to staged image: which section goes where.
//
// What becomes of gcry_crc.mod. Sections with the same rights are gathered;
// those without SHF_ALLOC are for linkers and debuggers and stay behind:
//
//   file                                   image
//   0000  ELF header
//   0034  .text            AX  ----------> 0000  code        r-x
//   0340  .rodata          A   ----------> 1000  read only   r--
//   2340  .rodata.str1.1   A   ----------> 3000
//   2360  .data            WA  ----------> 4000  data        rw-
//   2410  .module_license  WA  ----------> 40b0
//   241f  .bss (NOBITS)    WA  ----------> 40bf  not in the file: zeros
//   241f  .moddeps         -               read, then forgotten
//   2430  .symtab .strtab  -               read, then forgotten
//   257c  .rel.text        -               says what to change at 0000
//   262c  .rel.data        -               says what to change at 4000
//   2714  section headers                  read first: they come last
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names_key.h"

// Rights come from two flags. Both at once were refused by elf_check.
static enum part_kind kind_of(const struct elf_section *section)
{
    if (section->sh_flags & SHF_EXEC)
        return PART_CODE;
    return section->sh_flags & SHF_WRITE ? PART_DATA : PART_READ_ONLY;
}

// An unused header may have SHF_ALLOC set: it means nothing there.
static bool is_loaded(const struct elf *elf, uint32_t index)
{
    return (elf->section[index].sh_flags & SHF_ALLOC) &&
           elf->section[index].sh_type != SHT_NULL &&
           elf->place[index] != ELF_DROPPED;
}

bool elf_take(uint32_t *end, uint32_t size, uint32_t align, uint32_t *at)
{
    // `*end` never passes IMAGE_MAX by more than one section, so that the
    // additions cannot wrap.
    *at = align > 1 ? (*end + align - 1) & ~(align - 1) : *end;
    *end = *at + size;
    return *end <= IMAGE_MAX;
}

// Sections keep the order of the file. An empty section gets a place too:
// symbols may be defined in it. COMMON is for variables: always writable,
// always zero at first.
static bool place_all(struct elf *elf, uint32_t end[])
{
    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        if (is_loaded(elf, i) &&
            !elf_take(&end[kind_of(section)], section->sh_size,
                      section->sh_addralign, &elf->place[i]))
            return REFUSE_FIELD(elf, section, sh_size,
                                "with it the sections need more than 32 MiB");
    }
    if (!elf_take(&end[PART_READ_ONLY], elf->slots * 4, 4, &elf->got))
        return load_fail(elf->error,
                         "with a GOT of %u words, it needs more "
                         "than 32 MiB",
                         elf->slots);
    return elf_place_common(elf, &end[PART_DATA]);
}

// The kinds begin where the one before has its last page. The order of the
// enum is the order in memory: code comes first, so that an offset in a
// disassembly of .text is one in the image, too.
static uint32_t start_kinds(struct elf *elf, const uint32_t end[])
{
    uint32_t at = 0;

    for (int kind = PART_CODE; kind <= PART_DATA; kind++) {
        elf->start[kind] = at;
        at = PAGE_ALIGN_UP(at + end[kind]);
    }
    for (uint32_t i = 1; i < elf->sections; i++)
        if (elf->place[i] < ELF_DROPPED)
            elf->place[i] += elf->start[kind_of(&elf->section[i])];
    elf->got += elf->start[PART_READ_ONLY];
    return at;
}

// Between most sections there is nothing.
static void clear(uint8_t *from, const uint8_t *to)
{
    if (from != to)
        memset(from, 0, (size_t)(to - from));
}

// Fills every byte of every part: with a section's bytes, or with zeros where
// it has none, between sections, and where COMMON symbols are.
static void copy_sections(struct elf *elf, const uint32_t end[])
{
    uint8_t *stage = elf->image->stage;
    uint32_t done[3], kind;

    memcpy(done, elf->start, sizeof done);
    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        if (elf->place[i] >= ELF_DROPPED || !elf_has_bytes(section))
            continue;
        kind = kind_of(section);
        clear(stage + done[kind], stage + elf->place[i]);
        memcpy(stage + elf->place[i], elf_bytes(elf, section),
               section->sh_size);
        done[kind] = elf->place[i] + section->sh_size;
    }
    for (kind = PART_CODE; kind <= PART_DATA; kind++)
        clear(stage + done[kind], stage + elf->start[kind] + end[kind]);
}

// Each kind starts on a page of its own, because rights are per page. That is
// at most two pages more than the sections need.
static bool lay_out(struct elf *elf)
{
    static const char *const name[] = {".text", ".rodata", ".data"};
    uint32_t end[] = {0, 0, 0}, size;

    if (!place_all(elf, end))
        return false;
    size = start_kinds(elf, end);
    for (int kind = PART_CODE; kind <= PART_DATA; kind++)
        if (end[kind] &&
            !build_part(elf->in, name[kind], strlen(name[kind]),
                        (enum part_kind)kind, elf->start[kind], end[kind]))
            return false;
    // all_video.mod has no byte of its own: it only names what it needs.
    // It is an image of one page all the same, as an image has an address.
    if (size == 0)
        size = PAGE_SIZE;
    // Nothing is allocated before the size is known, and no size is believed
    // before it has been added up and compared with IMAGE_MAX.
    if (!build_in_place(elf->in, size))
        return false;
    copy_sections(elf, end);
    return true;
}

// A GRUB module names those it needs in .moddeps, one string after another.
// Two names may follow each other without anything in between but the NUL; the
// section's size, not an empty name, ends the list.
static bool name_needed(struct elf *elf)
{
    const struct elf_section *section = &elf->section[elf->moddeps];
    const char *at = elf_bytes(elf, section);
    uint32_t size = elf->moddeps ? section->sh_size : 0;

    while (size) {
        char name[40];
        uint32_t hash, len;
        bool good = names_scan(at, size, &hash);
        len = hash >> 24;
        if (!good || len > 32)
            return load_fail(
                elf->error,
                "a name in .moddeps at offset 0x%x is not a "
                "string of up to 32 printable characters",
                (uint32_t)((const uint8_t *)at - elf->file->data));
        memcpy(name, at, len);
        memcpy(name + len, ".mod", 5);
        // Even if no symbol leads there: the file has said that it depends
        // on it, and may reach it through a third one.
        if (!load_needs(elf->in, name))
            return false;
        at += len + 1;
        size -= len + 1;
    }
    return true;
}

// The arrays that say where things went, in one block. There is one address at
// least, so that nothing has 0 bytes.
static bool make_room(struct elf *elf)
{
    uint32_t words;

    elf->room = 1;
    while (elf->room < elf->symbols)
        elf->room *= 2;
    words = 3 * elf->sections + elf->room + elf->symbols;

    elf->place = heap_alloc(words * sizeof(uint32_t));
    if (!elf->place)
        return load_fail(elf->error, "no memory for the section table");
    elf->reach = elf->place + elf->sections;
    elf->table = elf->reach + elf->sections;
    elf->address = elf->table + elf->sections;
    elf->hash = elf->address + elf->room;
    // All ones is ELF_NOWHERE, for places and reaches, and for symbols that do
    // not exist.
    memset(elf->place, 0xff, 2 * elf->sections * sizeof(uint32_t));
    memset(elf->address + elf->symbols, 0xff,
           (elf->room - elf->symbols) * sizeof(uint32_t));
    memset(elf->table, 0, elf->sections * sizeof(uint32_t));
    return true;
}

// GRUB builds with -mregparm=3: three arguments travel in registers. Its
// modules are known by the section that holds their name.
static void find_family(struct elf *elf)
{
    if (elf->modname) {
        elf->image->family = FAMILY_GRUB;
        elf->image->register_args = 3;
    }
}

static bool object_lay_out(struct loading *in)
{
    struct elf *elf = heap_zalloc(1, sizeof *elf);

    in->work = elf;
    if (!elf)
        return load_fail(in->error, "no memory to read the file");
    elf->in = in;
    elf->file = in->file;
    elf->image = in->image;
    elf->error = in->error;
    if (!elf_check(elf) || !make_room(elf) || !elf_check_symbols(elf) ||
        !elf_drop_groups(elf) || !elf_survey(elf))
        return false;
    find_family(elf);
    return lay_out(elf) && name_needed(elf) && elf_define(elf) &&
           elf_find_life(elf);
}

// All symbols before all relocations: a relocation may name a symbol that
// comes later, or one of another section.
static bool object_link(struct loading *in)
{
    struct elf *elf = in->work;

    if (!elf_resolve(elf))
        return false;
    // Without an address nothing can be relocated; the set will say so.
    if (elf->error->missing)
        return true;
    elf_fill_slots(elf);
    return elf_relocate(elf);
}

// The tables live only while loading: afterwards the image knows its exports
// by address.
static void object_drop(struct loading *in)
{
    struct elf *elf = in->work;

    if (!elf)
        return;
    heap_free(elf->place);
    heap_free(elf->slot);
    heap_free(elf->group);
    heap_free(elf);
    in->work = NULL;
}

static void object_forget(struct image *image)
{
    heap_free(image->detail);
}

const struct image_format elf_object_format = {
    .name = "ELF",
    .is = elf_is,
    .lay_out = object_lay_out,
    .link = object_link,
    .drop = object_drop,
    .start = elf_start,
    .stop = elf_stop,
    .forget = object_forget,
    .reloc_name = elf_reloc_name,
};
