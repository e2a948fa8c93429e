// SPDX-License-Identifier: MIT
// The first code of a CPU that starts: a template, copied below 1 MiB and
// patched for the one CPU that is to run it next.
//
//   rodata   | template, zeros |
//                  | arena_write: a copy
//   page     | template, zeros |                   r-x, below 1 MiB
//                  | text_write: the kernel's words, then this CPU's
//   page     | CR4 CR3 EFER CR0 entry | table stack number |
//
// Linux has a parameter block next to its trampoline and patches nothing but
// that (arch/x86/realmode); xv6 stores three words below its copy. Here the
// words are operands of instructions. Used by kernel/smp_start.c.
#pragma once
#include "kernel/gdt.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The names of the sites, and where they lie in the template. The first five
// are the same for all CPUs.
enum aptrampoline_word {
    APT_CR4,
    APT_CR3,
    APT_EFER,
    APT_CR0,
    APT_ENTRY,
    APT_GDT, // 6 bytes: limit and base
    APT_STACK,
    APT_NUMBER,
    APT_WORDS,
};
struct aptrampoline_site {
    const char *name;
    uint16_t at; // offset in the template
    uint8_t len;
};
struct aptrampoline_site aptrampoline_site(enum aptrampoline_word word);

// The template, and how long it is.
extern const uint8_t aptrampoline[], aptrampoline_end[];
size_t aptrampoline_size(void);

// Copies the template anew, patches what is the same for all CPUs, and maps
// the page to itself, r-x. NULL, or in words why not: nothing is mapped then.
const char *aptrampoline_open(void);

// Patches what differs from CPU to CPU. None may be in the page.
const char *aptrampoline_aim(uint32_t cpu, uint32_t stack);

// From now on, whoever comes stops at the first instruction.
void aptrampoline_shut(void);

// The same, and removes the mapping. No CPU may be in the page.
void aptrampoline_close(void);
bool aptrampoline_is_open(void);

// The page as the kernel sees it, NULL before the first opening; its number is
// what the start message carries.
const uint8_t *aptrampoline_live(void);
uint8_t aptrampoline_page(void);
