// SPDX-License-Identifier: MIT
// `mem`: where memory comes from and where it went.
#include "boot/info.h"
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/printf.h"

// The numbers are those of the BIOS call E820, which Multiboot passes on.
static const char *type_name(uint32_t type)
{
    static const char *const names[] = {"?",           "usable",   "reserved",
                                        "ACPI tables", "ACPI NVS", "bad"};
    return type < sizeof names / sizeof names[0] ? names[type] : "unknown";
}

static int run_mem(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (uint32_t i = 0; i < bootinfo.map_count; i++) {
        const struct boot_range *r = &bootinfo.map[i];
        // 12 digits hold 48 bits of physical address. The end is shown
        // inclusive, so that a range up to 2^64 does not print as 0.
        kprintf("  %012llx-%012llx %8llu KiB  %s\n", r->base,
                r->base + r->length - 1, r->length >> 10, type_name(r->type));
    }
    struct page_stats p = page_stats(); // 256 pages are one MiB
    struct heap_stats h = heap_stats();
    kprintf("kernel: %u KiB at physical %p\n", (bss_end - text_start) / 1024,
            (void *)phys_of(text_start));
    kprintf("pages:  %u usable, %u in use, %u free (%u MiB)", p.usable, p.used,
            p.usable - p.used, (p.usable - p.used) / 256);
    if (p.beyond)
        kprintf("; %u MiB lie beyond the direct map and stay unused",
                p.beyond / 256);
    kprintf("\nheap:   %u blocks, %u bytes, %u pages\n", h.blocks, h.bytes,
            h.pages);
    return 0;
}
COMMAND(mem, "", "the memory map, pages and heap", run_mem);
