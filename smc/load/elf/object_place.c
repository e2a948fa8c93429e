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
#include "kernel/pages.h"
#include "kernel/wide.h"
#include "smc/load/elf/elf.h"

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
static bool place_all(struct elf *elf)
{
    struct room_need *need = &elf->need;

    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        enum part_kind kind;
        if (!is_loaded(elf, i))
            continue;
        kind = kind_of(section);
        if (section->sh_addralign > need->align[kind])
            need->align[kind] = section->sh_addralign;
        if (!elf_take(&need->bytes[kind], section->sh_size,
                      section->sh_addralign, &elf->place[i]))
            return REFUSE_FIELD(elf, section, sh_size,
                                "with it the sections need more than 32 MiB");
    }
    if (!elf->slots)
        return true;
    if (need->align[PART_READ_ONLY] < 4)
        need->align[PART_READ_ONLY] = 4;
    return elf_take(&need->bytes[PART_READ_ONLY], elf->slots * 4, 4,
                    &elf->got) ||
           load_fail(elf->error,
                     "with a GOT of %u words, it needs more "
                     "than 32 MiB",
                     elf->slots);
}

// How large COMMON symbols become depends on the files before this one, which
// are not that far yet: an object that has any gets pages of its own.
bool elf_ask_for_room(struct elf *elf)
{
    if (!place_all(elf))
        return false;
    if (!elf->commons)
        room_ask(elf->in, &elf->need);
    return true;
}

// On pages of its own each kind begins where the one before has its last page.
// The order of the enum is the order in memory: code comes first, so that an
// offset in a disassembly of .text is one in the image, too.
static bool take_own_pages(struct elf *elf)
{
    uint32_t at = 0;

    for (int kind = PART_CODE; kind <= PART_DATA; kind++) {
        elf->start[kind] = at;
        at = PAGE_ALIGN_UP(at + elf->need.bytes[kind]);
    }
    // all_video.mod has no byte of its own: it only names what it needs.
    // It is an image of one page all the same, as an image has an address.
    // Nothing is allocated before the size is known, and no size is believed
    // before it has been added up and compared with IMAGE_MAX.
    return build_in_place(elf->in, at ? at : PAGE_SIZE);
}

// Between most sections there is nothing.
static void clear(uint8_t *from, const uint8_t *to)
{
    if (from != to)
        clear_wide(from, (size_t)(to - from));
}

// Makes of each section's place among those of its kind one in the image.
// Fills every byte of every part: with a section's bytes, or with zeros where
// it has none, between sections, and where COMMON symbols are.
static void copy_sections(struct elf *elf)
{
    uint8_t *stage = elf->image->stage;
    uint32_t done[ROOM_KINDS], kind;

    for (kind = PART_CODE; kind <= PART_DATA; kind++)
        done[kind] = elf->start[kind];
    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        if (elf->place[i] >= ELF_DROPPED)
            continue;
        kind = kind_of(section);
        elf->place[i] += elf->start[kind];
        if (!elf_has_bytes(section))
            continue;
        clear(stage + done[kind], stage + elf->place[i]);
        copy_wide(stage + elf->place[i], elf_bytes(elf, section),
                  section->sh_size);
        done[kind] = elf->place[i] + section->sh_size;
    }
    for (kind = PART_CODE; kind <= PART_DATA; kind++)
        clear(stage + done[kind],
              stage + elf->start[kind] + elf->need.bytes[kind]);
}

// Each kind starts on a page of its own, because rights are per page. That is
// at most two pages more than the sections need.
bool elf_take_room(struct elf *elf)
{
    static const struct {
        const char *name;
        size_t len;
    } part[] = {{".text", 5}, {".rodata", 7}, {".data", 5}};
    const uint32_t *bytes = elf->need.bytes;

    if (!elf_place_common(elf, &elf->need.bytes[PART_DATA]) ||
        (!room_take(elf->in, &elf->need, elf->start) && !take_own_pages(elf)))
        return false;
    elf->got += elf->start[PART_READ_ONLY];
    for (int kind = PART_CODE; kind <= PART_DATA; kind++)
        if (bytes[kind] &&
            !build_part(elf->in, part[kind].name, part[kind].len,
                        (enum part_kind)kind, elf->start[kind], bytes[kind]))
            return false;
    copy_sections(elf);
    return true;
}
