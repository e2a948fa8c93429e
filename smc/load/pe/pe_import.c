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
//
// A *bound* image has addresses in its IAT already, for other DLLs at the
// places where they once were. The names are still there, and those are read.
//
// A *delayed* import has a table of its own and starts with the address of a
// thunk in its slot, which looks the function up at the first call:
//
//   Attributes 1 | Name | ModuleHandle | IAT | names | ...
//                                        |
//                                        '--> | thunk, a relocated word |
//
// Here nothing is gained by waiting, as all DLLs that there can be are in
// memory. So delayed imports are bound at once, and the thunks never run.
// [PE "Delay-Load Import Tables"]
#include "kernel/heap.h"
#include "kernel/pages.h"
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
    bool delayed;
    char ordinal[12];
};

// One DLL's entry of either table: three RVAs.
struct pe_thunks {
    uint32_t dll, names, slots;
    bool more, delayed; // more: false for the entry that ends the table
};

struct pe_table {
    const char *name;
    uint32_t directory, entry;
    bool (*read)(struct pe *pe, uint32_t rva, struct pe_thunks *out);
};

// Reads one thunk. A name is preceded by a 16-bit hint, which only speeds up
// a search and is not needed.
static bool read_thunk(struct pe *pe, uint32_t thunk, struct import *import)
{
    // An ordinal is a place in the other DLL's export table. The kernel's own
    // DLLs have no such table, so their stubs will tell the number.
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

// Each slot is read before it is written: without OriginalFirstThunk, names
// and slots are the same words.
static bool walk_thunks(struct pe *pe, const struct pe_thunks *thunks,
                        bool (*fn)(struct pe *, const struct import *))
{
    uint32_t names = thunks->names;
    struct import import = {.slot = thunks->slots, .delayed = thunks->delayed};

    import.dll = pe_string(pe, "the name of a DLL", thunks->dll);
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

// Old linkers leave OriginalFirstThunk 0; then the IAT itself holds the names
// until it is bound.
static bool read_entry(struct pe *pe, uint32_t rva, struct pe_thunks *out)
{
    struct pe_import entry;

    memcpy(&entry, pe->image->stage + rva, sizeof entry);
    // Some linkers leave rubbish in the other fields of the last entry.
    if (entry.Name == 0 && entry.FirstThunk == 0)
        return true;
    // 0xffffffff says the same and that there is a table of the bindings.
    if (entry.TimeDateStamp && entry.OriginalFirstThunk == 0)
        return load_refuse(pe->error, "OriginalFirstThunk", "RVA", rva, 0,
                           "the imports are bound, and their names are gone");
    *out = (struct pe_thunks){
        .dll = entry.Name,
        .names = entry.OriginalFirstThunk ? entry.OriginalFirstThunk
                                          : entry.FirstThunk,
        .slots = entry.FirstThunk,
        .more = true,
    };
    return true;
}

static bool read_delayed(struct pe *pe, uint32_t rva, struct pe_thunks *out)
{
    struct pe_delay entry;

    memcpy(&entry, pe->image->stage + rva, sizeof entry);
    if (entry.Name == 0 && entry.DelayIAT == 0)
        return true;
    // Visual C++ 6 wrote addresses here. They would be relocated words.
    if (entry.Attributes != 1)
        return load_refuse(pe->error, "Attributes", "RVA", rva,
                           entry.Attributes,
                           "only delayed imports by RVA, 1, are known");
    *out = (struct pe_thunks){
        .dll = entry.Name,
        .names = entry.DelayNames,
        .slots = entry.DelayIAT,
        .more = true,
        .delayed = true,
    };
    return true;
}

// Ends at a zero entry or at the end of the image, whichever is first: `rva`
// only grows. Windows ignores the directory's Size, too.
static bool walk_table(struct pe *pe, const struct pe_table *table,
                       bool (*fn)(struct pe *, const struct import *))
{
    uint32_t rva = pe_directory(pe, table->directory).VirtualAddress;
    struct pe_thunks thunks = {.more = rva};

    for (; thunks.more; rva += table->entry) {
        if (!pe_in_image(pe, table->name, rva, 1, table->entry))
            return false;
        thunks.more = false;
        if (!table->read(pe, rva, &thunks) ||
            (thunks.more && !walk_thunks(pe, &thunks, fn)))
            return false;
    }
    return true;
}

static const struct pe_table imports = {"the import table", DIR_IMPORT,
                                        sizeof(struct pe_import), read_entry};
static const struct pe_table delayed = {"the delayed imports", DIR_DELAY,
                                        sizeof(struct pe_delay), read_delayed};

// What is needed must be in the set before anything is linked.
static bool count_import(struct pe *pe, const struct import *import)
{
    struct image *needed;

    if (pe->imports++ >= PE_IMPORTS_MAX)
        return load_fail(pe->error, "more than %u imports", PE_IMPORTS_MAX);
    // Asked once per DLL as a rule: pe_string gave the same text again.
    if (pe->last_dll == import->dll)
        return true;
    pe->last_dll = import->dll;
    return pe_dll(pe, import->dll, &needed);
}

bool pe_count_imports(struct pe *pe)
{
    return walk_table(pe, &imports, count_import) &&
           walk_table(pe, &delayed, count_import);
}

// Claimed first: a slot that is bound twice, or that a base relocation names
// as well, would hold the sum of two addresses. Only a delayed import's is a
// relocated word by right, and is bound after that.
static bool check_slot(struct pe *pe, const struct import *import)
{
    if (import->slot >= pe->header->SizeOfHeaders &&
        (import->delayed ? pe_in_part(pe->image, import->slot, 4)
                         : build_claim(pe->in, import->slot, 4, "an import")))
        return true;
    return load_fail(pe->error,
                     "the IAT slot at RVA 0x%x for %s is in "
                     "the headers, in no section, or bound twice",
                     import->slot, import->symbol);
}

// That nobody offers it is an error only if all must be bound now. Most
// imports of a DLL are never called by the function that one is interested in.
static bool nobody_offers(struct pe *pe, const struct import *import,
                          uint32_t *address)
{
    char name[2 * NAME_MAX];

    if (pe->in->options->binding != BINDING_NOW)
        return resolve_refuse(pe->in, import->dll, import->symbol, address);
    ksnprintf(name, sizeof name, "%s!%s", import->dll, import->symbol);
    // The set refuses the file when it knows all such names. Until then each
    // of them is counted, as the table is as long as it was.
    load_missing(pe->error, name);
    pe->image->bound++;
    return true;
}

static bool find_import(struct pe *pe, const struct import *import,
                        uint32_t *address)
{
    struct lookup lookup = {.dll = import->dll, .name = import->symbol};

    if (!pe_resolve(pe, NULL, &lookup))
        return false;
    build_tell_lookup(pe->in, &lookup);
    *address = lookup.address;
    if (!*address)
        return nobody_offers(pe, import, address);
    pe->image->bound++;
    return true;
}

static bool bind_slot(struct pe *pe, const struct import *import)
{
    struct image *image = pe->image;
    struct fixup fixup = {import->slot, 4, "import", import->symbol, 0, 0};

    // An IAT that lies upon the import table changes what is still to be
    // read, and there could be more imports than were counted.
    if (image->bound + image->refused == pe->imports)
        return load_fail(pe->error, "binding changes the import table");
    if (!check_slot(pe, import) || !find_import(pe, import, &fixup.after))
        return false;
    fixup.before = build_get(image, import->slot);
    build_tell(pe->in, &fixup);
    build_put(image, import->slot, fixup.after);
    pe->detail->slot[pe->detail->slots++] = import->slot;
    return true;
}

bool pe_bind_imports(struct pe *pe)
{
    // On pages of their own, even if the image ends within one.
    uint32_t stubs = PAGE_ALIGN_UP(pe->header->SizeOfImage);
    struct pe_detail *detail = pe->detail;

    detail->slot = heap_zalloc(pe->imports + 1, sizeof *detail->slot);
    if (!detail->slot)
        return load_fail(pe->error, "no memory for the imports");
    return resolve_prepare(pe->in, stubs, pe->imports) &&
           walk_table(pe, &imports, bind_slot);
}

bool pe_bind_delayed(struct pe *pe)
{
    return walk_table(pe, &delayed, bind_slot) && resolve_finish(pe->in);
}
