// SPDX-License-Identifier: MIT
// The section table: which bytes of the file go where, with which rights.
// [PE "Section Table (Section Headers)"]
//
// As a rule a section begins on a page of its own, and is a part of the image:
//
//   RVA   0000      1000           2000      3000
//         | headers | .text        | .data   |       SectionAlignment 1000
//           r--       r-x            rw-
//
// With SectionAlignment below a page, as drivers and tiny programs have it,
// several sections lie on one page, which has one set of rights. They become
// one part. Code and constants may do so, since code may be read; constants
// and data, too, though the constants are writable then. Code and data may
// not: such a page would have to be writable and executable.
//
//         | headers | .text | .rdata |     | .data |  SectionAlignment 200
//           r-x, one part, to here        ^ rw-, if this is another page
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

static bool check_address(struct pe *pe, const struct pe_section *section,
                          uint32_t end)
{
    uint32_t size = pe_section_size(section);

    if (section->VirtualAddress % pe->header->SectionAlignment)
        return REFUSE_FIELD(pe, section, VirtualAddress,
                            "not a multiple of SectionAlignment");
    // `end` is not rounded up to a page: the next section must begin at a
    // multiple of SectionAlignment, which does the rounding.
    if (section->VirtualAddress < end)
        return REFUSE_FIELD(pe, section, VirtualAddress,
                            "overlaps the headers or the section before");
    if (!range_inside(section->VirtualAddress, size, pe->header->SizeOfImage))
        return REFUSE_FIELD(pe, section, VirtualSize,
                            "the section ends past SizeOfImage");
    return true;
}

// Raw data may be smaller than the section (the rest is zero) or larger (the
// rest is padding). Only its place in the file must be real.
static bool check_bytes(struct pe *pe, const struct pe_section *section)
{
    bool flat = pe->header->SectionAlignment < PAGE_SIZE;

    if (section->SizeOfRawData == 0)
        return true;
    // Windows maps such a file as a whole and looks at no section.
    if (flat && section->PointerToRawData != section->VirtualAddress)
        return REFUSE_FIELD(pe, section, PointerToRawData,
                            "with sections smaller than a page, the file "
                            "must lie as the image does");
    // Windows rounds it down to a sector, silently, and then reads other
    // bytes than the header names.
    if (!flat && section->PointerToRawData % 512)
        return REFUSE_FIELD(pe, section, PointerToRawData,
                            "not a multiple of 512");
    if (!range_inside(section->PointerToRawData, section->SizeOfRawData,
                      pe->file->size))
        return REFUSE_FIELD(pe, section, PointerToRawData,
                            "the section's bytes end past the file");
    return true;
}

static enum part_kind kind_of(const struct pe_section *section)
{
    if (section->Characteristics & PE_SECTION_EXECUTE)
        return PART_CODE;
    return section->Characteristics & PE_SECTION_WRITE ? PART_DATA
                                                       : PART_READ_ONLY;
}

// Adds a section that begins on the last page of the part before it to that
// part, whose rights become those of both.
static bool join(struct pe *pe, const struct pe_section *section,
                 struct image_part *part)
{
    enum part_kind kind = kind_of(section);

    if (part->kind != PART_READ_ONLY && kind != PART_READ_ONLY &&
        part->kind != kind)
        return REFUSE_FIELD(pe, section, VirtualAddress,
                            "code and data would share a page");
    if (part->kind == PART_READ_ONLY)
        part->kind = kind;
    part->size = section->VirtualAddress + pe_section_size(section) -
                 part->offset;
    return true;
}

// A part begins where its page does, which a section need not do.
static bool add_part(struct pe *pe, const struct pe_section *section)
{
    uint32_t before = section->VirtualAddress % PAGE_SIZE;

    return build_part(pe->in, section->Name, strnlen(section->Name, 8),
                      kind_of(section), section->VirtualAddress - before,
                      before + pe_section_size(section));
}

// Parts are recorded while they are checked. `end` is where the part before
// this section ends.
static bool add_section(struct pe *pe, const struct pe_section *section,
                        uint32_t end)
{
    struct image *image = pe->image;

    if (!check_address(pe, section, end) || !check_bytes(pe, section))
        return false;
    if ((section->Characteristics & PE_SECTION_EXECUTE) &&
        (section->Characteristics & PE_SECTION_WRITE))
        return REFUSE_FIELD(pe, section, Characteristics,
                            "both writable and executable");
    if (PAGE_ALIGN_UP(end) > section->VirtualAddress)
        return join(pe, section, &image->part[image->parts - 1]);
    return add_part(pe, section);
}

// Ascending order is demanded by Windows, too.
bool pe_check_sections(struct pe *pe)
{
    uint32_t end = pe->header->SizeOfHeaders;

    if (!build_part(pe->in, "headers", 7, PART_READ_ONLY, 0, end))
        return false;
    for (uint32_t i = 0; i < pe->header->NumberOfSections; i++) {
        const struct pe_section *section = &pe->section[i];
        if (!add_section(pe, section, end))
            return false;
        end = section->VirtualAddress + pe_section_size(section);
    }
    return true;
}
