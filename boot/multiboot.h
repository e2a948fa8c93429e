// SPDX-License-Identifier: MIT
// The Multiboot 1 structures as the loader leaves them in memory.
// [Multiboot 0.6.96, 3.3]
#pragma once

#define MULTIBOOT_HEADER_MAGIC 0x1BADB002
#define MULTIBOOT_LOADER_MAGIC 0x2BADB002

#ifndef __ASSEMBLER__
#include <stdint.h>

enum {
    MULTIBOOT_HAS_SIZES = 1 << 0,
    MULTIBOOT_HAS_CMDLINE = 1 << 2,
    MULTIBOOT_HAS_MODULES = 1 << 3,
    MULTIBOOT_HAS_MAP = 1 << 6,
    MULTIBOOT_HAS_LOADER_NAME = 1 << 9,
    MULTIBOOT_HAS_FRAMEBUFFER = 1 << 12,
};

struct multiboot_info {
    uint32_t flags;
    uint32_t mem_lower, mem_upper; // KiB below 640 KiB and above 1 MiB
    uint32_t boot_device;
    uint32_t cmdline;
    uint32_t mods_count, mods_addr;
    uint32_t syms[4];
    uint32_t mmap_length, mmap_addr;
    uint32_t drives_length, drives_addr;
    uint32_t config_table;
    uint32_t boot_loader_name;
    uint32_t apm_table;
    uint32_t vbe[4];
    uint64_t framebuffer_addr;
    uint32_t framebuffer_pitch, framebuffer_width, framebuffer_height;
    uint8_t framebuffer_bpp, framebuffer_type; // type 2 is text
} __attribute__((packed));

struct multiboot_module {
    uint32_t start, end; // end is exclusive
    uint32_t string;
    uint32_t reserved;
} __attribute__((packed));

struct multiboot_map_entry {
    uint32_t size; // of the rest of the entry
    uint64_t base, length;
    uint32_t type; // 1 is usable RAM
} __attribute__((packed));
#endif
