// SPDX-License-Identifier: MIT
// Is this a PE32 image that can be loaded? Judges the headers, field by
// field, before anything is allocated. The sections are in pe_section.c.
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
    if (!(header->Characteristics & PE_EXECUTABLE))
        return REFUSE_FIELD(pe, header, Characteristics,
                            "not marked as an executable image, 2");
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

// Below a page, the file is mapped as it is and both alignments are one.
static bool check_alignments(struct pe *pe)
{
    const struct pe_header *header = pe->header;

    if (!power_of_two(header->SectionAlignment))
        return REFUSE_FIELD(pe, header, SectionAlignment,
                            "not a power of two");
    if (!power_of_two(header->FileAlignment) || header->FileAlignment > 65536)
        return REFUSE_FIELD(pe, header, FileAlignment,
                            "not a power of two up to 65536");
    if (header->SectionAlignment < header->FileAlignment)
        return REFUSE_FIELD(pe, header, SectionAlignment,
                            "smaller than FileAlignment");
    if (header->SectionAlignment == header->FileAlignment)
        return true;
    if (header->SectionAlignment < PAGE_SIZE)
        return REFUSE_FIELD(pe, header, SectionAlignment,
                            "below a page it must equal FileAlignment");
    if (header->FileAlignment < 512)
        return REFUSE_FIELD(pe, header, FileAlignment,
                            "smaller than a sector, 512");
    return true;
}

static bool check_sizes(struct pe *pe)
{
    const struct pe_header *header = pe->header;

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
    // Code in the headers would be no section's, and is not executable.
    if (header->AddressOfEntryPoint >= header->SizeOfImage)
        return REFUSE_FIELD(pe, header, AddressOfEntryPoint,
                            "outside the image");
    return true;
}

// What could be loaded but not run.
static bool check_policy(struct pe *pe)
{
    struct pe_directory clr = pe_directory(pe, DIR_CLR);

    // The machine code in such a file is a jump into mscoree.dll.
    if (clr.VirtualAddress || clr.Size)
        return REFUSE_FIELD(pe, pe->header, Directory[DIR_CLR].VirtualAddress,
                            "it has a CLR header: its code is for .NET, not "
                            "for this processor");
    return true;
}

bool pe_check(struct pe *pe)
{
    return find_header(pe) && check_kind(pe) && find_sections(pe) &&
           check_alignments(pe) && check_sizes(pe) && pe_check_sections(pe) &&
           check_policy(pe);
}
