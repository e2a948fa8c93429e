// SPDX-License-Identifier: MIT
// A real DLL with one field at a time set to a bad value. The refusal must
// name that field, so that the reader knows where to look.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/loader/loader_check.h"
#include "smc/load/pe/pe_format.h"

struct bad_field {
    uint32_t offset; // from the PE header
    uint8_t size;
    uint32_t value;
    const char *words; // what the refusal must say
};

#define PE_FIELD(field, value, words)                            \
    {                                                            \
        offsetof(struct pe_header, field),                       \
            sizeof(((struct pe_header *)0)->field), value, words \
    }
#define PE_SECTION_0(field, value, words)                         \
    {                                                             \
        24 + 224 + offsetof(struct pe_section, field),            \
            sizeof(((struct pe_section *)0)->field), value, words \
    }

// Each value is one that a loader somewhere believes, or one beyond the last
// good one. Offsets in the section table hold for an optional header of 224
// bytes, which is what all linkers make.
static const struct bad_field bad_fields[] = {
    PE_FIELD(Signature, 0x4550454e, "Signature"),
    PE_FIELD(Machine, 0x8664, "Machine"),
    PE_FIELD(NumberOfSections, 0, "NumberOfSections"),
    PE_FIELD(NumberOfSections, 97, "NumberOfSections"),
    PE_FIELD(NumberOfSections, 65535, "NumberOfSections"),
    PE_FIELD(SizeOfOptionalHeader, 12, "SizeOfOptionalHeader"),
    PE_FIELD(SizeOfOptionalHeader, 65535, "SizeOfHeaders"),
    PE_FIELD(Magic, 0x20b, "Magic"),
    PE_FIELD(NumberOfRvaAndSizes, 17, "NumberOfRvaAndSizes"),
    PE_FIELD(NumberOfRvaAndSizes, 0xffffffff, "NumberOfRvaAndSizes"),
    PE_FIELD(SectionAlignment, 0, "SectionAlignment"),
    PE_FIELD(SectionAlignment, 1, "smaller than FileAlignment"),
    PE_FIELD(SectionAlignment, 0x400, "below a page it must equal"),
    // Equal to FileAlignment, but the file does not lie like the image.
    PE_FIELD(SectionAlignment, 0x200, "the file must lie as the image"),
    PE_FIELD(SectionAlignment, 0x3000, "not a power of two"),
    PE_FIELD(SectionAlignment, 0x2000, "VirtualAddress"),
    PE_FIELD(FileAlignment, 0, "FileAlignment"),
    PE_FIELD(FileAlignment, 4, "smaller than a sector"),
    PE_FIELD(FileAlignment, 0x20000, "up to 65536"),
    PE_FIELD(ImageBase, 0x1234, "ImageBase"),
    PE_FIELD(SizeOfImage, 0, "SizeOfImage"),
    PE_FIELD(SizeOfImage, 0x10000, "VirtualSize"),
    PE_FIELD(SizeOfImage, 0xfffff000, "SizeOfImage"),
    // Small enough for IMAGE_MAX, but not together with the stubs.
    PE_FIELD(SizeOfImage, 0x1ff9000, "SizeOfImage"),
    PE_FIELD(SizeOfHeaders, 0x100, "SizeOfHeaders"),
    PE_FIELD(SizeOfHeaders, 0xffffffff, "SizeOfHeaders"),
    PE_FIELD(AddressOfEntryPoint, 0x7fffffff, "AddressOfEntryPoint"),
    PE_FIELD(Characteristics, 0x230c, "not marked as an executable"),
    PE_FIELD(Directory[0], 0xfffffff0, "export table"),
    PE_FIELD(Directory[1], 0xfffffff0, "import table"),
    PE_FIELD(Directory[5], 0xfffffff0, "relocation directory"),
    // The DOS header as a block: its second word is 3.
    PE_FIELD(Directory[5], 0, "is 0x3: smaller than its own header"),
    PE_FIELD(Directory[14], 0x1000, "CLR"),
    PE_SECTION_0(VirtualAddress, 0x1001, "VirtualAddress"),
    PE_SECTION_0(VirtualAddress, 0, "VirtualAddress"),
    PE_SECTION_0(VirtualSize, 0xffffffff, "VirtualSize"),
    PE_SECTION_0(VirtualSize, 0x19000, "VirtualAddress"),
    PE_SECTION_0(PointerToRawData, 0x401, "PointerToRawData"),
    PE_SECTION_0(PointerToRawData, 0xfffffe00, "PointerToRawData"),
    PE_SECTION_0(SizeOfRawData, 0xffffffff, "PointerToRawData"),
    PE_SECTION_0(Characteristics, 0xe0000020, "Characteristics"),
};

// The place counts from the start of the file, or of the image.
static bool names_place(const char *text)
{
    return check_says(text, "offset 0x") || check_says(text, "RVA 0x");
}

// The field is restored from the original after each attempt, so that each
// refusal has one cause only.
enum check_result check_pe_fields(void)
{
    const struct module *file = module_find("zlib1.dll");
    const uint32_t count = sizeof bad_fields / sizeof bad_fields[0];
    struct trial trial = {.loaded = 0};
    uint32_t header, named = 0;
    uint8_t *copy;

    if (!file)
        return check_without("zlib1.dll");
    copy = try_copy_of(file, &trial);
    if (!copy)
        return CHECK_FAIL;
    memcpy(&header, copy + 0x3c, sizeof header);
    for (uint32_t i = 0; i < count; i++) {
        const struct bad_field *bad = &bad_fields[i];
        uint8_t *at = copy + header + bad->offset;
        // Of a directory, which has 8 bytes, only the RVA is changed.
        memcpy(at, &bad->value, bad->size > 4 ? 4 : bad->size);
        trial.last[0] = '\0';
        try_loading(&trial);
        memcpy(at, file->data + (at - copy), 8);
        if (check_says(trial.last, bad->words) && names_place(trial.last))
            named++;
        else
            judged("%s = 0x%x: %s", bad->words, bad->value, trial.last);
    }
    heap_free(copy);
    if (named == count)
        judged("%u of %u, the last: %s", named, count, trial.last);
    return named == count ? CHECK_PASS : CHECK_FAIL;
}
