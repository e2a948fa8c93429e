// SPDX-License-Identifier: MIT
// The global offset table of an object: one word for each symbol whose
// address its code wants to read instead of to contain.
//
// Code that is compiled with -fpic has no addresses in it. It finds the
// table by its distance, and in the table the addresses. [i386 ABI "Global
// Offset Table"]
//
//   call __x86.get_pc_thunk.bx
//   add  $_GLOBAL_OFFSET_TABLE_, %ebx     R_386_GOTPC   how far it is
//   mov  errno@GOT(%ebx), %eax            R_386_GOT32X  which word of it
//   mov  table@GOTOFF(%ebx), %edx         R_386_GOTOFF  how far from it
//                  |
//   the table  | &errno | &malloc | ...   at the end of the read-only part
//
// A program's table begins with three words for the dynamic linker. Objects
// have none, so that here the table is only what is asked for. Its words are
// filled in the stage and are read-only from the first instruction on, as
// dynamic linkers make them only with -z relro.
#include "smc/load/elf/elf.h"
#include "smc/load/set.h"

static bool wants_slot(uint32_t info)
{
    uint8_t type = (uint8_t)info;

    return type == R_386_GOT32 || type == R_386_GOT32X;
}

// A symbol that does not exist is refused when the relocation's turn comes.
static bool give_slot(struct elf *elf, uint32_t symbol)
{
    if (!elf->slot)
        elf->slot = pool_take(&elf->in->set->pool,
                              (elf->symbols + 1) * sizeof *elf->slot);
    if (!elf->slot)
        return load_fail(elf->error, "no memory for the GOT");
    if (symbol < elf->symbols && !elf->slot[symbol])
        elf->slot[symbol] = ++elf->slots;
    return true;
}

bool elf_count_slots(struct elf *elf, const struct elf_rel *rel,
                     const struct elf_rel *end)
{
    for (; rel < end; rel++)
        if (wants_slot(rel->r_info) && !give_slot(elf, rel->r_info >> 8))
            return false;
    return true;
}

// A symbol without an address was refused, or is weak and 0.
void elf_fill_slots(struct elf *elf)
{
    for (uint32_t i = 0; elf->slot && i < elf->symbols; i++)
        if (elf->slot[i])
            build_put(elf->image, elf->got + (elf->slot[i] - 1) * 4,
                      elf->address[i]);
}
