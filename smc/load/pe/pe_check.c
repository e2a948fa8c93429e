// SPDX-License-Identifier: MIT
// Is this a PE32 image that can be loaded? Judges the headers and the
// section table, field by field, before anything is allocated.
//
//   0    DOS header: 'MZ', then a program for DOS that says it needs Windows
//   3c     e_lfanew --.
//   80   'PE' 0 0  <--'  COFF header: machine, number of sections
//   98   optional header: addresses and sizes, 96 bytes
//   f8     directories: RVA and size of each table, 16 as a rule
//   178  section table  <- optional header + SizeOfOptionalHeader
//   400  the first section's bytes  <- SizeOfHeaders
//
// The offsets are zlib1.dll's. No two of these places are where another file
// must have them; each is found through a number, and each number is checked.
// [PE "Overview"]
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

bool pe_is(const struct module *file)
{
    return file->size >= 2 && memcmp(file->data, "MZ", 2) == 0;
}

// e_lfanew may be any number. Real files have 0x80, some tools make 4 or
// 12, inside the DOS header; that is odd but harmless.
static bool find_header(struct pe *pe)
{
    const struct dos_header *dos = (const void *)pe->file->data;
    // The directories are optional in number; check_kind judges how many.
    const uint32_t fixed = offsetof(struct pe_header, Directory);

    if (pe->file->size < sizeof *dos)
        return load_fail(pe->error, "%u bytes cannot hold a DOS header (%u)",
                         pe->file->size, (unsigned)sizeof *dos);
    if (!range_inside(dos->e_lfanew, fixed, pe->file->size))
        return REFUSE_FIELD(pe, dos, e_lfanew,
                            "the PE header ends past the file");
    // Possibly unaligned: the structure is packed.
    pe->header = (const void *)(pe->file->data + dos->e_lfanew);
    if (pe->header->Signature != PE_SIGNATURE)
        return REFUSE_FIELD(pe, pe->header, Signature, "not 'PE' 0 0");
    return true;
}

// SizeOfOptionalHeader below 96 makes `room` wrap to a large number; it is
// refused before that number is used.
static bool check_kind(struct pe *pe)
{
    const struct pe_header *header = pe->header;
    uint32_t room = header->SizeOfOptionalHeader - PE_OPTIONAL_SIZE;

    if (header->Machine != PE_MACHINE_386)
        return REFUSE_FIELD(pe, header, Machine, "not 14c (Intel 386)");
    if (header->Magic != PE_MAGIC_32)
        return REFUSE_FIELD(pe, header, Magic,
                            "not 10b (PE32; 20b would be 64-bit)");
    if (header->SizeOfOptionalHeader < PE_OPTIONAL_SIZE)
        return REFUSE_FIELD(pe, header, SizeOfOptionalHeader,
                            "a PE32 image needs at least 96");
    if (header->NumberOfRvaAndSizes > room / sizeof(struct pe_directory))
        return REFUSE_FIELD(pe, header, NumberOfRvaAndSizes,
                            "more than the optional header has room for");
    // Windows refuses more than 96, too. [PE "COFF File Header"]
    if (header->NumberOfSections < 1 || header->NumberOfSections > 96)
        return REFUSE_FIELD(pe, header, NumberOfSections, "not in 1..96");
    return true;
}

// The section table follows the optional header, whatever its size is.
static bool find_sections(struct pe *pe)
{
    const struct pe_header *header = pe->header;
    uint32_t table = (uint32_t)((const uint8_t *)&header->Magic -
                                pe->file->data) +
                     header->SizeOfOptionalHeader;

    if (!table_inside(table, header->NumberOfSections,
                      sizeof(struct pe_section), pe->file->size))
        return REFUSE_FIELD(pe, header, NumberOfSections,
                            "the section table ends past the file");
    pe->section = (const void *)(pe->file->data + table);
    // The headers become a part of the image. If the section table were not
    // among them, a section could be laid out over its own description.
    if (header->SizeOfHeaders <
        table + header->NumberOfSections * sizeof(struct pe_section))
        return REFUSE_FIELD(pe, header, SizeOfHeaders,
                            "the headers do not hold the section table");
    return true;
}

static bool check_sizes(struct pe *pe)
{
    const struct pe_header *header = pe->header;

    // Smaller alignments exist (drivers). They put code and data on one
    // page, which could then only be writable and executable.
    if (!power_of_two(header->SectionAlignment) ||
        header->SectionAlignment < PAGE_SIZE)
        return REFUSE_FIELD(pe, header, SectionAlignment,
                            "code and data sections would share a page");
    // It is not used for anything below: PointerToRawData is judged as it
    // is. But a file with another value was made by no linker.
    if (!power_of_two(header->FileAlignment) || header->FileAlignment < 512 ||
        header->FileAlignment > 0x10000)
        return REFUSE_FIELD(pe, header, FileAlignment,
                            "not a power of two in 512..65536");
    // Windows reserves addresses in units of 64 KiB and demands this. Where
    // this kernel puts the image is its own choice: any page will do.
    if (header->ImageBase & 0xffff)
        return REFUSE_FIELD(pe, header, ImageBase, "not a multiple of 64 KiB");
    if (header->SizeOfImage == 0 || header->SizeOfImage > PE_SIZE_MAX ||
        header->SizeOfImage % header->SectionAlignment)
        return REFUSE_FIELD(pe, header, SizeOfImage,
                            "not a multiple of SectionAlignment "
                            "up to 0x1ff8000");
    if (header->SizeOfHeaders > pe->file->size ||
        header->SizeOfHeaders > header->SizeOfImage)
        return REFUSE_FIELD(pe, header, SizeOfHeaders,
                            "larger than the file or the image");
    // DllMain is not called here. The number is judged all the same, since
    // a debugger or a reader of `modules` may believe it.
    if (header->AddressOfEntryPoint >= header->SizeOfImage)
        return REFUSE_FIELD(pe, header, AddressOfEntryPoint,
                            "outside the image");
    return true;
}

// Raw data may be smaller than the section (the rest is zero) or larger (the
// rest is padding). Only its place in the file must be real. `end` is where
// the part before this section ends.
static bool check_section(struct pe *pe, const struct pe_section *section,
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
    // Windows rounds it down to a sector, silently, and then reads other
    // bytes than the header names.
    if (section->SizeOfRawData && section->PointerToRawData % 512)
        return REFUSE_FIELD(pe, section, PointerToRawData,
                            "not a multiple of 512");
    if (section->SizeOfRawData &&
        !range_inside(section->PointerToRawData, section->SizeOfRawData,
                      pe->file->size))
        return REFUSE_FIELD(pe, section, PointerToRawData,
                            "the section's bytes end past the file");
    if ((section->Characteristics & PE_SECTION_EXECUTE) &&
        (section->Characteristics & PE_SECTION_WRITE))
        return REFUSE_FIELD(pe, section, Characteristics,
                            "both writable and executable");
    return true;
}

static enum part_kind kind_of(const struct pe_section *section)
{
    if (section->Characteristics & PE_SECTION_EXECUTE)
        return PART_CODE;
    return section->Characteristics & PE_SECTION_WRITE ? PART_DATA
                                                       : PART_READ_ONLY;
}

// Parts are recorded while they are checked. Ascending order and page
// alignment together mean that no two sections share a page.
static bool check_sections(struct pe *pe)
{
    uint32_t end = pe->header->SizeOfHeaders;

    if (!build_part(pe->in, "headers", 7, PART_READ_ONLY, 0, end))
        return false;
    for (uint32_t i = 0; i < pe->header->NumberOfSections; i++) {
        const struct pe_section *section = &pe->section[i];
        uint32_t size = pe_section_size(section);
        if (!check_section(pe, section, end) ||
            !build_part(pe->in, section->Name, strnlen(section->Name, 8),
                        kind_of(section), section->VirtualAddress, size))
            return false;
        end = section->VirtualAddress + size;
    }
    return true;
}

// What could be loaded but not run.
static bool check_policy(struct pe *pe)
{
    struct pe_directory clr = pe_directory(pe, DIR_CLR);

    // The machine code in such a file is a jump into mscoree.dll.
    if (clr.VirtualAddress || clr.Size)
        return load_fail(pe->error, "has a CLR header: its code is for .NET, "
                                    "not for this processor");
    return true;
}

bool pe_check(struct pe *pe)
{
    return find_header(pe) && check_kind(pe) && find_sections(pe) &&
           check_sizes(pe) && check_sections(pe) && check_policy(pe);
}
