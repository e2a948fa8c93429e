// SPDX-License-Identifier: MIT
// The Multiboot 1 structures as the loader leaves them in memory. Every
// address in them is physical. Only boot/info.c reads them; the rest of the
// kernel sees the copy in boot/info.h. [Multiboot 0.6.96, 3.3]
#pragma once

#define MULTIBOOT_HEADER_MAGIC 0x1BADB002 // in our file
#define MULTIBOOT_LOADER_MAGIC 0x2BADB002 // in eax, from the loader

#ifndef __ASSEMBLER__
#include <stdint.h>

// A bit says that the fields beside it are valid. Without the bit they hold
// whatever the memory held before, so no field may be read without its bit.
enum {
    MULTIBOOT_HAS_SIZES = 1 << 0,        // mem_lower, mem_upper
    MULTIBOOT_HAS_CMDLINE = 1 << 2,      // cmdline
    MULTIBOOT_HAS_MODULES = 1 << 3,      // mods_count, mods_addr
    MULTIBOOT_HAS_MAP = 1 << 6,          // mmap_length, mmap_addr
    MULTIBOOT_HAS_LOADER_NAME = 1 << 9,  // boot_loader_name
    MULTIBOOT_HAS_FRAMEBUFFER = 1 << 12, // framebuffer_*
};

// The information block, byte offsets on the left:
//
//     0  flags              44  mmap_length, mmap_addr
//     4  mem_lower/upper    52  drives, configuration, name, APM
//    20  mods_count, addr   72  vbe, until framebuffer_addr at 88
//    28  syms              108  framebuffer_bpp, framebuffer_type
struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; // KiB below 640 KiB and above 1 MiB
    uint32_t boot_device;
    uint32_t cmdline;               // a string that ends with a NUL
    uint32_t mods_count, mods_addr; // an array of multiboot_module
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr; // in bytes, not in entries
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t boot_loader_name; // a string, too
    uint32_t apm_table;
    uint32_t vbe[4];
    uint64_t framebuffer_addr;
    uint32_t framebuffer_pitch, framebuffer_width, framebuffer_height;
    uint8_t framebuffer_bpp, framebuffer_type; // type 2 is text
} __attribute__((packed));

struct multiboot_module {
    uint32_t start, end; // end is exclusive
    uint32_t string;     // by convention the file name, then arguments
    uint32_t reserved;
} __attribute__((packed));

// Entries have no fixed length. `size` does not count itself:
//
//    | size | base, length, type ...    | size | base, length, type ...
//    '- 4 --'-- size bytes, 20 or more -'
//
// so the next entry begins at this one plus size + 4. Whoever steps by sizeof
// reads garbage as soon as a firmware has longer entries.
struct multiboot_map_entry {
    uint32_t size; // of the rest of the entry
    uint64_t base, length;
    uint32_t type; // 1 is usable RAM
} __attribute__((packed));
#endif
