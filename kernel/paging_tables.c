// SPDX-License-Identifier: MIT
// Two formats, one shape: a root, directories of tables, tables of pages.
//
//   two-level   10 | 10 | 12   32-bit entries, no NX
//   PAE       2 | 9 | 9 | 12   64-bit entries, NX in bit 63
//
// An entry, in either format; a 32-bit one simply ends at bit 31:
//
//    63   51              12   9        4   3   2   1   0
//   | NX | physical address | E |..| PCD PWT | U | W | P |
//
//   P present   W writable   U ring 3 may   E ours: "meant to be executed"
//
// Ring 0 respects a missing W only because boot/start.S has set CR0.WP.
//
// The format was chosen in boot/start.S. The door maps its alias through
// this file, so it lies in the part of text that is never patched.
// [SDM3 4.3, 4.4]
#include "kernel/paging_tables.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/string.h"

struct paging_format paging_format;
// cr3 holds only bits 31..5 of the address: hence the alignment. [SDM3 4.4.1]
uint64_t paging_root_pae[4] __attribute__((aligned(32)));

// Both formats widen to 64 bits, so that the rest of the file knows only one.
uint64_t paging_entry_get(const void *table, uint32_t i)
{
    return paging_format.pae ? ((const uint64_t *)table)[i]
                             : ((const uint32_t *)table)[i];
}

// A PAE entry has two halves, and the CPU may walk the table between two
// stores: NX would come a moment after "present". CMPXCHG8B, which every
// i686 has, stores both at once.
void paging_entry_set(void *table, uint32_t i, uint64_t value)
{
    if (!paging_format.pae) {
        ((volatile uint32_t *)table)[i] = (uint32_t)value;
        return;
    }
    uint64_t *slot = (uint64_t *)table + i, old;
    do
        old = *slot;
    while (!__sync_bool_compare_and_swap(slot, old, value));
}

// The index in the last level: 512 entries of 8 bytes or 1024 of 4.
uint32_t paging_index(uintptr_t va)
{
    return paging_format.pae ? va >> 12 & 511 : va >> 12 & 1023;
}

// A table that is not cleared would map whatever its old bytes say.
void *paging_new_table(void)
{
    void *table = pages_alloc(1);
    if (!table)
        panic("no memory for page tables");
    return memset(table, 0, PAGE_SIZE);
}

// Tables come from pages_alloc, so the direct map always shows them. It needs
// no slot of its own and no recursive entry.
static void *table_of(uint64_t entry)
{
    return virt_of((uintptr_t)(entry & ENTRY_ADDRESS));
}

// The directory for `va` and the index in it. NULL if PAE has none yet and
// `create` is false.
//
//   PAE        va | 31 30 | 29    21 | 20    12 | 11   0 |
//                   root    directory   table     offset
//   two-level  va | 31       22 | 21       12 | 11   0 |
//                   directory     table         offset
void *paging_directory(uintptr_t va, uint32_t *index, bool create)
{
    if (!paging_format.pae) {
        *index = va >> 22;
        return paging_format.root;
    }
    *index = va >> 21 & 511;
    uint64_t *slot = &paging_root_pae[va >> 30];
    if (!*slot && create) {
        // Writable is reserved here: a set bit would fault at the load.
        *slot = phys_of(paging_new_table()) | ENTRY_PRESENT;
        // The CPU keeps the four root entries; only a CR3 load renews them.
        if (read_cr3() == phys_of(paging_root_pae))
            write_cr3(read_cr3());
    }
    return *slot ? table_of(*slot) : NULL;
}

// The page table for `va`, or NULL.
void *paging_table(uintptr_t va, bool create)
{
    uint32_t i;
    void *dir = paging_directory(va, &i, create);
    if (!dir)
        return NULL;
    uint64_t entry = paging_entry_get(dir, i);
    if (!entry && create) {
        entry = phys_of(paging_new_table()) | ENTRY_DIRECTORY;
        paging_entry_set(dir, i, entry);
    }
    return entry ? table_of(entry) : NULL;
}

uint32_t paging_rights_bits(unsigned rights)
{
    return (uint32_t)((rights & PAGE_WRITE ? ENTRY_WRITE : 0) |
                      (rights & PAGE_USER ? ENTRY_USER : 0) |
                      (rights & PAGE_UNCACHED ? ENTRY_UNCACHED : 0) |
                      (rights & PAGE_EXEC ? ENTRY_EXEC : 0));
}

// The entry for a page. Where there is no NX the intent bit still tells
// readable from executable, so paging_lookup answers the same everywhere.
uint64_t paging_make_entry(uint64_t pa, unsigned rights)
{
    uint64_t e = pa | ENTRY_PRESENT | ENTRY_USED | paging_rights_bits(rights);
    return paging_format.nx && !(rights & PAGE_EXEC) ? e | ENTRY_NX : e;
}
