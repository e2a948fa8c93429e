// SPDX-License-Identifier: MIT
// The dynamic section: a list of tags and values that says where everything
// is that a dynamic linker needs. [ELF 2-11 to 2-15]
//
//   PT_DYNAMIC --> | SYMTAB 524 | STRTAB cf4 | STRSZ 5e2 | ... | NULL |
//                         |            |           |
//   segment  | ELF | hash | symbols ...| strings ..^ ... |
//
// No table but that of strings tells its length by itself. musl and glibc
// believe each value; here each must lead to bytes that the file has, in one
// segment, all of them.
#include "smc/load/elf/shared.h"

// 0x6ffffef5 and 0x6ffffff0 to 0x6fffffff are GNU's and Sun's.
static uint32_t slot_of(uint32_t tag)
{
    if (tag < TAG_GNU_HASH)
        return tag;
    if (tag == 0x6ffffef5)
        return TAG_GNU_HASH;
    return tag >= 0x6ffffff0 && tag <= 0x6fffffff ? TAG_VERSYM + (tag & 15)
                                                  : SHARED_TAGS;
}

static const char *const names[SHARED_TAGS] = {
    [TAG_PLTRELSZ] = "DT_PLTRELSZ",
    [TAG_PLTGOT] = "DT_PLTGOT",
    [TAG_HASH] = "DT_HASH",
    [TAG_STRTAB] = "DT_STRTAB",
    [TAG_SYMTAB] = "DT_SYMTAB",
    [TAG_RELA] = "DT_RELA",
    [TAG_STRSZ] = "DT_STRSZ",
    [TAG_SYMENT] = "DT_SYMENT",
    [TAG_INIT] = "DT_INIT",
    [TAG_FINI] = "DT_FINI",
    [TAG_SONAME] = "DT_SONAME",
    [TAG_REL] = "DT_REL",
    [TAG_RELSZ] = "DT_RELSZ",
    [TAG_RELENT] = "DT_RELENT",
    [TAG_PLTREL] = "DT_PLTREL",
    [TAG_JMPREL] = "DT_JMPREL",
    [TAG_INIT_ARRAY] = "DT_INIT_ARRAY",
    [TAG_FINI_ARRAY] = "DT_FINI_ARRAY",
    [TAG_INIT_ARRAYSZ] = "DT_INIT_ARRAYSZ",
    [TAG_FINI_ARRAYSZ] = "DT_FINI_ARRAYSZ",
    [TAG_RELRSZ] = "DT_RELRSZ",
    [TAG_RELR] = "DT_RELR",
    [TAG_RELRENT] = "DT_RELRENT",
    [TAG_GNU_HASH] = "DT_GNU_HASH",
    [TAG_VERSYM] = "DT_VERSYM",
    [TAG_VERDEF] = "DT_VERDEF",
    [TAG_VERDEFNUM] = "DT_VERDEFNUM",
    [TAG_VERNEED] = "DT_VERNEED",
    [TAG_VERNEEDNUM] = "DT_VERNEEDNUM",
};

bool shared_refuse_tag(const struct shared *shared, uint32_t tag,
                       const char *why)
{
    const struct elf_dynamic *entry = shared->tag[tag];

    return load_refuse(
        shared->error, names[tag], "offset",
        (uint32_t)((const uint8_t *)&entry->d_val - shared->file->data),
        entry->d_val, why);
}

// An address of the file as a place in the file, if one segment has `size`
// bytes there.
static const uint8_t *bytes_at(const struct shared *shared, uint32_t offset,
                               uint32_t size)
{
    const struct shared_segment *segment = shared_segment(shared, offset,
                                                          size);

    return segment && range_inside(offset - segment->low, size,
                                   segment->file_size)
               ? segment->file + (offset - segment->low)
               : NULL;
}

bool shared_find_table(const struct shared *shared, uint32_t tag,
                       uint32_t size, struct shared_table *table)
{
    uint32_t offset = shared_tag(shared, tag) - shared->low;

    *table = (struct shared_table){bytes_at(shared, offset, size), offset,
                                   size};
    return table->at ||
           shared_refuse_tag(shared, tag,
                             "the table is not inside one segment's bytes");
}

// A table whose size has a tag of its own. Without the table its size means
// nothing, and without a size there is no table.
static bool sized_table(struct shared *shared, uint32_t tag, uint32_t size_tag,
                        uint32_t entry, struct shared_table *table)
{
    if (!shared->tag[tag] || !shared_tag(shared, size_tag))
        return true;
    if (shared_tag(shared, size_tag) % entry)
        return shared_refuse_tag(shared, size_tag,
                                 "not a whole number of entries");
    return shared_find_table(shared, tag, shared_tag(shared, size_tag), table);
}

// DT_RELA would be another format; the sizes of entries are those of the
// i386, and no others were ever used.
static bool check_entries(const struct shared *shared)
{
    static const struct {
        uint8_t tag, value;
        const char *why;
    } wanted[] = {
        {TAG_SYMENT, sizeof(struct elf_symbol), "not 16"},
        {TAG_RELENT, sizeof(struct elf_rel), "not 8"},
        {TAG_RELRENT, 4, "not 4"},
        {TAG_PLTREL, TAG_REL, "not 17 (DT_REL)"},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (shared->tag[wanted[i].tag] &&
            shared_tag(shared, wanted[i].tag) != wanted[i].value)
            return shared_refuse_tag(shared, wanted[i].tag, wanted[i].why);
    return !shared->tag[TAG_RELA] ||
           shared_refuse_tag(shared, TAG_RELA, "RELA is not in the i386 ABI");
}

// Every tag that is used twice would hide the first one.
static bool note(struct shared *shared, const struct elf_dynamic *entry)
{
    uint32_t slot = slot_of(entry->d_tag);
    bool twice = slot < SHARED_TAGS && shared->tag[slot] && names[slot];

    // DT_NEEDED comes once for each object: shared_scope.c walks again.
    if (slot < SHARED_TAGS && slot != TAG_NEEDED)
        shared->tag[slot] = entry;
    return !twice ||
           shared_refuse_tag(shared, slot, "a second entry of this tag");
}

static const struct elf_segment *dynamic_header(const struct shared *shared)
{
    const struct elf_header *header = (const void *)shared->file->data;
    const struct elf_segment *segment = (const void *)(shared->file->data +
                                                       header->e_phoff);

    for (uint32_t i = 0; i < header->e_phnum; i++)
        if (segment[i].p_type == PT_DYNAMIC)
            return &segment[i];
    return NULL;
}

static bool read_entries(struct shared *shared)
{
    const struct elf_segment *header = dynamic_header(shared);
    const struct elf_dynamic *entry;

    if (!header)
        return load_fail(shared->error, "no PT_DYNAMIC: it is linked "
                                        "statically");
    entry = (const void *)bytes_at(shared, header->p_vaddr - shared->low,
                                   header->p_filesz);
    if (!entry)
        return REFUSE_FIELD(shared, header, p_vaddr,
                            "the dynamic section is not inside one "
                            "segment's bytes");
    shared->dynamic = entry;
    for (uint32_t i = 0; i < header->p_filesz / sizeof *entry; i++) {
        if (entry[i].d_tag == 0)
            return true;
        if (!note(shared, &entry[i]))
            return false;
    }
    return REFUSE_FIELD(shared, header, p_filesz,
                        "the dynamic section has no DT_NULL");
}

// Some linkers count the PLT's relocations among the others: glibc takes
// them off again, or they would be carried out twice.
static void split_relocations(struct shared *shared)
{
    if (shared->jmprel.size && shared->rel.size >= shared->jmprel.size &&
        shared->rel.offset + shared->rel.size ==
            shared->jmprel.offset + shared->jmprel.size)
        shared->rel.size -= shared->jmprel.size;
}

static void read_flags(struct shared *shared)
{
    uint32_t flags = shared_tag(shared, TAG_FLAGS);

    shared->text_relocations = shared->tag[TAG_TEXTREL] ||
                               (flags & FLAG_TEXTREL);
    shared->binding = shared->in->options->binding;
    if (shared->tag[TAG_BIND_NOW] || (flags & FLAG_BIND_NOW) ||
        (shared_tag(shared, TAG_FLAGS_1) & FLAG_1_NOW))
        shared->binding = BINDING_NOW;
}

// The function that runs first or last. 0 is none.
static bool read_function(struct shared *shared, uint32_t tag,
                          uint32_t *address)
{
    uint32_t vaddr = shared_tag(shared, tag);

    if (vaddr && !shared_is_code(shared, vaddr))
        return shared_refuse_tag(shared, tag, "not in an executable segment");
    *address = vaddr ? vaddr + shared->delta : 0;
    return true;
}

const char *shared_string(const struct shared *shared, uint32_t offset)
{
    const char *text;

    if (offset >= shared->strings.size)
        return NULL;
    text = (const char *)shared->strings.at + offset;
    return printable_name(text, shared->strings.size - offset) ? text : NULL;
}

bool shared_read_dynamic(struct shared *shared)
{
    if (!read_entries(shared) || !check_entries(shared))
        return false;
    if (!shared->tag[TAG_STRTAB] || !shared->tag[TAG_SYMTAB] ||
        !shared_tag(shared, TAG_STRSZ))
        return load_fail(shared->error, "no DT_STRTAB, DT_STRSZ or "
                                        "DT_SYMTAB: it has no names");
    read_flags(shared);
    if (!sized_table(shared, TAG_STRTAB, TAG_STRSZ, 1, &shared->strings) ||
        !sized_table(shared, TAG_REL, TAG_RELSZ, 8, &shared->rel) ||
        !sized_table(shared, TAG_JMPREL, TAG_PLTRELSZ, 8, &shared->jmprel) ||
        !sized_table(shared, TAG_RELR, TAG_RELRSZ, 4, &shared->relr) ||
        !sized_table(shared, TAG_INIT_ARRAY, TAG_INIT_ARRAYSZ, 4,
                     &shared->init_array) ||
        !sized_table(shared, TAG_FINI_ARRAY, TAG_FINI_ARRAYSZ, 4,
                     &shared->fini_array))
        return false;
    split_relocations(shared);
    return read_function(shared, TAG_INIT, &shared->init) &&
           read_function(shared, TAG_FINI, &shared->fini);
}
