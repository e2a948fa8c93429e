// SPDX-License-Identifier: MIT
// The import table: which functions of which DLLs the image calls.
// [PE "The .idata Section"]
//
//   entry  OriginalFirstThunk ---> | name | name | 0 |   read
//          Name "msvcrt.dll"
//          FirstThunk -----------> | addr | addr | 0 |   written: the IAT
//
// Code calls through the IAT, `call *[iat]`. So binding an import changes a
// word of data and no code at all: the non-modifying way to link.
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

// After binding, in zlib1.dll:
//
//   .text   ff 15 98 91 24 c0    call *[0xc0249198]  (a relocated word, too)
//                                         |
//   .idata  slot of malloc  | c0114210 | <'  --> host_alloc, in the kernel
//           slot of _open   | c024e180 | ----.
//                                            v
//   stubs   68 .. .. .. ..  push $record  <--'   nobody offers _open
//           e8 .. .. .. ..  call resolve_refused
//
// Two passes over the same tables, as the stubs must have their pages before
// the image can have its address, and their number is known only by counting.
struct import {
    const char *dll, *symbol;
    uint32_t slot; // RVA of its word in the IAT
    char ordinal[12];
};

// Reads one thunk. A name is preceded by a 16-bit hint, which only speeds up
// a search and is not needed.
static bool read_thunk(struct pe *pe, uint32_t thunk, struct import *import)
{
    // An ordinal is a place in the other DLL's export table. The kernel has
    // no such table, so the stub will tell the number.
    if (thunk & PE_BY_ORDINAL) {
        ksnprintf(import->ordinal, sizeof import->ordinal, "#%u",
                  thunk & 0xffff);
        import->symbol = import->ordinal;
        return true;
    }
    // Below 2^31, so that adding 2 cannot wrap.
    import->symbol = pe_string(pe, "the name of an import", thunk + 2);
    return import->symbol;
}

// Old linkers leave OriginalFirstThunk 0; then the IAT itself holds the names
// until it is bound. Each slot is read before it is written.
static bool walk_thunks(struct pe *pe, const struct pe_import *entry,
                        bool (*fn)(struct pe *, const struct import *))
{
    uint32_t names = entry->OriginalFirstThunk ? entry->OriginalFirstThunk
                                               : entry->FirstThunk;
    struct import import = {.slot = entry->FirstThunk};

    import.dll = pe_string(pe, "the name of a DLL", entry->Name);
    if (!import.dll)
        return false;
    for (;; names += 4, import.slot += 4) {
        // One word at a time: the list has no length, only an end.
        if (!pe_in_image(pe, "import names", names, 1, 4) ||
            !pe_in_image(pe, "the IAT", import.slot, 1, 4))
            return false;
        uint32_t thunk = build_get(pe->image, names);
        if (thunk == 0)
            return true;
        if (!read_thunk(pe, thunk, &import) || !fn(pe, &import))
            return false;
    }
}

// Ends at a zero entry or at the end of the image, whichever is first: `rva`
// only grows.
static bool walk_imports(struct pe *pe,
                         bool (*fn)(struct pe *, const struct import *))
{
    struct pe_directory table = pe_directory(pe, DIR_IMPORT);
    struct pe_import entry;

    if (table.VirtualAddress == 0)
        return true;
    for (uint32_t rva = table.VirtualAddress;; rva += sizeof entry) {
        // Windows ignores the directory's Size; a zero entry ends it.
        if (!pe_in_image(pe, "the import table", rva, 1, sizeof entry))
            return false;
        memcpy(&entry, pe->image->stage + rva, sizeof entry);
        // Some linkers leave rubbish in the other fields of the last entry.
        if (entry.Name == 0 && entry.FirstThunk == 0)
            return true;
        if (!walk_thunks(pe, &entry, fn))
            return false;
    }
}

static bool count_import(struct pe *pe, const struct import *import)
{
    (void)import;
    return pe->imports++ < PE_IMPORTS_MAX ||
           load_fail(pe->error, "more than %u imports", PE_IMPORTS_MAX);
}

bool pe_count_imports(struct pe *pe)
{
    return walk_imports(pe, count_import);
}

static bool bind_slot(struct pe *pe, const struct import *import)
{
    struct image *image = pe->image;
    uint32_t address;

    // An IAT that lies upon the import table changes what is still to be
    // read, and there could be more imports than were counted.
    if (image->bound + image->refused == pe->imports)
        return load_fail(pe->error, "binding changes the import table");
    if (import->slot < pe->header->SizeOfHeaders ||
        !build_claim(pe->in, import->slot, 4, "an import"))
        return load_fail(pe->error,
                         "the IAT slot at RVA 0x%x for %s is in "
                         "the headers, in no section, or bound twice",
                         import->slot, import->symbol);
    // Claimed first: a slot that is bound twice, or that a base relocation
    // names as well, would hold the sum of two addresses.
    if (!resolve_import(pe->in, import->dll, import->symbol, &address))
        return false;
    build_tell(pe->in,
               &(struct fixup){import->slot, 4, "import", import->symbol,
                               build_get(image, import->slot), address});
    build_put(image, import->slot, address);
    return true;
}

bool pe_bind_imports(struct pe *pe)
{
    return resolve_prepare(pe->in, pe->header->SizeOfImage, pe->imports) &&
           walk_imports(pe, bind_slot) && resolve_finish(pe->in);
}
