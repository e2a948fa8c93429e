// SPDX-License-Identifier: MIT
// What the loader told us, copied out of low memory before anything can
// overwrite it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Fixed limits: this runs before there is an allocator. What does not fit is
// counted in the lost_ fields and reported, never silently dropped.
enum {
    BOOT_MAX_RANGES = 64,
    BOOT_MAX_MODULES = 320, // all 275 that GRUB 2.06 has, and some more
    BOOT_MAX_TEXT = 65536,  // all strings together: paths of 200 bytes
};

// One entry of the memory map, in bytes. Ranges may overlap, come in any
// order and begin anywhere; kernel/pages.c makes sense of that.
struct boot_range {
    uint64_t base, length;
    uint32_t type; // 1 is usable RAM
};

// A module with a fault stays in the list, so that it can be named.
struct boot_module {
    uint32_t start, end; // physical; end is exclusive
    const char *string;  // name and arguments; "" if there was none
    const char *fault;   // why it cannot be used, or NULL
};

struct bootinfo {
    uint32_t flags;      // of the multiboot information block
    const char *cmdline; // "" if there is none
    const char *loader;  // its name, or "unnamed"
    bool map_is_real;    // false: made up from the memory sizes
    bool framebuffer_is_graphics;
    uint32_t map_count, module_count;
    struct boot_range map[BOOT_MAX_RANGES];
    struct boot_module modules[BOOT_MAX_MODULES];
    uint32_t lost_ranges, lost_modules, lost_text; // did not fit
};
extern struct bootinfo bootinfo;

// Copies everything. Returns NULL, or in words why there is nothing to copy.
// `magic` and `info_phys` are eax and ebx as the loader left them. Called
// once, by kernel_main, before any page is handed out. Needs the direct map
// of the boot tables, which covers all of it.
const char *bootinfo_copy(uint32_t magic, uint32_t info_phys);

// Finds a word of the command line before `--`: "check" matches `check=a,b`
// and stores "a,b" in value, cut to fit; a bare word stores "".
// Returns whether the word was there. With size 0, value may be NULL. The
// first occurrence counts. Under QEMU the first word is the kernel's path;
// nothing depends on a word's position.
bool boot_word(const char *name, char *value, size_t size);

// Steps over blanks to the next word before `--` and stores its length; NULL
// after the last one. Begin with bootinfo.cmdline, go on behind the word.
const char *boot_next_word(const char *p, size_t *len);

// The text after the word `--`, or NULL. Points into the copied command line:
// commands separated by `;`, for command_run_line.
const char *boot_script(void);
