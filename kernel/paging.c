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
#include "kernel/paging.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/spinlock.h"
#include "kernel/string.h"

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

#define DEVICE_WINDOW 0xf8000000u
#define DEVICE_WINDOW_END PAGING_ALIAS
#define CR4_PAE_BIT 0x20u
#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u // without it bit 63 is reserved

// Fixed by paging_init. Until then both are false and nobody may ask.
static bool pae, nx;
// The four root entries of PAE. cr3 holds only bits 31..5 of their address,
// hence the alignment. [SDM3 4.4.1]
static uint64_t pae_root[4] __attribute__((aligned(32)));
static void *root; // pae_root, or the page directory
static uintptr_t device_next = DEVICE_WINDOW;
// Two CPUs that make tables at once would each make one for the same place.
// Readers take none: an entry is read in one piece.
static struct spinlock lock;

// Both formats widen to 64 bits, so that the rest of the file knows only one.
static uint64_t entry_get(const void *table, uint32_t i)
{
    return pae ? ((const uint64_t *)table)[i] : ((const uint32_t *)table)[i];
}

// A PAE entry has two halves, and the CPU may walk the table between two
// stores: NX would come a moment after "present". CMPXCHG8B, which every
// i686 has, stores both at once.
static void entry_set(void *table, uint32_t i, uint64_t value)
{
    if (!pae) {
        ((volatile uint32_t *)table)[i] = (uint32_t)value;
        return;
    }
    uint64_t *slot = (uint64_t *)table + i, old;
    do
        old = *slot;
    while (!__sync_bool_compare_and_swap(slot, old, value));
}

// The index in the last level: 512 entries of 8 bytes or 1024 of 4.
static uint32_t table_index(uintptr_t va)
{
    return pae ? va >> 12 & 511 : va >> 12 & 1023;
}

// A table that is not cleared would map whatever its old bytes say.
static void *new_table(void)
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
static void *directory(uintptr_t va, uint32_t *index, bool create)
{
    if (!pae) {
        *index = va >> 22;
        return root;
    }
    *index = va >> 21 & 511;
    uint64_t *slot = &pae_root[va >> 30];
    if (!*slot && create) {
        // Writable is reserved here: a set bit would fault at the load.
        *slot = phys_of(new_table()) | ENTRY_PRESENT;
        // The CPU keeps the four root entries; only a CR3 load renews them.
        if (read_cr3() == phys_of(pae_root))
            write_cr3(read_cr3());
    }
    return *slot ? table_of(*slot) : NULL;
}

// The page table for `va`, or NULL.
static void *page_table(uintptr_t va, bool create)
{
    uint32_t i;
    void *dir = directory(va, &i, create);
    if (!dir)
        return NULL;
    uint64_t entry = entry_get(dir, i);
    if (!entry && create) {
        entry = phys_of(new_table()) | ENTRY_DIRECTORY;
        entry_set(dir, i, entry);
    }
    return entry ? table_of(entry) : NULL;
}

static uint32_t rights_bits(unsigned rights)
{
    return (uint32_t)((rights & PAGE_WRITE ? ENTRY_WRITE : 0) |
                      (rights & PAGE_USER ? ENTRY_USER : 0) |
                      (rights & PAGE_UNCACHED ? ENTRY_UNCACHED : 0) |
                      (rights & PAGE_EXEC ? ENTRY_EXEC : 0));
}

// The entry for a page. Where there is no NX the intent bit still tells
// readable from executable, so paging_lookup answers the same everywhere.
static uint64_t make_entry(uint64_t pa, unsigned rights)
{
    uint64_t e = pa | ENTRY_PRESENT | ENTRY_USED | rights_bits(rights);
    return nx && !(rights & PAGE_EXEC) ? e | ENTRY_NX : e;
}

// Sets or, with 0, clears one entry. The order matters: first the table, then
// what the CPU remembers of it. The other way round it could fetch the old
// entry again in between. [SDM3 4.10.4] Returns whether other CPUs may remember
// something else: nobody remembers that a page is not there.
static bool map_one(uintptr_t va, uint64_t entry)
{
    void *table = page_table(va, entry != 0);
    uint64_t old = table ? entry_get(table, table_index(va)) : 0;
    if (table)
        entry_set(table, table_index(va), entry);
    invlpg((const void *)va);
    return (old & ENTRY_PRESENT) && old != entry;
}

// The door's window: mapped by the one CPU that has the door's lock, which has
// it in its TLB alone. Its table exists, and it is gone before anybody else
// maps it: so neither lock nor shootdown. Nor for the edge of loaded code's
// stack, which one CPU uses: whoever holds the lock may be who needs the room.
static bool is_private(uintptr_t va)
{
    return va >= PAGING_ALIAS || va == (uintptr_t)foreign_stack.edge;
}

void paging_map(uintptr_t va, uint64_t pa, size_t count, unsigned rights)
{
    if (is_private(va)) {
        for (size_t i = 0; i < count; i++)
            map_one(va + i * PAGE_SIZE,
                    make_entry(pa + i * PAGE_SIZE, rights));
        return;
    }
    bool on = spin_lock(&lock);
    uint64_t root_entry = pae ? pae_root[va >> 30] : 1;
    bool stale = !root_entry; // the CPUs keep the root entries: see directory
    for (size_t i = 0; i < count; i++)
        stale |= map_one(va + i * PAGE_SIZE,
                         make_entry(pa + i * PAGE_SIZE, rights));
    if (stale)
        tlb_flush_others();
    spin_unlock(&lock, on);
}

static void unmap(uintptr_t va, size_t count)
{
    bool stale = false;
    for (size_t i = 0; i < count; i++)
        stale |= map_one(va + i * PAGE_SIZE, 0);
    if (stale && !is_private(va))
        tlb_flush_others();
}

void paging_unmap(uintptr_t va, size_t count)
{
    if (is_private(va)) {
        unmap(va, count);
        return;
    }
    bool on = spin_lock(&lock);
    unmap(va, count);
    spin_unlock(&lock, on);
}

static bool is_empty(const uint32_t *table)
{
    uint32_t i = 0;
    while (i < PAGE_SIZE / 4 && !table[i])
        i++;
    return i == PAGE_SIZE / 4;
}

// Out of the tree first; INVLPG also forgets what the CPU keeps of the upper
// levels [SDM3 4.10.4.1], but the four root entries only go with cr3. A table
// freed before that would be walked with its next owner's bytes in it: on this
// CPU or, speculatively, on another.
static void drop_empty(uintptr_t va)
{
    uint32_t i;
    void *dir = directory(va, &i, false);
    void *table = page_table(va, false);
    if (!table || !is_empty(table))
        return;
    entry_set(dir, i, 0);
    bool dir_too = pae && is_empty(dir);
    if (dir_too) {
        pae_root[va >> 30] = 0;
        write_cr3(read_cr3());
    }
    invlpg((const void *)va);
    tlb_flush_others();
    pages_free(table, 1);
    if (dir_too)
        pages_free(dir, 1);
}

// Above KERNEL_BASE tables stay: the door must find that of its alias.
void paging_release(uintptr_t va, size_t count)
{
    uintptr_t reach = (pae ? 512 : 1024) * PAGE_SIZE, end;
    end = va + count * PAGE_SIZE;
    bool on = spin_lock(&lock);
    unmap(va, count);
    for (uintptr_t at = va & ~(reach - 1); at < end && at < KERNEL_BASE;
         at += reach)
        drop_empty(at);
    spin_unlock(&lock, on);
}

// Reads the tables, never the TLB: it tells what the next walk will find.
bool paging_lookup(const void *va, struct page_info *info)
{
    const void *table = page_table((uintptr_t)va, false);
    uint64_t e = table ? entry_get(table, table_index((uintptr_t)va)) : 0;
    if (!(e & ENTRY_PRESENT))
        return false;
    info->pa = e & ENTRY_ADDRESS;
    info->rights = (e & ENTRY_WRITE ? PAGE_WRITE : 0) |
                   (e & ENTRY_EXEC ? PAGE_EXEC : 0) |
                   (e & ENTRY_USER ? PAGE_USER : 0) |
                   (e & ENTRY_UNCACHED ? PAGE_UNCACHED : 0);
    return true;
}

// The table of a page, when that of the page before it is known: one look for
// each 2 or 4 MiB.
static void *next_table(void *table, uintptr_t va)
{
    return table && table_index(va) ? table : page_table(va, false);
}

// True if other CPUs may remember something else. What this CPU remembers is
// the caller's to renew.
static bool set_rights(const void *va, size_t count, unsigned rights)
{
    uintptr_t at = (uintptr_t)va;
    uint64_t bits = make_entry(0, rights);
    void *table = NULL;
    bool stale = false;
    for (size_t i = 0; i < count; i++, at += PAGE_SIZE) {
        table = next_table(table, at);
        uint64_t old = table ? entry_get(table, table_index(at)) : 0;
        if (!(old & ENTRY_PRESENT))
            panic("paging_protect: %p is not mapped", (void *)at);
        entry_set(table, table_index(at), (old & ENTRY_ADDRESS) | bits);
        stale |= old != ((old & ENTRY_ADDRESS) | bits);
    }
    return stale;
}

void paging_protect(const void *va, size_t count, unsigned rights)
{
    bool on = spin_lock(&lock), stale = set_rights(va, count, rights);
    for (size_t i = 0; i < count; i++)
        invlpg((const uint8_t *)va + i * PAGE_SIZE);
    if (stale)
        tlb_flush_others();
    spin_unlock(&lock, on);
}

void paging_protect_later(const void *va, size_t count, unsigned rights)
{
    bool on = spin_lock(&lock);
    set_rights(va, count, rights);
    spin_unlock(&lock, on);
}

// No entry is global, so that a CR3 load forgets them all. Above some tens of
// pages that is cheaper than an INVLPG for each: Linux draws the line at 33
// (tlb_single_page_flush_ceiling).
void paging_flush(void)
{
    write_cr3(read_cr3());
    tlb_flush_others();
}

bool paging_all(const void *va, size_t count, unsigned mask, unsigned rights)
{
    uintptr_t at = (uintptr_t)va;
    uint32_t wanted = (uint32_t)ENTRY_PRESENT | rights_bits(rights);
    mask = (uint32_t)ENTRY_PRESENT | rights_bits(mask);
    void *table = NULL;
    for (size_t i = 0; i < count; i++, at += PAGE_SIZE) {
        table = next_table(table, at);
        if (!table ||
            ((uint32_t)entry_get(table, table_index(at)) & mask) != wanted)
            return false;
    }
    return true;
}

// Takes addresses from the window; 0 if it is full.
static uintptr_t take_window(size_t count)
{
    bool on = spin_lock(&lock);
    uintptr_t va = 0;
    if (count <= (DEVICE_WINDOW_END - device_next) / PAGE_SIZE) {
        va = device_next;
        device_next += count * PAGE_SIZE;
    }
    spin_unlock(&lock, on);
    return va;
}

void *paging_map_device(uint64_t pa, size_t bytes, unsigned rights)
{
    // A device register block may begin anywhere in a page.
    uintptr_t offset = (uintptr_t)pa & (PAGE_SIZE - 1);
    size_t count = PAGE_ALIGN_UP(offset + bytes) / PAGE_SIZE;
    uintptr_t va = take_window(count);
    if (!va)
        return NULL;
    paging_map(va, pa - offset, count, rights);
    return (void *)(va + offset);
}

static void walk_table(uintptr_t va, uint32_t pages,
                       void (*fn)(uintptr_t, const struct page_info *, void *),
                       void *arg)
{
    struct page_info info;
    for (uint32_t i = 0; i < pages; i++, va += PAGE_SIZE)
        if (paging_lookup((const void *)va, &info))
            fn(va, &info, arg);
}

// One step per page table; those that do not exist are skipped whole. The loop
// ends when va wraps around to 0.
void paging_walk(void (*fn)(uintptr_t va, const struct page_info *, void *),
                 void *arg)
{
    uint32_t pages = pae ? 512 : 1024;
    uintptr_t va = 0;
    do {
        if (page_table(va, false))
            walk_table(va, pages, fn, arg);
        va += pages * PAGE_SIZE;
    } while (va);
}

// Runs on the boot tables and builds the final ones beside them. Nothing
// changes until the one write to cr3; from its next instruction on the low
// mapping is gone.
void paging_init(void)
{
    pae = read_cr4() & CR4_PAE_BIT;
    nx = pae && cpu.nx;
    if (nx)
        // Before the first entry with NX is used. A set bit 63 without NXE is
        // a reserved bit, and every access through it would fault.
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    root = pae ? (void *)pae_root : new_table();
    paging_map_kernel();
    // The alias window's table must exist before the door needs it.
    page_table(PAGING_ALIAS, true);
    write_cr3(phys_of(root));
    // A double fault from here on must find the same memory.
    gdt_set_cr3(phys_of(root));
}

bool paging_has_nx(void)
{
    return nx;
}

bool paging_is_pae(void)
{
    return pae;
}
