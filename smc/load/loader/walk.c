// SPDX-License-Identifier: MIT
// Reading .reloc the short way, as the format's description says it.
//
// Two programs that read one table in the same way share their mistakes. So
// this one reads from the file where pe_reloc.c reads from the stage, takes
// no account of rights or claims, and has no code in common with it.
#include "smc/load/loader/walk.h"
#include "kernel/string.h"
#include "smc/load/build.h"
#include "smc/load/pe/pe_format.h"

const struct pe_header *walk_header(const struct module *dll)
{
    const struct dos_header *dos = (const void *)dll->data;

    return (const void *)(dll->data + dos->e_lfanew);
}

uint32_t walk_offset(const struct module *dll, uint32_t rva, bool *code)
{
    const struct pe_header *header = walk_header(dll);
    const struct pe_section *section =
        (const void *)((const uint8_t *)&header->Magic +
                       header->SizeOfOptionalHeader);

    for (uint32_t i = 0; i < header->NumberOfSections; i++, section++)
        if (rva - section->VirtualAddress < section->SizeOfRawData) {
            *code = section->Characteristics & PE_SECTION_EXECUTE;
            return rva - section->VirtualAddress + section->PointerToRawData;
        }
    *code = false;
    return rva; // in the headers, which lie at their file offset
}

// Short, because it may trust the file: pe_reloc.c has judged it before.
static uint32_t walk_block(const struct module *dll, uint32_t page,
                           const uint8_t *entries, uint32_t count,
                           void (*fn)(const struct walk_word *, void *),
                           void *arg)
{
    uint32_t words = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t entry = entries[2 * i] | (uint32_t)entries[2 * i + 1] << 8;
        struct walk_word word = {.rva = page + (entry & 0xfff)};
        // Padding: it has no word.
        if (entry >> 12 != PE_REL_HIGHLOW)
            continue;
        word.value = ((const struct word *)(dll->data +
                                            walk_offset(dll, word.rva,
                                                        &word.code)))
                         ->value;
        fn(&word, arg);
        words++;
    }
    return words;
}

uint32_t walk_relocations(const struct module *dll,
                          void (*fn)(const struct walk_word *word, void *arg),
                          void *arg)
{
    struct pe_directory table = walk_header(dll)->Directory[DIR_RELOC];
    struct pe_reloc_block block;
    uint32_t words = 0;
    bool code;

    for (uint32_t at = 0; at < table.Size; at += block.SizeOfBlock) {
        const uint8_t *from = dll->data +
                              walk_offset(dll, table.VirtualAddress + at,
                                          &code);
        // The directory lies in one section, so that consecutive RVAs are
        // consecutive in the file, too; looked up each time all the same.
        memcpy(&block, from, sizeof block);
        words += walk_block(dll, block.VirtualAddress, from + sizeof block,
                            (block.SizeOfBlock - sizeof block) / 2, fn, arg);
    }
    return words;
}

// The tables are read where they lie in the file.
static const void *walk_at(const struct module *dll, uint32_t rva)
{
    bool code;

    return dll->data + walk_offset(dll, rva, &code);
}

uint32_t walk_import(const struct module *dll, const char *symbol,
                     uint32_t *count)
{
    const struct pe_import *entry = walk_at(
        dll, walk_header(dll)->Directory[DIR_IMPORT].VirtualAddress);
    uint32_t slot = 0;

    for (*count = 0; entry->Name; entry++) {
        const uint32_t *thunk = walk_at(dll, entry->OriginalFirstThunk);
        for (uint32_t i = 0; thunk[i]; i++, (*count)++)
            // The names and the slots are parallel tables: the index of one
            // is the index of the other.
            if (!(thunk[i] & PE_BY_ORDINAL) &&
                strcmp(walk_at(dll, thunk[i] + 2), symbol) == 0)
                slot = entry->FirstThunk + 4 * i;
    }
    return slot;
}
