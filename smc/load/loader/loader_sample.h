// SPDX-License-Identifier: MIT
// An ELF object made by hand: the smallest file with every kind of symbol
// and relocation that the loader knows. It needs no boot module, and each
// check may spoil a copy of it in its own way.
//
//   00  8b 44 24 04      mov 4(%esp), %eax     add(n) returns n + 1:
//   04  03 05 .. .. .. ..  add zero, %eax      R_386_32, a COMMON symbol
//   0a  b9 .. .. .. ..   mov $absent, %ecx     R_386_32, weak: becomes 0
//   0f  01 c8            add %ecx, %eax
//   11  e8 .. .. .. ..   call increment        R_386_PLT32, addend -4
//   16  c3               ret
//   17  40 c3            increment: inc %eax; ret
#pragma once
#include "smc/load/elf/elf_format.h"
#include "smc/load/loader/loader_check.h"

// The spare section has type SHT_NULL and zeros: the checks give it a name
// and a type of their own.
enum { S_NULL, S_TEXT, S_REL, S_SYMBOLS, S_STRINGS, S_SPARE, SECTIONS };
enum { Y_NULL, Y_ADD, Y_ZERO, Y_ABSENT, Y_INCREMENT, SYMBOLS };

struct sample {
    struct elf_header header;
    uint8_t text[28];
    struct elf_rel rel[3];
    struct elf_symbol symbol[SYMBOLS];
    char strings[88];
    struct elf_section section[SECTIONS];
} __attribute__((packed));

#define SAMPLE_AT(member) (uint32_t) offsetof(struct sample, member)
#define SAMPLE_SIZE(member) (uint32_t)sizeof(((struct sample *)0)->member)

// Offsets of the names in `strings`.
enum {
    NAME_ADD = 1,
    NAME_ZERO = 5,
    NAME_ABSENT = 10,
    NAME_INCREMENT = 17,
    NAME_TEXT = 27,
    NAME_OTHER = 33,
    NAME_FREE = 40,
    NAME_MODDEPS = 45,
    NAME_INIT = 54,
    NAME_FINI = 68
};

extern const struct sample sample_good;
struct module sample_file(const struct sample *sample);
struct image *sample_load(const struct sample *sample,
                          struct load_error *error);

// True if the sample is refused with these words in the reason. If it is
// loaded, it is unloaded again and the reason reads SAMPLE_LOADED.
#define SAMPLE_LOADED "it was loaded"
bool sample_refused(const struct sample *sample, const char *words,
                    struct load_error *error);
