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

#define ELF_MAGIC 0x464c457fu // 7f 'E' 'L' 'F', a word
#define ELF_CLASS_32 1
#define ELF_DATA_LSB 1
#define ELF_VERSION 1
#define ELF_TYPE_REL 1
#define ELF_TYPE_DYN 3
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
    SHT_REL = 9,
    SHT_INIT_ARRAY = 14,
    SHT_FINI_ARRAY = 15,
    SHT_PREINIT_ARRAY = 16,
    SHT_GROUP = 17,
    SHT_SYMTAB_SHNDX = 18
};
enum {
    SHF_WRITE = 1,
    SHF_ALLOC = 2,
    SHF_EXEC = 4,
    SHF_TLS = 0x400,
    SHF_COMPRESSED = 0x800
};

// The first word of a section group; its members' indices follow.
enum { GRP_COMDAT = 1 };

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
    uint8_t st_info;   // binding << 4 | type
    uint8_t st_other;  // visibility in the two lowest bits
    uint16_t st_shndx; // its section, or SHN_UNDEF and the like
} __attribute__((packed));

// Symbols: how far they are seen, and what they name.
enum { STB_LOCAL = 0, STB_WEAK = 2 };
enum { STV_DEFAULT = 0, STV_INTERNAL = 1, STV_HIDDEN = 2, STV_PROTECTED = 3 };
enum { STT_SECTION = 3, STT_FILE = 4, STT_TLS = 6, STT_IFUNC = 10 };

// Type R_386_NONE changes nothing. The others are explained where they are
// carried out, in smc/load/elf/object_reloc.c. [i386 ABI "Relocation Types"]
struct elf_rel {
    uint32_t r_offset; // in the section that sh_info names
    uint32_t r_info;   // symbol << 8 | type; the addend is in place
} __attribute__((packed));

enum {
    R_386_NONE = 0,
    R_386_32 = 1,
    R_386_PC32 = 2,
    R_386_GOT32 = 3,
    R_386_PLT32 = 4,
    R_386_GOTOFF = 9,
    R_386_GOTPC = 10,
    R_386_16 = 20,
    R_386_PC16 = 21,
    R_386_8 = 22,
    R_386_PC8 = 23,
    R_386_SIZE32 = 38,
    R_386_GOT32X = 43
};

// What follows is for shared objects. They are read by segments, stretches of
// memory with rights, and have no use for sections. [ELF 2-2]
struct elf_segment {
    uint32_t p_type;
    uint32_t p_offset; // in the file
    uint32_t p_vaddr;  // in memory, counted from an address of the linker's
    uint32_t p_paddr;  // means nothing here
    uint32_t p_filesz; // bytes in the file, the rest up to
    uint32_t p_memsz;  // this size is zero
    uint32_t p_flags, p_align;
} __attribute__((packed));

enum {
    PT_LOAD = 1,
    PT_DYNAMIC = 2,
    PT_TLS = 7,
    PT_GNU_STACK = 0x6474e551,
    PT_GNU_RELRO = 0x6474e552
};
enum { PF_EXEC = 1, PF_WRITE = 2, PF_READ = 4 };

// The list of everything that a dynamic linker must know. [ELF 2-11]
struct elf_dynamic {
    uint32_t d_tag, d_val;
} __attribute__((packed));

enum { STB_GLOBAL = 1, STB_GNU_UNIQUE = 10 };
enum { STT_NOTYPE = 0, STT_OBJECT = 1, STT_FUNC = 2, STT_COMMON = 5 };

// [LSB "Symbol Versioning"]: what an object defines, and what it needs.
//
//   versym   | 0 | 3 | 2 | 8002 | ...      one for each symbol
//                  |   |    '------------- 2, but hidden: foo@V1, not foo@@V1
//   verdef   2 V1  |<--'
//   verneed  libc.so.6: 3 GLIBC_2.0
//
struct elf_verdef {
    uint16_t vd_version, vd_flags, vd_ndx, vd_cnt;
    uint32_t vd_hash, vd_aux, vd_next;
} __attribute__((packed));
struct elf_verdaux {
    uint32_t vda_name, vda_next;
} __attribute__((packed));
struct elf_verneed {
    uint16_t vn_version, vn_cnt;
    uint32_t vn_file, vn_aux, vn_next;
} __attribute__((packed));
struct elf_vernaux {
    uint32_t vna_hash;
    uint16_t vna_flags, vna_other;
    uint32_t vna_name, vna_next;
} __attribute__((packed));
enum { VER_HIDDEN = 0x8000, VER_INDEX = 0x7fff, VER_GLOBAL = 1, VER_WEAK = 2 };

enum {
    R_386_COPY = 5,
    R_386_GLOB_DAT = 6,
    R_386_JMP_SLOT = 7,
    R_386_RELATIVE = 8,
    R_386_TLS_TPOFF = 14,
    R_386_TLS_DTPMOD32 = 35,
    R_386_TLS_DTPOFF32 = 36,
    R_386_TLS_TPOFF32 = 37,
    R_386_TLS_DESC = 41,
    R_386_IRELATIVE = 42
};
