// SPDX-License-Identifier: MIT
// A PE image from file to staged image.
#include "smc/load/pe.h"
#include "kernel/string.h"
#include "smc/load/bind.h"

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

// The limits are not the format's: it has none. But a name is printed in
// messages and kept in memory, and no real one is longer.
const char *pe_string(struct pe *pe, const char *field, uint32_t rva)
{
    const char *text = (const char *)pe->image->stage + rva;
    uint32_t size = pe->header->SizeOfImage, len = 0;

    while (rva < size && len < size - rva && len < 256 && text[len]) {
        if (text[len] < ' ' || text[len] > '~')
            break;
        len++;
    }
    if (len && len < 256 && len < size - rva && text[len] == '\0')
        return text;
    load_fail(pe->error,
              "%s at RVA 0x%x is not a string of 1 to 255 "
              "printable characters",
              field, rva);
    return NULL;
}

static void copy_sections(struct pe *pe)
{
    uint8_t *stage = pe->image->stage;

    memcpy(stage, pe->file->data, pe->header->SizeOfHeaders);
    for (uint32_t i = 0; i < pe->header->NumberOfSections; i++) {
        const struct pe_section *section = &pe->section[i];
        uint32_t size = section->SizeOfRawData;
        // The file's bytes are padded to FileAlignment; the image ends
        // where VirtualSize says.
        if (section->VirtualSize && section->VirtualSize < size)
            size = section->VirtualSize;
        if (size)
            memcpy(stage + section->VirtualAddress,
                   pe->file->data + section->PointerToRawData, size);
    }
}

// Binding comes before relocating: an IAT slot that is also a target of a
// relocation is then refused as a word changed twice.
bool pe_load(struct loading *in)
{
    struct pe pe = {
        .file = in->file, .image = in->image, .error = in->error, .in = in};
    uint32_t base, size;

    in->image->kind = IMAGE_PE;
    if (!pe_check(&pe))
        return false;
    size = pe.header->SizeOfImage;
    in->image->preferred = pe.header->ImageBase;
    // Imports can only be counted in the stage, where the zero padding is
    // that may end their table. Only then is the number of stubs known.
    if (!build_stage(in, size + PE_IMPORTS_MAX * BIND_STUB_SIZE))
        return false;
    copy_sections(&pe);
    if (!pe_count_imports(&pe) ||
        !build_place(in, size + pe.imports * BIND_STUB_SIZE))
        return false;
    base = (uint32_t)(uintptr_t)in->image->base;
    return pe_bind_imports(&pe) && pe_relocate(&pe, base) && pe_publish(&pe);
}
