// SPDX-License-Identifier: MIT
// A PE image from file to staged image.
//
// zlib1.dll as it lies in the file and in memory. In the file, sections are
// padded to FileAlignment, 0x200; in memory, to SectionAlignment, 0x1000. So
// a file offset is no RVA, not even with something added to it:
//
//   file                         RVA (image)
//   00000  headers    400  ----> 00000  headers   r--
//   00400  .text    17ee4  ----> 01000  .text     r-x
//   18400  .data       4c  ----> 19000  .data     rw-
//   18600  .rdata    4618  ----> 1a000  .rdata    r--
//          .bss       a50        23000  .bss      rw-  zeros, not in the file
//   20c00  .idata     570  ----> 25000  .idata    rw-  the IAT
//   21a00  .reloc     728  ----> 29000  .reloc    r--
//                                2a000  stubs     r-x  not in the file either
//
// Everything after pe_check is read from the stage, by RVA. There it cannot
// matter that two sections may share bytes of the file.
#include "smc/load/pe/pe.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/string.h"

struct pe_directory pe_directory(const struct pe *pe, uint32_t index)
{
    if (index < pe->header->NumberOfRvaAndSizes)
        return pe->header->Directory[index];
    return (struct pe_directory){0, 0};
}

// Every table is judged here before it is read. `entry` is a constant, `rva`
// and `count` are the file's.
bool pe_in_image(struct pe *pe, const char *field, uint32_t rva,
                 uint32_t count, uint32_t entry)
{
    if (table_inside(rva, count, entry, pe->header->SizeOfImage))
        return true;
    return load_fail(pe->error,
                     "%s: %u entries of %u bytes at RVA 0x%x "
                     "reach past the image (0x%x bytes)",
                     field, count, entry, rva, pe->header->SizeOfImage);
}

// An empty name is refused here: nothing that has none can be asked for.
const char *pe_string(struct pe *pe, const char *field, uint32_t rva)
{
    const char *stage = (const char *)pe->image->stage;
    uint32_t size = pe->header->SizeOfImage;

    if (rva < size && printable_name(stage + rva, size - rva) && stage[rva])
        return stage + rva;
    load_fail(pe->error,
              "%s at RVA 0x%x is not a string of 1 to %u "
              "printable characters",
              field, rva, NAME_MAX);
    return NULL;
}

bool pe_in_part(const struct image *image, uint32_t rva, uint32_t size)
{
    for (uint32_t i = 0; i < image->parts; i++)
        if (rva >= image->part[i].offset &&
            range_inside(rva - image->part[i].offset, size,
                         image->part[i].size))
            return true;
    return false;
}

// From here on there are always 16 directories.
static bool keep_header(struct pe *pe)
{
    uint32_t count = pe->header->NumberOfRvaAndSizes;
    struct pe_detail *detail = heap_zalloc(1, sizeof *detail);

    if (!detail)
        return load_fail(pe->error, "no memory to keep the header");
    if (count > DIR_COUNT)
        count = DIR_COUNT;
    memcpy(detail->bytes, pe->header,
           sizeof *pe->header + count * sizeof(struct pe_directory));
    detail->header.NumberOfRvaAndSizes = DIR_COUNT;
    pe->image->detail = pe->detail = detail;
    pe->header = &detail->header;
    return true;
}

static void copy_sections(struct pe *pe)
{
    uint8_t *stage = pe->image->stage;

    // Programs ask for their own headers (GetModuleHandle returns nothing
    // else), so they are part of the image.
    memcpy(stage, pe->file->data, pe->header->SizeOfHeaders);
    for (uint32_t i = 0; i < pe->header->NumberOfSections; i++) {
        const struct pe_section *section = &pe->section[i];
        uint32_t size = section->SizeOfRawData;
        // The file's bytes are padded to FileAlignment, the section's own
        // end may be in the middle of that padding.
        if (pe_section_size(section) < size)
            size = pe_section_size(section);
        if (size)
            memcpy(stage + section->VirtualAddress,
                   pe->file->data + section->PointerToRawData, size);
    }
}

static bool pe_lay_out(struct loading *in)
{
    struct pe *pe = heap_zalloc(1, sizeof *pe);
    uint32_t size;

    in->work = pe;
    if (!pe)
        return load_fail(in->error, "no memory to read the file");
    *pe = (struct pe){
        .file = in->file, .image = in->image, .error = in->error, .in = in};
    if (!pe_check(pe))
        return false;
    size = PAGE_ALIGN_UP(pe->header->SizeOfImage);
    in->image->family = FAMILY_WINDOWS;
    in->image->preferred = pe->header->ImageBase;
    // Without a table there is only one place to go to.
    if (!in->base && (pe->header->Characteristics & PE_RELOCS_STRIPPED))
        in->base = pe->header->ImageBase;
    // Imports can only be counted in the stage, where the zero padding is
    // that may end their table. Only then is the number of stubs known.
    if (!build_stage(in, size + PE_IMPORTS_MAX * RESOLVE_STUB_SIZE))
        return false;
    copy_sections(pe);
    return keep_header(pe) && pe_count_imports(pe) &&
           build_place(in, size + pe->imports * RESOLVE_STUB_SIZE) &&
           pe_publish(pe);
}

// Binding comes before relocating: an IAT slot that is also a target of a
// relocation is then refused as a word changed twice.
static bool pe_link(struct loading *in)
{
    struct pe *pe = in->work;

    return pe_follow_forwards(pe) && pe_bind_imports(pe) &&
           pe_relocate(pe, pe->header->ImageBase, false) &&
           pe_bind_delayed(pe) && pe_add_tls(pe);
}

static void pe_drop(struct loading *in)
{
    heap_free(in->work);
}

static void pe_forget(struct image *image)
{
    struct pe_detail *detail = image->detail;

    if (detail) {
        pe_drop_tls(detail);
        heap_free(detail->function);
        heap_free(detail->slot);
    }
    heap_free(detail);
}

const struct image_format pe_format = {
    .name = "PE",
    .is = pe_is,
    .lay_out = pe_lay_out,
    .link = pe_link,
    .drop = pe_drop,
    .start = pe_start,
    .stop = pe_stop,
    .rebase = pe_rebase,
    .forget = pe_forget,
    .reloc_name = pe_reloc_name,
};
