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
#include "smc/load/call.h"
#include "smc/load/elf/elf.h"

// Rights come from two flags. Both at once were refused by elf_check.
static enum part_kind kind_of(const struct elf_section *section)
{
    if (section->sh_flags & SHF_EXEC)
        return PART_CODE;
    return section->sh_flags & SHF_WRITE ? PART_DATA : PART_READ_ONLY;
}

// Gives out `size` bytes of the image. `*end` never passes IMAGE_MAX by more
// than one section, so that the additions cannot wrap.
static bool take(struct elf *elf, uint32_t *end, uint32_t size, uint32_t align,
                 uint32_t *at)
{
    *at = align > 1 ? (*end + align - 1) & ~(align - 1) : *end;
    *end = *at + size;
    return *end <= IMAGE_MAX ||
           load_fail(elf->error, "the sections need more than 32 MiB");
}

// Sections keep the order of the file. An empty section gets a place too:
// symbols may be defined in it.
static bool place_sections(struct elf *elf, enum part_kind kind, uint32_t *end)
{
    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        // An unused header may have SHF_ALLOC set: it means nothing there.
        if (section->sh_type == SHT_NULL || !(section->sh_flags & SHF_ALLOC) ||
            kind_of(section) != kind)
            continue;
        if (!take(elf, end, section->sh_size, section->sh_addralign,
                  &elf->place[i]))
            return false;
    }
    return true;
}

// COMMON symbols have no section: `int hook;` at file scope, as C once was.
static bool place_common(struct elf *elf, uint32_t *end)
{
    for (uint32_t i = 1; i < elf->symbols; i++) {
        const struct elf_symbol *symbol = &elf->symbol[i];
        if (symbol->st_shndx == SHN_COMMON &&
            !take(elf, end, symbol->st_size, symbol->st_value,
                  &elf->address[i]))
            return false;
    }
    return true;
}

// Each kind starts on a page of its own, because rights are per page. That is
// at most two pages more than the sections need.
static bool lay_out(struct elf *elf)
{
    static const char *const name[] = {".text", ".rodata", ".data"};
    uint32_t start = 0, end = 0;

    for (int kind = PART_CODE; kind <= PART_DATA; kind++) {
        // The order of the enum is the order in memory. Code comes first, so
        // that an offset in a disassembly of .text is one in the image, too.
        if (!place_sections(elf, (enum part_kind)kind, &end))
            return false;
        // COMMON is for variables: always writable, always zero at first.
        if (kind == PART_DATA && !place_common(elf, &end))
            return false;
        if (end > start &&
            !build_part(elf->in, name[kind], strlen(name[kind]),
                        (enum part_kind)kind, start, end - start))
            return false;
        start = end = PAGE_ALIGN_UP(end);
    }
    // Nothing is allocated before the size is known, and no size is believed
    // before it has been added up and compared with IMAGE_MAX.
    return build_stage(elf->in, end) && build_place(elf->in, end);
}

static void copy_sections(struct elf *elf)
{
    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *section = &elf->section[i];
        // NOBITS stays zero, as the stage is.
        if (elf->place[i] != ELF_NOWHERE && elf_has_bytes(section))
            memcpy(elf->image->stage + elf->place[i],
                   elf->file->data + section->sh_offset, section->sh_size);
    }
}

// A GRUB module names those it needs in .moddeps, one string after another.
static bool name_needed(struct elf *elf)
{
    uint32_t size = 0;
    const char *at = elf_find_bytes(elf, ".moddeps", &size);

    // Two names may follow each other without anything in between but the
    // NUL; the section's size, not an empty name, ends the list.
    while (size) {
        uint32_t len = (uint32_t)strnlen(at, size);
        char name[40];
        if (len > 32 || !printable_name(at, size))
            return load_fail(elf->error, "a name in .moddeps is not a string "
                                         "of up to 32 printable characters");
        ksnprintf(name, sizeof name, "%s.mod", at);
        // Even if no symbol leads there: the file has said that it depends
        // on it, and may reach it through a third one.
        if (!load_needs(elf->in, name))
            return false;
        at += len + 1;
        size -= len + 1;
    }
    return true;
}

// The arrays that say where things went. One more than needed, so that an
// object without symbols, for which this would be 0 bytes, is no special
// case.
static bool make_room(struct elf *elf)
{
    elf->place = heap_alloc(elf->sections * sizeof(uint32_t));
    elf->address = heap_alloc((elf->symbols + 1) * sizeof(uint32_t));
    elf->table = heap_zalloc(elf->sections, sizeof(uint32_t));
    if (!elf->place || !elf->address || !elf->table)
        return load_fail(elf->error, "no memory for the section table");
    // All ones is ELF_NOWHERE.
    memset(elf->place, 0xff, elf->sections * sizeof(uint32_t));
    memset(elf->address, 0xff, elf->symbols * sizeof(uint32_t));
    return true;
}

static bool object_lay_out(struct loading *in)
{
    struct elf *elf = heap_zalloc(1, sizeof *elf);
    uint32_t name_size;

    in->work = elf;
    if (!elf)
        return load_fail(in->error, "no memory to read the file");
    elf->in = in;
    elf->file = in->file;
    elf->image = in->image;
    elf->error = in->error;
    if (!elf_check(elf) || !make_room(elf))
        return false;
    // GRUB builds with -mregparm=3: three arguments travel in registers. Its
    // modules are known by the section that holds their name.
    if (elf_find_bytes(elf, ".modname", &name_size)) {
        in->image->family = FAMILY_GRUB;
        in->image->register_args = 3;
    }
    if (!lay_out(elf))
        return false;
    copy_sections(elf);
    return name_needed(elf) && elf_define(elf);
}

static bool object_link(struct loading *in)
{
    return elf_link(in->work);
}

// The tables live only while loading: afterwards the image knows its exports
// by address.
static void object_drop(struct loading *in)
{
    struct elf *elf = in->work;

    if (!elf)
        return;
    heap_free(elf->place);
    heap_free(elf->address);
    heap_free(elf->table);
    heap_free(elf);
}

// An init that faults half-way may have registered itself before: crypto.mod
// then has it in a list, and to free it leaves a pointer to nothing there.
// Its fini cannot be trusted to undo one half of what init does. So it stays,
// and with it what it uses; Linux keeps a module whose init has oopsed, too.
static bool object_start(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->init, .argc = 1};

    // GRUB passes its own record of the module, which crypto modules ignore.
    return !image->init || call_image(&call) ||
           load_fail(error, "grub_mod_init %s", call.text);
}

static bool object_stop(struct image *image, struct load_error *error)
{
    struct call call = {.image = image, .entry = image->fini};

    return !image->fini || call_image(&call) ||
           load_fail(error, "grub_mod_fini %s", call.text);
}

const struct image_format elf_object_format = {
    .name = "ELF",
    .is = elf_is,
    .lay_out = object_lay_out,
    .link = object_link,
    .drop = object_drop,
    .start = object_start,
    .stop = object_stop,
    .reloc_name = elf_reloc_name,
};
