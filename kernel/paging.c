// SPDX-License-Identifier: MIT
// Mapping and unmapping, on every CPU at once: one CPU changes the tables at a
// time, and whoever may remember what was there is told to forget it. The door
// maps its alias through this file, so it lies in the part of text that is
// never patched. [SDM3 4.10]
#include "kernel/paging.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/pages.h"
#include "kernel/paging_tables.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include "kernel/spinlock.h"

#define DEVICE_WINDOW 0xf8000000u
#define DEVICE_WINDOW_END PAGING_ALIAS

static uintptr_t device_next = DEVICE_WINDOW;
// Two CPUs that make tables at once would each make one for the same place.
// Readers take none: an entry is read in one piece.
static struct spinlock lock;

// Sets or, with 0, clears one entry. The order matters: first the table, then
// what the CPU remembers of it. The other way round it could fetch the old
// entry again in between. [SDM3 4.10.4] Returns whether other CPUs may
// remember something else: nobody remembers that a page is not there.
static bool map_one(uintptr_t va, uint64_t entry)
{
    void *table = paging_table(va, entry != 0);
    uint64_t old = table ? paging_entry_get(table, paging_index(va)) : 0;
    if (table)
        paging_entry_set(table, paging_index(va), entry);
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

static bool lock_tables(uintptr_t va)
{
    return !is_private(va) && spin_lock(&lock);
}

// Told while the lock is held: else a page could be freed and mapped anew
// before the last CPU has forgotten what it was.
static void unlock_tables(uintptr_t va, bool stale, bool on)
{
    if (is_private(va))
        return;
    if (stale)
        tlb_flush_others();
    spin_unlock(&lock, on);
}

// Is a root entry about to be made? The CPUs keep those, even that there is
// none: see paging_directory.
static bool needs_root(uintptr_t va)
{
    return paging_format.pae && !paging_root_pae[va >> 30];
}

void paging_map(uintptr_t va, uint64_t pa, size_t count, unsigned rights)
{
    bool on = lock_tables(va), stale = false;
    for (size_t i = 0; i < count; i++) {
        uintptr_t at = va + i * PAGE_SIZE;
        stale |= needs_root(at);
        stale |= map_one(at, paging_make_entry(pa + i * PAGE_SIZE, rights));
    }
    unlock_tables(va, stale, on);
}

static bool unmap(uintptr_t va, size_t count)
{
    bool stale = false;
    for (size_t i = 0; i < count; i++)
        stale |= map_one(va + i * PAGE_SIZE, 0);
    return stale;
}

void paging_unmap(uintptr_t va, size_t count)
{
    bool on = lock_tables(va);
    unlock_tables(va, unmap(va, count), on);
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
    void *dir = paging_directory(va, &i, false);
    void *table = paging_table(va, false);
    if (!table || !is_empty(table))
        return;
    paging_entry_set(dir, i, 0);
    bool dir_too = paging_format.pae && is_empty(dir);
    if (dir_too) {
        paging_root_pae[va >> 30] = 0;
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
    uintptr_t reach = (paging_format.pae ? 512 : 1024) * PAGE_SIZE, end;
    end = va + count * PAGE_SIZE;
    bool on = spin_lock(&lock), stale = unmap(va, count);
    for (uintptr_t at = va & ~(reach - 1); at < end && at < KERNEL_BASE;
         at += reach)
        drop_empty(at);
    unlock_tables(va, stale, on);
}

// Reads the tables, never the TLB: it tells what the next walk will find.
bool paging_lookup(const void *va, struct page_info *info)
{
    const void *table = paging_table((uintptr_t)va, false);
    uint64_t e = table ? paging_entry_get(table, paging_index((uintptr_t)va))
                       : 0;
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
    return table && paging_index(va) ? table : paging_table(va, false);
}

// True if other CPUs may remember something else. What this CPU remembers is
// the caller's to renew.
static bool set_rights(const void *va, size_t count, unsigned rights)
{
    uintptr_t at = (uintptr_t)va;
    uint64_t bits = paging_make_entry(0, rights);
    void *table = NULL;
    bool stale = false;
    for (size_t i = 0; i < count; i++, at += PAGE_SIZE) {
        table = next_table(table, at);
        uint64_t old = table ? paging_entry_get(table, paging_index(at)) : 0;
        if (!(old & ENTRY_PRESENT))
            panic("paging_protect: %p is not mapped", (void *)at);
        paging_entry_set(table, paging_index(at),
                         (old & ENTRY_ADDRESS) | bits);
        stale |= old != ((old & ENTRY_ADDRESS) | bits);
    }
    return stale;
}

void paging_protect(const void *va, size_t count, unsigned rights)
{
    bool on = spin_lock(&lock), stale = set_rights(va, count, rights);
    for (size_t i = 0; i < count; i++)
        invlpg((const uint8_t *)va + i * PAGE_SIZE);
    unlock_tables((uintptr_t)va, stale, on);
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
    uint32_t wanted = (uint32_t)ENTRY_PRESENT | paging_rights_bits(rights);
    mask = (uint32_t)ENTRY_PRESENT | paging_rights_bits(mask);
    void *table = NULL;
    for (size_t i = 0; i < count; i++, at += PAGE_SIZE) {
        table = next_table(table, at);
        if (!table || ((uint32_t)paging_entry_get(table, paging_index(at)) &
                       mask) != wanted)
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
    uint32_t pages = paging_format.pae ? 512 : 1024;
    uintptr_t va = 0;
    do {
        if (paging_table(va, false))
            walk_table(va, pages, fn, arg);
        va += pages * PAGE_SIZE;
    } while (va);
}

bool paging_has_nx(void)
{
    return paging_format.nx;
}

bool paging_is_pae(void)
{
    return paging_format.pae;
}
