// SPDX-License-Identifier: MIT
// What the final tables say of the kernel and of the memory that it uses:
//
//   KERNEL_BASE + 0          all of RAM that is used, as data       rw-
//                 1 MiB      the boot part, which is done           ---
//                            text                                   r-x
//                            constants                              r--
//                            data                                   rw-
//                            symbols, relocation records            r--
//                            stacks with a guard page each, zeros   rw-
//
// kernel/layout.h has the addresses, paging.c makes the entries.
#include "boot/info.h"
#include "kernel/gdt.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"

// The direct map ends where the last byte of RAM or of a module does: every
// 4 MiB (2 MiB with PAE) more would cost a page table. Holes in between are
// mapped, too; the text screen at 0xb8000 is one.
static uintptr_t direct_map_end(void)
{
    uint64_t end = phys_of(bss_end);
    for (uint32_t i = 0; i < bootinfo.map_count; i++) {
        const struct boot_range *r = &bootinfo.map[i];
        if (r->type == 1 && r->base + r->length > end)
            end = r->base + r->length;
    }
    for (uint32_t i = 0; i < bootinfo.module_count; i++)
        if (!bootinfo.modules[i].fault && bootinfo.modules[i].end > end)
            end = bootinfo.modules[i].end;
    return end < DIRECT_MAP_SIZE ? PAGE_ALIGN_UP((uintptr_t)end)
                                 : DIRECT_MAP_SIZE;
}

// Both ends are page aligned: see kernel/layout.h.
static void protect_range(const uint8_t *start, const uint8_t *end,
                          unsigned rights)
{
    paging_protect(start, (size_t)(end - start) / PAGE_SIZE, rights);
}

// Each stack in .stacks begins with its guard page; their sizes are known
// only to their owners, who name the guards here.
static void unmap_guards(void)
{
    paging_unmap((uintptr_t)boot_stack_guard, 1);
    for (int i = 0; i < GDT_GUARDS; i++)
        paging_unmap((uintptr_t)gdt_guards[i], 1);
}

// All data at first; then the image gets what it needs. The boot part
// vanishes: a stray jump into it faults.
void paging_map_kernel(void)
{
    paging_map(KERNEL_BASE, 0, direct_map_end() / PAGE_SIZE, PAGE_WRITE);
    paging_unmap(KERNEL_BASE + (uintptr_t)boot_part_start,
                 (size_t)(boot_part_end - boot_part_start) / PAGE_SIZE);
    protect_range(text_start, text_end, PAGE_EXEC);
    protect_range(rodata_start, rodata_end, PAGE_READ);
    protect_range(tables_start, tables_end, PAGE_READ);
    unmap_guards();
}
