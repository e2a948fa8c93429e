// SPDX-License-Identifier: MIT
// The export table: functions that others may ask for by name or by number.
// [PE "The .edata Section"]
//
//   AddressOfNames         | name RVA | name RVA | ...    sorted, but we
//   AddressOfNameOrdinals  |   3      |   0      | ...    do not rely on it
//                              |          |
//   AddressOfFunctions     | RVA | RVA | RVA | RVA |      index + OrdinalBase
//                             0     1     2     3         is the ordinal
//
// A function may have several names or none. One without a name is listed as
// "#7" by its ordinal, so that there is something to call it by.
//
// An RVA that points back into the table is no code but a string,
// "NTDLL.RtlAllocateHeap": a forwarder, see pe_resolve.c.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

// Ordinals have 16 bits. Names could be more; in no real file they are.
#define EXPORTS_MAX 65536u

static uint16_t stage_u16(const struct pe *pe, uint32_t rva)
{
    uint16_t value;

    memcpy(&value, pe->image->stage + rva, sizeof value);
    return value;
}

// Whole tables are judged at once, so that reading them entry by entry needs
// no check of its own.
static bool check_table(struct pe *pe, const struct pe_export *table,
                        uint32_t rva)
{
    if (table->NumberOfFunctions > EXPORTS_MAX ||
        table->OrdinalBase > EXPORTS_MAX - table->NumberOfFunctions)
        return load_refuse(pe->error, "NumberOfFunctions", "RVA",
                           rva + offsetof(struct pe_export, NumberOfFunctions),
                           table->NumberOfFunctions,
                           "with OrdinalBase, more than 16-bit ordinals");
    if (table->NumberOfNames > EXPORTS_MAX)
        return load_refuse(pe->error, "NumberOfNames", "RVA",
                           rva + offsetof(struct pe_export, NumberOfNames),
                           table->NumberOfNames, "more than 65536 names");
    return pe_in_image(pe, "AddressOfFunctions", table->AddressOfFunctions,
                       table->NumberOfFunctions, 4) &&
           pe_in_image(pe, "AddressOfNames", table->AddressOfNames,
                       table->NumberOfNames, 4) &&
           pe_in_image(pe, "AddressOfNameOrdinals",
                       table->AddressOfNameOrdinals, table->NumberOfNames, 2);
}

// The DLL that a forwarder names comes with this one, if it is at hand.
static bool publish_forward(struct pe *pe, const char *name, uint32_t rva)
{
    struct image *image = pe->image, *needed;
    const char *text = pe_string(pe, "a forwarder", rva);
    struct image_export *export = &image->export[image->exports - 1];
    struct pe_forward forward;

    if (!text)
        return false;
    if (!pe_forward_split(text, &forward))
        return load_fail(pe->error,
                         "the forwarder of export %s at RVA 0x%x is \"%s\", "
                         "not DLL.NAME",
                         name, rva, text);
    export->forward = build_name(image, text);
    if (export->forward == BUILD_NO_NAME)
        return load_fail(pe->error, "no memory for the exports");
    return pe_dll(pe, forward.dll, &needed);
}

static bool publish(struct pe *pe, const struct pe_export *table,
                    const char *name, uint32_t index)
{
    struct pe_directory where = pe_directory(pe, DIR_EXPORT);
    struct image *image = pe->image;
    uint32_t rva = build_get(image, table->AddressOfFunctions + 4 * index);

    if (rva >= pe->header->SizeOfImage)
        return load_fail(pe->error,
                         "export %s has RVA 0x%x, outside the "
                         "image",
                         name, rva);
    if (!build_export(pe->in, name, (uint32_t)(uintptr_t)image->base + rva))
        return false;
    if (!pe->detail->function[index])
        pe->detail->function[index] = image->exports;
    image->export[image->exports - 1].ordinal = table->OrdinalBase + index;
    // One comparison for both ends: below the table the difference wraps.
    if (rva - where.VirtualAddress >= where.Size)
        return true;
    image->export[image->exports - 1].address = 0;
    return publish_forward(pe, name, rva);
}

// Three tables lead from a name to an address; each index into the next one
// is the file's word.
static bool publish_name(struct pe *pe, const struct pe_export *table,
                         uint32_t i)
{
    uint32_t name = build_get(pe->image, table->AddressOfNames + 4 * i);
    // Not the ordinal that others import by, which has OrdinalBase added,
    // but an index. Tools of the past have mixed them up. [PE "Export
    // Ordinal Table"]
    uint32_t index = stage_u16(pe, table->AddressOfNameOrdinals + 2 * i);
    const char *text = pe_string(pe, "the name of an export", name);

    if (!text)
        return false;
    if (index >= table->NumberOfFunctions)
        return load_fail(pe->error,
                         "export %s at RVA 0x%x has ordinal %u of %u", text,
                         table->AddressOfNameOrdinals + 2 * i, index,
                         table->NumberOfFunctions);
    return publish(pe, table, text, index);
}

// RVA 0 is a number that was left out.
static bool publish_nameless(struct pe *pe, const struct pe_export *table,
                             uint32_t index)
{
    char name[12];

    if (pe->detail->function[index] ||
        build_get(pe->image, table->AddressOfFunctions + 4 * index) == 0)
        return true;
    ksnprintf(name, sizeof name, "#%u", table->OrdinalBase + index);
    return publish(pe, table, name, index);
}

bool pe_publish(struct pe *pe)
{
    struct pe_directory where = pe_directory(pe, DIR_EXPORT);
    struct pe_detail *detail = pe->detail;
    struct pe_export table;

    if (where.VirtualAddress == 0)
        return true;
    if (!pe_in_image(pe, "the export table", where.VirtualAddress, 1,
                     sizeof table))
        return false;
    memcpy(&table, pe->image->stage + where.VirtualAddress, sizeof table);
    if (!check_table(pe, &table, where.VirtualAddress))
        return false;
    detail->functions = table.NumberOfFunctions;
    detail->ordinal_base = table.OrdinalBase;
    detail->function = heap_zalloc(table.NumberOfFunctions + 1,
                                   sizeof *detail->function);
    if (!detail->function)
        return load_fail(pe->error, "no memory for the exports");
    for (uint32_t i = 0; i < table.NumberOfNames; i++)
        if (!publish_name(pe, &table, i))
            return false;
    for (uint32_t i = 0; i < table.NumberOfFunctions; i++)
        if (!publish_nameless(pe, &table, i))
            return false;
    return true;
}

const struct image_export *pe_export_at(const struct image *image,
                                        uint32_t ordinal)
{
    const struct pe_detail *detail = image->detail;
    uint32_t index = ordinal - (detail ? detail->ordinal_base : 0);

    if (image->format != &pe_format || index >= detail->functions ||
        !detail->function[index])
        return NULL;
    return &image->export[detail->function[index] - 1];
}

// In the second pass, when all files of the set have said what they offer.
// A circle of forwarders is found here, whether anybody asks for it or not.
bool pe_follow_forwards(struct pe *pe)
{
    struct image *image = pe->image;
    struct pe_forward forward;

    for (uint32_t i = 0; i < image->exports; i++) {
        struct image_export *export = &image->export[i];
        if (!export->forward)
            continue;
        pe_forward_split(image->names + export->forward, &forward);
        struct lookup lookup = {.dll = forward.dll, .name = forward.symbol};
        if (!pe_resolve(pe, export, &lookup))
            return false;
        export->address = lookup.address;
    }
    return true;
}
