// SPDX-License-Identifier: MIT
// One look at each relocation table before anything has an address: how many
// words the global offset table needs, and what is true of all entries of a
// table at once.
//
// An assembler writes a table in the order of its places, and nearly every
// place is a word. Where that is so, three questions of each entry become
// three of the table:
//
//   r_offset   04  0b  10  1c  23  28      each 4 or more above the last:
//               '---'---'---'---'---'      none is changed twice, and if the
//                                     |    last one is inside, all are
//   r_info     the largest symbol number is one of a symbol: all are
//
// The answer is kept as the table's reach, and object_reloc.c asks nothing
// more of such a table than what kind of change each entry is. [ELF 1-21]
#include "kernel/one_page.h"
#include "smc/load/elf/elf.h"

// Tables of sections that are not loaded ask for nothing. Their sh_info is
// judged later, so that it is not believed here.
static bool is_used(const struct elf *elf, const struct elf_section *table)
{
    return table->sh_type == SHT_REL && table->sh_info < elf->sections &&
           (elf->section[table->sh_info].sh_flags & SHF_ALLOC) &&
           elf->place[table->sh_info] != ELF_DROPPED;
}

struct survey {
    uint32_t reach;
    bool odd; // some are neither an address nor a distance
};

// All entries of a table, without a branch between them: a doubt about one of
// them is a bit that stays set to the end.
//
//   order  bits 31 and 30: a place below the end of the word before it, or one
//          from 2^30 on. Of lower ones neither 4 more nor a difference wraps;
//          no section is as large.
//   most   the largest r_info, whose upper bits are the symbol's number: a
//          conditional move for each
//   kinds  bits 7..0: R_386_32 and R_386_PC32, 1 and 2, become 0 and 1; others
//          set a higher bit. R_386_NONE sets all.
static struct survey look(const struct elf *elf, const struct elf_rel *rel,
                          const struct elf_rel *end)
{
    uint32_t next = 0, order = 0, kinds = 0, most = 0;

#pragma GCC unroll 4
    for (; rel < end; rel++) {
        kinds |= rel->r_info - 1;
        most = rel->r_info > most ? rel->r_info : most;
        order |= rel->r_offset - next;
        order |= rel->r_offset;
        next = rel->r_offset + 4;
    }
    if (order >> 30 || most >> 8 >= elf->symbols || (uint8_t)kinds == 0xff)
        next = ELF_NOWHERE;
    return (struct survey){next, (uint8_t)kinds > 1};
}

// Only an odd entry wants a word of the global offset table.
ONE_PAGE(1024) bool elf_survey(struct elf *elf)
{
    elf->plain = true;
    for (uint32_t i = 1; i < elf->sections; i++) {
        const struct elf_section *table = &elf->section[i];
        const struct elf_rel *rel, *end;
        struct survey survey;
        if (!is_used(elf, table))
            continue;
        rel = elf_bytes(elf, table);
        end = rel + table->sh_size / sizeof *rel;
        survey = look(elf, rel, end);
        elf->reach[i] = survey.reach;
        elf->plain &= !survey.odd;
        if (survey.odd && !elf_count_slots(elf, rel, end))
            return false;
    }
    return true;
}
