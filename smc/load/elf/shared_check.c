// SPDX-License-Identifier: MIT
// Is this a shared object that can be loaded? The headers: what kind of file
// it is, and its program headers. [ELF 1-3, 2-2]
//
// glibc asserts a few of these fields and believes the others: a p_memsz of
// 3 GiB is reserved, a p_offset past the end of the file is a SIGBUS later.
// Here nothing behind a field is read before the field was judged.
//
//   e_phoff, e_phnum    the program headers lie in the file
//   p_offset, p_filesz  the bytes of a segment lie in the file
//   p_vaddr, p_memsz    it ends in the address space, above the one before
//   p_flags             no segment is writable and executable
#include "kernel/pages.h"
#include "smc/load/elf/shared.h"

bool shared_is(const struct module *file)
{
    const struct elf_header *header = (const void *)file->data;

    // Type 3 only: what else begins like ELF is the object format's to refuse.
    return file->size >= offsetof(struct elf_header, e_machine) &&
           ((const struct word *)file->data)->value == ELF_MAGIC &&
           header->e_type == ELF_TYPE_DYN;
}

static bool check_ident(const struct shared *shared,
                        const struct elf_header *header)
{
    const uint8_t *ident = header->e_ident;

    if (ident[4] != ELF_CLASS_32)
        return load_refuse(shared->error, "EI_CLASS", "offset", 4, ident[4],
                           "not 1 (32-bit)");
    if (ident[5] != ELF_DATA_LSB)
        return load_refuse(shared->error, "EI_DATA", "offset", 5, ident[5],
                           "not 1 (little-endian)");
    return ident[6] == ELF_VERSION ||
           load_refuse(shared->error, "EI_VERSION", "offset", 6, ident[6],
                       "not 1");
}

// After this function the program headers may be read. Section headers are
// for linkers; many tools strip them, and nothing here asks for them.
static bool check_header(const struct shared *shared)
{
    const struct elf_header *header = (const void *)shared->file->data;

    if (shared->file->size < sizeof *header)
        return load_fail(shared->error,
                         "%u bytes cannot hold an ELF header (%u)",
                         shared->file->size, (unsigned)sizeof *header);
    if (!check_ident(shared, header))
        return false;
    if (header->e_machine != ELF_MACHINE_386)
        return REFUSE_FIELD(shared, header, e_machine, "not 3 (Intel 80386)");
    if (header->e_version != ELF_VERSION)
        return REFUSE_FIELD(shared, header, e_version, "not 1");
    if (header->e_ehsize != sizeof *header)
        return REFUSE_FIELD(shared, header, e_ehsize, "not 52");
    if (header->e_phentsize != sizeof(struct elf_segment))
        return REFUSE_FIELD(shared, header, e_phentsize, "not 32");
    if (header->e_phnum == 0)
        return REFUSE_FIELD(shared, header, e_phnum,
                            "a shared object has program headers");
    if (!table_inside(header->e_phoff, header->e_phnum,
                      sizeof(struct elf_segment), shared->file->size))
        return REFUSE_FIELD(shared, header, e_phoff,
                            "the program headers end past the file");
    return true;
}

// The sizes of one segment, which hold for the special ones as well: those
// describe a piece of a PT_LOAD.
static bool check_range(const struct shared *shared,
                        const struct elf_segment *segment)
{
    if (!range_inside(segment->p_offset, segment->p_filesz,
                      shared->file->size))
        return REFUSE_FIELD(shared, segment, p_offset,
                            "the segment ends past the file");
    if (segment->p_filesz > segment->p_memsz)
        return REFUSE_FIELD(shared, segment, p_filesz,
                            "more than p_memsz: it has no room in memory");
    if (segment->p_memsz > IMAGE_MAX)
        return REFUSE_FIELD(shared, segment, p_memsz, "more than 32 MiB");
    if (segment->p_vaddr > 0u - PAGE_SIZE - segment->p_memsz)
        return REFUSE_FIELD(shared, segment, p_vaddr,
                            "the segment wraps around");
    if (segment->p_align && !power_of_two(segment->p_align))
        return REFUSE_FIELD(shared, segment, p_align, "not a power of two");
    return true;
}

static bool check_load(const struct shared *shared,
                       const struct elf_segment *segment)
{
    // An image begins at a page and at nothing rounder.
    if (segment->p_align > PAGE_SIZE)
        return REFUSE_FIELD(shared, segment, p_align, "more than 4096");
    // What mmap would need; that this loader copies is no reason to accept
    // what no other would.
    if (segment->p_align &&
        (segment->p_vaddr - segment->p_offset) % segment->p_align)
        return REFUSE_FIELD(shared, segment, p_vaddr,
                            "not congruent to p_offset");
    if ((segment->p_flags & PF_WRITE) && (segment->p_flags & PF_EXEC))
        return REFUSE_FIELD(shared, segment, p_flags,
                            "both writable and executable");
    return true;
}

// PT_LOADs ascend, as ELF demands. Then overlap is a matter of neighbours.
static bool add_segment(struct shared *shared,
                        const struct elf_segment *segment)
{
    struct shared_segment *next = &shared->segment[shared->segments];
    uint32_t end = shared->low; // of the one before

    if (!check_load(shared, segment))
        return false;
    // An empty one has neither bytes nor an address worth keeping.
    if (segment->p_memsz == 0)
        return true;
    if (shared->segments == SHARED_SEGMENTS)
        return REFUSE_FIELD(shared, segment, p_type,
                            "more than 16 PT_LOAD segments");
    if (shared->segments == 0)
        shared->low = end = PAGE_ALIGN_DOWN(segment->p_vaddr);
    else
        end += next[-1].low + next[-1].size;
    if (segment->p_vaddr < end)
        return REFUSE_FIELD(shared, segment, p_vaddr,
                            "inside or below the segment before");
    *next = (struct shared_segment){
        .low = segment->p_vaddr - shared->low,
        .size = segment->p_memsz,
        .file = shared->file->data + segment->p_offset,
        .file_size = segment->p_filesz,
        .flags = segment->p_flags,
    };
    shared->segments++;
    return next->low + next->size <= IMAGE_MAX ||
           REFUSE_FIELD(shared, segment, p_vaddr,
                        "the segments need more than 32 MiB");
}

// PT_TLS is only noted: which bytes it means is known when all segments are.
static bool add_header(struct shared *shared,
                       const struct elf_segment *segment)
{
    switch (segment->p_type) {
    case PT_LOAD:
        return check_range(shared, segment) && add_segment(shared, segment);
    case PT_TLS:
        if (shared->tls.header)
            return REFUSE_FIELD(shared, segment, p_type, "a second PT_TLS");
        shared->tls.header = segment;
        return check_range(shared, segment);
    // What is left is for programs (PT_INTERP, PT_PHDR), for debuggers
    // (PT_NOTE), for unwinding, or read by those who know of it. PT_GNU_STACK
    // may ask for an executable stack: no kernel stack becomes one.
    default: return true;
    }
}

bool shared_check(struct shared *shared)
{
    const struct elf_header *header = (const void *)shared->file->data;
    const struct elf_segment *segment;

    if (!check_header(shared))
        return false;
    segment = (const void *)(shared->file->data + header->e_phoff);
    for (uint32_t i = 0; i < header->e_phnum; i++)
        if (!add_header(shared, &segment[i]))
            return false;
    return shared->segments ||
           load_fail(shared->error, "no PT_LOAD segment: nothing to load");
}
