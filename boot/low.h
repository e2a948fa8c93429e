// SPDX-License-Identifier: MIT
// Between the three files of the boot part that are written in C.
//
// linker.ld puts code and data of boot/low_*.c into .boot, at the addresses at
// which they run, below KERNEL_BASE and before paging. They may call each
// other and nothing else: every other function lies high, where nothing is
// mapped yet, and tools/relocs.awk refuses a call that leaves. Compilers like
// to turn a loop into a call of memcpy; hence the string instructions.
#pragma once
#include "boot/kaslr.h"
#include "boot/multiboot.h"
#include "kernel/pages.h"

// The loader's pointers are followed only where boot/info.c will follow them
// later: below the direct map's end.
static inline bool low_reaches(uint32_t at, uint64_t size)
{
    return at && at <= DIRECT_MAP_SIZE && size <= DIRECT_MAP_SIZE - at;
}

// [start, end) in physical memory.
struct span {
    uint32_t start, end;
};

// Physical addresses of what the loader has loaded. linker.ld computes them
// as numbers, so they stay right while all other addresses are corrected.
extern const uint8_t linked_start[], linked_text_end[], linked_filled[],
    linked_end[];
extern const uint8_t linked_relocs[], linked_relocs_end[];

// The word kaslr on the command line at `cmdline` (physical, 0 for none):
// LOW_RANDOM for `kaslr`, LOW_SEED with *seed for `kaslr=SEED`.
enum low_word { LOW_NONE, LOW_RANDOM, LOW_SEED, LOW_BAD };
enum low_word low_word(const char *cmdline, uint32_t *seed);

// Counts the pages at which `size` bytes find room in usable memory, clear of
// everything that the loader has left there and of `image`, the kernel as
// loaded. If there are more than `pick`, *place becomes number `pick` of
// them.
uint32_t low_room(const struct multiboot_info *info, struct span image,
                  uint32_t size, uint32_t pick, uint32_t *place);

// Called by start.S, without paging. Moves the kernel if the command line
// asks for it. Arguments are as kernel_main's.
void low_move(uint32_t magic, const struct multiboot_info *info);

// What low_move did. In the boot part: kaslr_init takes a copy.
extern struct kaslr_report low_report;
