// SPDX-License-Identifier: MIT
// What the relocations of an ELF object make of the places they change.
// [i386 ABI "Relocation Types"]
//
//   type            the place becomes   seen as
//   R_386_32 16 8   S + A               mov $string, %eax
//   R_386_PC32 ...  S + A - P           call function
//   R_386_PLT32     the same, as a plain object has no PLT
//   R_386_GOT32(X)  G + A - GOT         mov errno@GOT(%ebx), %eax
//     no register   G + A               mov errno@GOT, %eax
//   R_386_GOTOFF    S + A - GOT         lea table@GOTOFF(%ebx), %eax
//   R_386_GOTPC     GOT + A - P         add $_GLOBAL_OFFSET_TABLE_, %ebx
//   R_386_SIZE32    Z + A               mov $buffer@SIZE, %eax
//
// S is the symbol's address, Z its size, P the address of the place, A what
// the place held, GOT the table's address, G that of the symbol's word in it.
// An R_386_PC32 holds -4, since a branch counts from the byte after itself.
//
// A call in gcry_crc.mod, from the file to the processor:
//
//   in the file      e8 fc ff ff ff                    A = -4
//   the word lies at      P = 0xc05342b2
//   the symbol lies at                                 S = 0xc05344e8
//   S + A - P = 0xc05344e8 - 4 - 0xc05342b2            = 0x00000232
//   in memory        e8 32 02 00 00
//                                  |
//   eip after the call = P + 4 ----'  + 0x232          = 0xc05344e8
//
// All of this is modulo 2^32, so that words have no overflow and no reach: on
// the i386 every call can lead everywhere. (Other processors need veneers.)
// Two bytes or one reach less far, and what does not fit is refused.
#include "smc/load/elf/object_reloc.h"
#include "smc/load/names.h"

// All of the i386, for refusals; of those that are carried out the size.
static const struct {
    const char *name;
    uint8_t size;
} types[] = {
    {"R_386_NONE", 0},
    {"R_386_32", 4},
    {"R_386_PC32", 4},
    {"R_386_GOT32", 4},
    {"R_386_PLT32", 4},
    {"R_386_COPY", 0},
    {"R_386_GLOB_DAT", 0},
    {"R_386_JMP_SLOT", 0},
    {"R_386_RELATIVE", 0},
    {"R_386_GOTOFF", 4},
    {"R_386_GOTPC", 4},
    {"R_386_32PLT", 0},
    {"R_386_?", 0},
    {"R_386_?", 0},
    {"R_386_TLS_TPOFF", 0},
    {"R_386_TLS_IE", 0},
    {"R_386_TLS_GOTIE", 0},
    {"R_386_TLS_LE", 0},
    {"R_386_TLS_GD", 0},
    {"R_386_TLS_LDM", 0},
    {"R_386_16", 2},
    {"R_386_PC16", 2},
    {"R_386_8", 1},
    {"R_386_PC8", 1},
    {"R_386_TLS_GD_32", 0},
    {"R_386_TLS_GD_PUSH", 0},
    {"R_386_TLS_GD_CALL", 0},
    {"R_386_TLS_GD_POP", 0},
    {"R_386_TLS_LDM_32", 0},
    {"R_386_TLS_LDM_PUSH", 0},
    {"R_386_TLS_LDM_CALL", 0},
    {"R_386_TLS_LDM_POP", 0},
    {"R_386_TLS_LDO_32", 0},
    {"R_386_TLS_IE_32", 0},
    {"R_386_TLS_LE_32", 0},
    {"R_386_TLS_DTPMOD32", 0},
    {"R_386_TLS_DTPOFF32", 0},
    {"R_386_TLS_TPOFF32", 0},
    {"R_386_SIZE32", 4},
    {"R_386_TLS_GOTDESC", 0},
    {"R_386_TLS_DESC_CALL", 0},
    {"R_386_TLS_DESC", 0},
    {"R_386_IRELATIVE", 0},
    {"R_386_GOT32X", 4},
};
#define TYPES (sizeof types / sizeof types[0])

const char *elf_reloc_name(uint32_t type)
{
    return type < TYPES ? types[type].name : "R_386_?";
}

uint32_t elf_reloc_size(const struct elf_rel *rel)
{
    uint8_t type = (uint8_t)rel->r_info;

    return type < TYPES ? types[type].size : 0;
}

bool elf_refuse_type(struct elf *elf, const struct elf_rel *rel)
{
    uint8_t type = (uint8_t)rel->r_info;
    char why[64];

    ksnprintf(why, sizeof why, "type %u, %s, is not offered in an object",
              type, elf_reloc_name(type));
    return REFUSE_FIELD(elf, rel, r_info, why);
}

// An operand without a base register has nothing to which the distance from
// the table could be added: it means the word itself. The ModRM byte before
// the displacement tells. [i386 ABI "R_386_GOT32X"]
static bool has_no_base(const struct elf_walk *walk, uint32_t at)
{
    return (walk->target->sh_flags & SHF_EXEC) && walk->rel->r_offset > 0 &&
           (walk->elf->image->stage[at - 1] & 0xc7) == 0x05;
}

// The size of what the symbol names in the end: the address of an undefined
// one comes from another file, and so does its size.
static bool size_of_symbol(struct elf *elf, const struct elf_rel *rel,
                           uint32_t *size)
{
    uint32_t index = rel->r_info >> 8;
    const struct elf_symbol *symbol = &elf->symbol[index];
    const struct image_export *export = NULL;

    if (index && symbol->st_info >> 4 != STB_LOCAL)
        export = names_look_up(elf->image->family, elf_symbol_name(elf, index),
                               elf->hash[index]);
    *size = export ? export->size : symbol->st_size;
    return export || symbol->st_shndx != SHN_UNDEF || !elf->address[index] ||
           REFUSE_FIELD(elf, rel, r_info,
                        "the kernel knows no size of what it offers");
}

// Adds to the addend in *value what the type asks for.
static bool compute(const struct elf_walk *walk, uint32_t at, uint32_t *value)
{
    struct elf *elf = walk->elf;
    uint32_t index = walk->rel->r_info >> 8, symbol = elf->address[index];
    uint32_t here = elf_base(elf) + at, got = elf_base(elf) + elf->got, size;

    switch ((uint8_t)walk->rel->r_info) {
    case R_386_PC32:
    case R_386_PC16:
    case R_386_PC8:
    case R_386_PLT32: *value += symbol - here; return true;
    case R_386_GOT32:
    case R_386_GOT32X:
        *value += (elf->slot[index] - 1) * 4;
        if (has_no_base(walk, at))
            *value += got;
        return true;
    case R_386_GOTOFF: *value += symbol - got; return true;
    case R_386_GOTPC: *value += got - here; return true;
    case R_386_SIZE32:
        if (!size_of_symbol(elf, walk->rel, &size))
            return false;
        *value += size;
        return true;
    default: *value += symbol; return true;
    }
}

// A distance has a sign. Of a number nobody knows whether it has one, so that
// both readings are allowed, as in ld.
static bool judge_value(const struct elf_walk *walk, uint32_t at,
                        uint32_t value)
{
    uint32_t bits = elf_reloc_size(walk->rel) * 8,
             type = (uint8_t)walk->rel->r_info;
    bool distance = type == R_386_PC16 || type == R_386_PC8;
    uint32_t half = 1u << (bits - 1);
    char why[40];

    if (bits == 32 || value + half < (distance ? 2 * half : 3 * half))
        return true;
    ksnprintf(why, sizeof why, "does not fit in %u bits", bits);
    return load_refuse(walk->elf->error, elf_reloc_name(type), "image offset",
                       at, value, why);
}

bool elf_reloc_value(const struct elf_walk *walk, uint32_t at, uint32_t *value)
{
    return compute(walk, at, value) && judge_value(walk, at, *value);
}
