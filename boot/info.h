// SPDX-License-Identifier: MIT
// What the loader told us, copied out of low memory before anything can
// overwrite it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BOOT_MAX_RANGES = 64,
    BOOT_MAX_MODULES = 64,
    BOOT_MAX_TEXT = 8192, // all strings together
};

struct boot_range {
    uint64_t base, length;
    uint32_t type; // 1 is usable RAM
};

struct boot_module {
    uint32_t start, end; // physical; end is exclusive
    const char *string;
    const char *fault; // why it cannot be used, or NULL
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
const char *bootinfo_copy(uint32_t magic, uint32_t info_phys);

// Finds a word of the command line before `--`: "check" matches `check=a,b`
// and stores "a,b" in value, cut to fit; a bare word stores "".
bool boot_word(const char *name, char *value, size_t size);

// The text after the word `--`, or NULL.
const char *boot_script(void);
