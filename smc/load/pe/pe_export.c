// SPDX-License-Identifier: MIT
// The export table: names that others may call. [PE "The .edata Section"]
//
//   AddressOfNames         | name RVA | name RVA | ...    sorted, but we
//   AddressOfNameOrdinals  |   3      |   0      | ...    do not rely on it
//   AddressOfFunctions     | RVA | RVA | RVA | RVA |
//
// An RVA that points back into the table is no code but a string,
// "NTDLL.RtlAllocateHeap": a forwarder. It is listed and not followed, so
// that two DLLs that forward to each other are no loop.
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

static uint16_t stage_u16(const struct pe *pe, uint32_t rva)
{
    uint16_t value;

    memcpy(&value, pe->image->stage + rva, sizeof value);
    return value;
}

// Three tables lead from a name to an address; each index into the next one
// is the file's word.
static bool publish_name(struct pe *pe, const struct pe_export *table,
                         struct pe_directory where, uint32_t index)
{
    uint32_t name = build_get(pe->image, table->AddressOfNames + 4 * index);
    uint32_t ordinal = stage_u16(pe, table->AddressOfNameOrdinals + 2 * index);
    const char *text = pe_string(pe, "the name of an export", name);
    uint32_t rva, address = 0;

    if (!text)
        return false;
    // Not the ordinal that others import by, which has OrdinalBase added,
    // but an index. Tools of the past have mixed them up. [PE "Export
    // Ordinal Table"]
    if (ordinal >= table->NumberOfFunctions)
        return load_fail(pe->error, "export %s has ordinal %u of %u", text,
                         ordinal, table->NumberOfFunctions);
    rva = build_get(pe->image, table->AddressOfFunctions + 4 * ordinal);
    if (rva >= pe->header->SizeOfImage)
        return load_fail(pe->error,
                         "export %s has RVA 0x%x, outside the "
                         "image",
                         text, rva);
    // One comparison for both ends: below the table the difference wraps.
    if (rva - where.VirtualAddress >= where.Size)
        address = (uint32_t)(uintptr_t)pe->image->base + rva;
    return build_export(pe->in, text, address);
}

// Functions that are exported by ordinal only have no name and cannot be
// asked for here.
bool pe_publish(struct pe *pe)
{
    struct pe_directory where = pe_directory(pe, DIR_EXPORT);
    struct pe_export table;

    if (where.VirtualAddress == 0)
        return true;
    if (!pe_in_image(pe, "the export table", where.VirtualAddress, 1,
                     sizeof table))
        return false;
    memcpy(&table, pe->image->stage + where.VirtualAddress, sizeof table);
    // Whole tables are judged at once, so that reading them entry by entry
    // needs no check of its own.
    if (!pe_in_image(pe, "AddressOfFunctions", table.AddressOfFunctions,
                     table.NumberOfFunctions, 4) ||
        !pe_in_image(pe, "AddressOfNames", table.AddressOfNames,
                     table.NumberOfNames, 4) ||
        !pe_in_image(pe, "AddressOfNameOrdinals", table.AddressOfNameOrdinals,
                     table.NumberOfNames, 2))
        return false;
    for (uint32_t i = 0; i < table.NumberOfNames; i++)
        if (!publish_name(pe, &table, where, i))
            return false;
    return true;
}
