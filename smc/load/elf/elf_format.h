// SPDX-License-Identifier: MIT
// ELF32 as it lies in a file. [ELF 1-3 to 1-22], [i386 ABI 4-22]
//
// Packed, because a file may put a table at an odd offset.
#pragma once
#include <stdint.h>

struct elf_header {
    uint8_t e_ident[16]; // 7f 'E' 'L' 'F', class, data, version
    uint16_t e_type;     // object, program, shared object
    uint16_t e_machine;
    uint32_t e_version;
    uint32_t e_entry; // programs only
    uint32_t e_phoff; // program headers: objects have none
    uint32_t e_shoff; // the section table
    uint32_t e_flags;
    uint16_t e_ehsize; // the size of this header
    uint16_t e_phentsize, e_phnum;
    uint16_t e_shentsize, e_shnum;
    uint16_t e_shstrndx; // the section that holds the sections' names
} __attribute__((packed));

#define ELF_CLASS_32 1
#define ELF_DATA_LSB 1
#define ELF_VERSION 1
#define ELF_TYPE_REL 1
#define ELF_MACHINE_386 3

struct elf_section {
    uint32_t sh_name; // offset into the names
    uint32_t sh_type, sh_flags;
    uint32_t sh_addr;   // 0 in an object: nobody has chosen one yet
    uint32_t sh_offset; // in the file
    uint32_t sh_size;
    uint32_t sh_link; // of a table: the table that it refers to
    uint32_t sh_info; // of relocations: the section that they change
    uint32_t sh_addralign;
    uint32_t sh_entsize; // of a table: the size of an entry
} __attribute__((packed));

// Sections: their types, their rights, and the numbers that are none.
enum {
    SHT_NULL = 0,
    SHT_PROGBITS = 1,
    SHT_SYMTAB = 2,
    SHT_STRTAB = 3,
    SHT_RELA = 4,
    SHT_NOBITS = 8,
    SHT_REL = 9
};
enum { SHF_WRITE = 1, SHF_ALLOC = 2, SHF_EXEC = 4, SHF_TLS = 0x400 };
enum {
    SHN_UNDEF = 0,
    SHN_RESERVED = 0xff00,
    SHN_ABS = 0xfff1,
    SHN_COMMON = 0xfff2,
    SHN_XINDEX = 0xffff
};

// A name is found through two tables, a symbol's address through one:
//
//   symbol          section[st_shndx]        the file
//   | st_name  | -> | sh_offset of .strtab | -> "grub_md_register"
//   | st_value | +  | where it was placed  |  = its address
struct elf_symbol {
    uint32_t st_name;  // offset into the string table
    uint32_t st_value; // offset in its section; of COMMON: alignment
    uint32_t st_size;
    uint8_t st_info; // binding << 4 | type
    uint8_t st_other;
    uint16_t st_shndx; // its section, or SHN_UNDEF and the like
} __attribute__((packed));

// Symbols: how far they are seen, and what they name.
enum { STB_LOCAL = 0, STB_WEAK = 2 };
enum { STT_SECTION = 3, STT_FILE = 4, STT_TLS = 6, STT_IFUNC = 10 };

// Type R_386_NONE changes nothing. The others are explained where they are
// carried out, in smc/load/elf/object_link.c. [i386 ABI "Relocation Types"]
struct elf_rel {
    uint32_t r_offset; // in the section that sh_info names
    uint32_t r_info;   // symbol << 8 | type; the addend is in place
} __attribute__((packed));

enum { R_386_NONE = 0, R_386_32 = 1, R_386_PC32 = 2, R_386_PLT32 = 4 };
