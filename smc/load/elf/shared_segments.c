// SPDX-License-Identifier: MIT
// From segments to parts: which pages get which rights.
//
// Rights are per page, segments are not. A linker leaves a page between two
// that differ in rights, as a rule; where it did not, the shared page gets
// what both need, unless that would be write and execute.
//
//   segments   |  r--  |   |   r-x    |   |   rw-              |
//   RELRO                                  <---------->
//   parts      | rodata|   |  text    |   |   relro    |  data  |
//
// RELRO is what the loader writes and nobody after it: the GOT, tables of
// pointers, the dynamic section. [glibc elf/dl-reloc.c _dl_protect_relro]
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/wide.h"
#include "smc/load/elf/shared.h"

static const struct elf_segment *find_header(const struct shared *shared,
                                             uint32_t type)
{
    const struct elf_header *header = (const void *)shared->file->data;
    const struct elf_segment *segment = (const void *)(shared->file->data +
                                                       header->e_phoff);

    for (uint32_t i = 0; i < header->e_phnum; i++)
        if (segment[i].p_type == type)
            return &segment[i];
    return NULL;
}

const struct shared_segment *shared_segment(const struct shared *shared,
                                            uint32_t offset, uint32_t size)
{
    for (uint32_t i = 0; i < shared->segments; i++) {
        const struct shared_segment *segment = &shared->segment[i];
        if (offset >= segment->low &&
            range_inside(offset - segment->low, size, segment->size))
            return segment;
    }
    return NULL;
}

bool shared_is_code(const struct shared *shared, uint32_t vaddr)
{
    const struct shared_segment *segment = shared_segment(
        shared, vaddr - shared->low, 1);

    return segment && (segment->flags & PF_EXEC);
}

// The last page of RELRO is only protected if all of it is RELRO.
static bool read_relro(struct shared *shared)
{
    const struct elf_segment *relro = find_header(shared, PT_GNU_RELRO);
    const struct shared_segment *segment;
    uint32_t low;

    if (!relro || relro->p_memsz == 0)
        return true;
    low = relro->p_vaddr - shared->low;
    segment = shared_segment(shared, low, 1);
    if (!segment || !(segment->flags & PF_WRITE))
        return REFUSE_FIELD(shared, relro, p_vaddr,
                            "not in a writable segment");
    // Linkers round the end up to a page, past the end of the segment.
    if (relro->p_memsz > PAGE_ALIGN_UP(segment->low + segment->size) - low)
        return REFUSE_FIELD(shared, relro, p_memsz, "past its segment");
    shared->relro_low = PAGE_ALIGN_DOWN(low);
    shared->relro_high = PAGE_ALIGN_DOWN(low + relro->p_memsz);
    return true;
}

// Adds the pages from `low` to `high`. The last part's last page may be the
// first of this one.
static bool add_part(struct shared *shared, enum part_kind kind,
                     const char *name, uint32_t low, uint32_t high)
{
    struct image *image = shared->image;
    struct image_part *last = image->parts ? &image->part[image->parts - 1]
                                           : NULL;

    low = PAGE_ALIGN_DOWN(low);
    if (!last || PAGE_ALIGN_UP(last->offset + last->size) <= low)
        return build_part(shared->in, name, strlen(name), kind, low,
                          high - low);
    if (kind != last->kind && (kind == PART_CODE || last->kind == PART_CODE) &&
        (kind == PART_DATA || last->kind == PART_DATA))
        return load_fail(shared->error,
                         "code and data share the page at offset 0x%x of "
                         "the image",
                         low);
    // Code may be read, data too: the stronger kind serves both.
    if (kind != PART_READ_ONLY)
        last->kind = kind;
    last->size = high - last->offset;
    return true;
}

// A writable segment is cut at the borders of RELRO; both are pages.
static bool add_writable(struct shared *shared,
                         const struct shared_segment *segment)
{
    uint32_t low = segment->low, high = segment->low + segment->size;
    uint32_t from = shared->relro_low, to = shared->relro_high;

    if (from == to || from >= high || to <= low)
        return add_part(shared, PART_DATA, "data", low, high);
    // The border of a segment is none of a page, that of RELRO is one.
    if (from < low)
        from = low;
    if (to > high)
        to = high;
    return (from <= low || add_part(shared, PART_DATA, "data", low, from)) &&
           add_part(shared, PART_READ_ONLY, "relro", from, to) &&
           (to >= high || add_part(shared, PART_DATA, "data", to, high));
}

static bool add_parts(struct shared *shared)
{
    for (uint32_t i = 0; i < shared->segments; i++) {
        const struct shared_segment *segment = &shared->segment[i];
        uint32_t high = segment->low + segment->size;
        bool ok;
        if (segment->flags & PF_WRITE)
            ok = add_writable(shared, segment);
        else if (segment->flags & PF_EXEC)
            ok = add_part(shared, PART_CODE, "text", segment->low, high);
        else
            ok = add_part(shared, PART_READ_ONLY, "rodata", segment->low,
                          high);
        if (!ok)
            return false;
    }
    return true;
}

// The rest of a page of code is INT3, as everywhere else in an arena.
static void copy_segments(struct shared *shared)
{
    struct image *image = shared->image;

    for (uint32_t i = 0; i < image->parts; i++)
        if (image->part[i].kind == PART_CODE)
            memset(image->stage + image->part[i].offset, 0xcc,
                   image->part[i].size);
    for (uint32_t i = 0; i < shared->segments; i++) {
        const struct shared_segment *segment = &shared->segment[i];
        copy_wide(image->stage + segment->low, segment->file,
                  segment->file_size);
        clear_wide(image->stage + segment->low + segment->file_size,
                   segment->size - segment->file_size);
    }
}

bool shared_place(struct shared *shared)
{
    const struct shared_segment *last = &shared->segment[shared->segments - 1];
    uint32_t size = last->low + last->size;

    if (!read_relro(shared) || !add_parts(shared) ||
        !build_stage(shared->in, size) || !build_place(shared->in, size))
        return false;
    copy_segments(shared);
    // Modulo 2^32: an object may be linked for any address.
    shared->delta = (uint32_t)(uintptr_t)shared->image->base - shared->low;
    shared->image->preferred = shared->low;
    return true;
}
