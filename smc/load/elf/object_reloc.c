// SPDX-License-Identifier: MIT
// Relocating an ELF object: every place that holds an address, or a
// distance, gets its value in the stage. [i386 ABI "Relocation Types"]
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
//   the word lies at      P = 0xc01f22b2
//   the symbol lies at                                 S = 0xc01ff1f8
//   S + A - P = 0xc01ff1f8 - 4 - 0xc01f22b2            = 0x0000cf42
//   in memory        e8 42 cf 00 00
//                                  |
//   eip after the call = P + 4 ----'  + 0xcf42         = 0xc01ff1f8
//
// All of this is modulo 2^32, so that words have no overflow and no reach: on
// the i386 every call can lead everywhere. (Other processors need veneers.)
// Two bytes or one reach less far, and what does not fit is refused.
#include "kernel/string.h"
#include "smc/load/elf/elf.h"
#include "smc/load/names.h"

// One table and the section that it changes.
struct walk {
    struct elf *elf;
    const struct elf_section *target;
    uint32_t place; // of the target in the image
    const struct elf_rel *first, *rel;
    // While the places ascend, all below `next` may have been changed and
    // none above: proof enough that none is changed twice. When they do not,
    // the claims know (build.h), and `next` is above all.
    uint32_t next;
    bool claiming;
};

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

static uint32_t size_of(const struct elf_rel *rel)
{
    uint8_t type = (uint8_t)rel->r_info;

    return type < TYPES ? types[type].size : 0;
}

static bool refuse_type(struct elf *elf, const struct elf_rel *rel)
{
    uint8_t type = (uint8_t)rel->r_info;
    char why[64];

    ksnprintf(why, sizeof why, "type %u, %s, is not offered in an object",
              type, elf_reloc_name(type));
    return REFUSE_FIELD(elf, rel, r_info, why);
}

// What describes code may name code that another file's copy has replaced.
// The word is cleared, as ld does it: a description of nothing.
static bool may_be_cleared(const struct walk *walk)
{
    const struct elf *elf = walk->elf;
    const char *name = elf_section_name(
        elf, (uint32_t)(walk->target - elf->section));

    return strcmp(name, ".eh_frame") == 0 ||
           strncmp(name, ".gcc_except_table", 17) == 0;
}

static bool judge_symbol(struct walk *walk)
{
    struct elf *elf = walk->elf;
    const struct elf_rel *rel = walk->rel;
    uint32_t symbol = rel->r_info >> 8;

    if (symbol >= elf->symbols)
        return REFUSE_FIELD(elf, rel, r_info, "no such symbol");
    if (elf->address[symbol] < ELF_DROPPED ||
        elf->symbol[symbol].st_shndx == SHN_ABS)
        return true;
    if (elf->address[symbol] == ELF_NOWHERE)
        return REFUSE_FIELD(elf, rel, r_info,
                            "its symbol is in a section that is not loaded");
    return may_be_cleared(walk) ||
           REFUSE_FIELD(elf, rel, r_info,
                        "its symbol is in a section of which another file's "
                        "copy is used");
}

// The order of the checks is the order in which their values are used.
static bool judge(struct walk *walk)
{
    uint32_t size = size_of(walk->rel);

    if (size == 0)
        return refuse_type(walk->elf, walk->rel);
    if (!range_inside(walk->rel->r_offset, size, walk->target->sh_size))
        return REFUSE_FIELD(walk->elf, walk->rel, r_offset,
                            "the word ends past its section");
    return judge_symbol(walk);
}

static bool claim(struct walk *walk, const struct elf_rel *rel)
{
    return build_claim(walk->elf->in, walk->place + rel->r_offset,
                       size_of(rel), "a relocation");
}

// The first place that is not above all others: from here on every single
// place must be known, those before it as well.
static bool start_claiming(struct walk *walk)
{
    walk->claiming = true;
    walk->next = 0xffffffff;
    for (const struct elf_rel *rel = walk->first; rel < walk->rel; rel++)
        if (size_of(rel) && !claim(walk, rel))
            return false;
    return true;
}

static bool never_twice(struct walk *walk)
{
    const struct elf_rel *rel = walk->rel;

    if (!walk->claiming && rel->r_offset >= walk->next) {
        walk->next = rel->r_offset + size_of(rel);
        return true;
    }
    return (walk->claiming || start_claiming(walk)) && claim(walk, rel);
}

// An operand without a base register has nothing to which the distance from
// the table could be added: it means the word itself. The ModRM byte before
// the displacement tells. [i386 ABI "R_386_GOT32X"]
static bool has_no_base(const struct walk *walk, uint32_t at)
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
static bool compute(struct walk *walk, uint32_t at, uint32_t *value)
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
static bool judge_value(struct walk *walk, uint32_t at, uint32_t value)
{
    uint32_t bits = size_of(walk->rel) * 8, type = (uint8_t)walk->rel->r_info;
    bool distance = type == R_386_PC16 || type == R_386_PC8;
    uint32_t half = 1u << (bits - 1);
    char why[40];

    if (bits == 32 || value + half < (distance ? 2 * half : 3 * half))
        return true;
    ksnprintf(why, sizeof why, "does not fit in %u bits", bits);
    return load_refuse(walk->elf->error, elf_reloc_name(type), "image offset",
                       at, value, why);
}

static void tell(const struct walk *walk, uint32_t at, uint32_t before,
                 uint32_t after)
{
    const struct elf *elf = walk->elf;
    uint32_t index = walk->rel->r_info >> 8;
    const struct elf_symbol *symbol = &elf->symbol[index];
    uint32_t section = elf_symbol_section(elf, index);
    const char *name = elf_symbol_name(elf, index);

    if ((symbol->st_info & 15) == STT_SECTION && section < elf->sections)
        name = elf_section_name(elf, section);
    build_tell(elf->in,
               &(struct fixup){
                   .offset = at,
                   .size = size_of(walk->rel),
                   .type = elf_reloc_name((uint8_t)walk->rel->r_info),
                   .symbol = printable_name(name, NAME_MAX + 1) && *name
                                 ? name
                                 : NULL,
                   .before = before,
                   .after = after,
               });
}

// The addend is what the place holds: i386 has no room for it in the entry
// (REL, not RELA). Hence the rule that nothing is changed twice.
static uint32_t read(const uint8_t *at, uint32_t size)
{
    switch (size) {
    case 1: return (uint32_t)(int8_t)*at;
    case 2: return (uint32_t)(int16_t)(at[0] | at[1] << 8);
    default: return ((const struct word *)at)->value;
    }
}

static bool relocate_any(struct walk *walk)
{
    struct elf *elf = walk->elf;
    const struct elf_rel *rel = walk->rel;
    uint32_t at = walk->place + rel->r_offset, size = size_of(rel);
    uint8_t *bytes = elf->image->stage + at;
    uint32_t before, value;

    // What a linker leaves behind when it has done the work itself.
    if ((uint8_t)rel->r_info == R_386_NONE)
        return true;
    if (!judge(walk) || !never_twice(walk))
        return false;
    before = value = read(bytes, size);
    if (elf->address[rel->r_info >> 8] == ELF_DROPPED)
        value = 0;
    else if (!compute(walk, at, &value) || !judge_value(walk, at, value))
        return false;
    memcpy(bytes, &value, size); // little-endian: the low bytes
    elf->image->relocations[(uint8_t)rel->r_info]++;
    if (elf->in->options->watch)
        tell(walk, at, before, value);
    return true;
}

// Nearly all are words above the last one, with an address or the distance to
// one. Takes those at *walk that are, and stops at the first that is not: all
// that is different or wrong goes the long way. Apart from the loop around it,
// so that what it needs stays in registers.
static __attribute__((noinline)) void relocate_run(struct walk *walk,
                                                   const struct elf_rel *end)
{
    const struct elf *elf = walk->elf;
    const struct elf_rel *rel = walk->rel;
    const uint32_t *address = elf->address;
    uint32_t *count = elf->image->relocations, size = walk->target->sh_size;
    uint8_t *stage = elf->image->stage + walk->place, *next = stage;
    // One behind the last place for a word.
    uint8_t *limit = stage + (size < 4 ? 0 : size - 3), *at;
    // From where a word is to where it will be.
    uint32_t away = elf_base(elf) - (uint32_t)(uintptr_t)elf->image->stage;

    for (next += walk->next; rel < end; rel++) {
        uint32_t info = rel->r_info, value;
        uint8_t type = (uint8_t)info;
        // Even if this wraps, each r_offset has an address of its own.
        at = stage + rel->r_offset;
        if (at < next || at >= limit || info >> 8 >= elf->symbols)
            break;
        value = address[info >> 8];
        if (value >= ELF_DROPPED)
            break;
        if (type != R_386_32) {
            if (type != R_386_PC32 && type != R_386_PLT32)
                break;
            value -= (uint32_t)(uintptr_t)at + away;
        }
        ((struct word *)at)->value += value;
        count[type]++;
        next = at + 4;
    }
    walk->rel = rel;
    walk->next = (uint32_t)(next - stage);
}

// A watcher is told of every change, which the short way does not.
static bool relocate_all(struct walk *walk, const struct elf_rel *end)
{
    bool watched = walk->elf->in->options->watch;

    while (walk->rel < end) {
        if (!watched && !walk->claiming)
            relocate_run(walk, end);
        if (walk->rel < end && !relocate_any(walk))
            return false;
        walk->rel++;
    }
    return true;
}

// A second table for one section would change words that the first one has
// changed. No assembler writes one, and `ld -r` merges what it finds.
static bool judge_table(struct elf *elf, uint32_t index)
{
    const struct elf_section *table = &elf->section[index];

    if (table->sh_info == 0 || table->sh_info >= elf->sections)
        return REFUSE_FIELD(elf, table, sh_info, "no such section");
    if (table->sh_link != elf->symtab)
        return REFUSE_FIELD(elf, table, sh_link, "not the symbol table");
    if (elf->table[table->sh_info])
        return REFUSE_FIELD(elf, table, sh_info,
                            "a second relocation table for this section");
    elf->table[table->sh_info] = index;
    switch (elf->section[table->sh_info].sh_type) {
    // Tables have no relocations; to change one while it is read, this one
    // included, would be to believe what has not been judged.
    case SHT_SYMTAB:
    case SHT_STRTAB:
    case SHT_REL:
    case SHT_GROUP:
    case SHT_SYMTAB_SHNDX:
        return REFUSE_FIELD(elf, table, sh_info,
                            "a table of the file is not relocated");
    default: return true;
    }
}

static bool relocate_section(struct elf *elf, uint32_t index)
{
    const struct elf_section *table = &elf->section[index];
    struct walk walk = {.elf = elf};

    if (!judge_table(elf, index))
        return false;
    // Debugging sections have relocations too. Nothing is loaded of them, nor
    // of what has given way to another file's copy.
    if (elf->place[table->sh_info] >= ELF_DROPPED)
        return true;
    walk.target = &elf->section[table->sh_info];
    walk.place = elf->place[table->sh_info];
    walk.first = walk.rel = elf_bytes(elf, table);
    if (walk.target->sh_type == SHT_NOBITS)
        return REFUSE_FIELD(elf, table, sh_info,
                            "a section without bytes has none to relocate");
    return relocate_all(&walk, walk.rel + table->sh_size / sizeof *walk.rel);
}

bool elf_relocate(struct elf *elf)
{
    for (uint32_t i = 1; i < elf->sections; i++)
        if (elf->section[i].sh_type == SHT_REL && !relocate_section(elf, i))
            return false;
    return true;
}
