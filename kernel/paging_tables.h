// SPDX-License-Identifier: MIT
// Between the files of paging: the tables themselves. Both formats widen to
// entries of 64 bits here, so that nobody else knows there are two.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define ENTRY_PRESENT 0x001ull
#define ENTRY_WRITE 0x002ull
#define ENTRY_USER 0x004ull
#define ENTRY_UNCACHED 0x018ull // PWT and PCD
// Accessed and dirty. Nobody here asks for them; set at once they spare the
// processor a locked write to the table at the first use of each page.
#define ENTRY_USED 0x060ull
#define ENTRY_EXEC 0x200ull // ignored by hardware: our intent
#define ENTRY_NX 0x8000000000000000ull
#define ENTRY_ADDRESS 0x000ffffffffff000ull
// Rights are the intersection over all levels, so the upper one allows all and
// the page table alone decides. [SDM3 4.6]
#define ENTRY_DIRECTORY (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER)

// Fixed by paging_init. Until then all are zero and nobody may ask.
struct paging_format {
    bool pae, nx;
    void *root; // what CR3 names: four entries of PAE, or a directory
};
extern struct paging_format paging_format;

// The four root entries of PAE.
extern uint64_t paging_root_pae[4];

uint64_t paging_entry_get(const void *table, uint32_t i);
void paging_entry_set(void *table, uint32_t i, uint64_t value);

// The index in the last level: 512 entries of 8 bytes or 1024 of 4.
uint32_t paging_index(uintptr_t va);

// The directory for `va` and the index in it, and the page table. NULL if
// there is none and `create` is false; panics without memory for one.
void *paging_directory(uintptr_t va, uint32_t *index, bool create);
void *paging_table(uintptr_t va, bool create);

// A table, cleared.
void *paging_new_table(void);

// The entry for a page: rights as in kernel/paging.h. paging_rights_bits are
// those of its bits that both formats have.
uint64_t paging_make_entry(uint64_t pa, unsigned rights);
uint32_t paging_rights_bits(unsigned rights);
