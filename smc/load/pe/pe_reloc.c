// SPDX-License-Identifier: MIT
// Base relocations: the list of all words that hold an absolute address.
// [PE "The .reloc Section"]
//
//   block:  VirtualAddress | SizeOfBlock | 3ooo 3ooo 3ooo ... 0000
//           the page         bytes         type 3 and offset; 0 pads to 4
//
// 56 % of the targets in real files are unaligned and some straddle a page:
// they are operands inside instructions. So a target is four bytes, not a
// word in the sense of the machine.
//
// One of them, in crc32_z of zlib1.dll, whose table of 256 words moved:
//
//   RVA     1e08 09 0a 0b 0c 0d 0e
//   file      33 14 8d e0 b0 09 63     xor 0x6309b0e0(,%ecx,4), %edx
//                      ^ entry 3e0b of the block for page 0x1000
//   linked for 0x63080000, now at 0xc0224000
//   word + base - ImageBase = 0x6309b0e0 + 0xc0224000 - 0x63080000
//   memory    33 14 8d e0 f0 23 c0     xor 0xc023f0e0(,%ecx,4), %edx
//
// The word was an address and is one again. There is no symbol: whatever it
// pointed to, it points to the same thing in the moved image.
//
// Here is the careful way, for any entry. Nearly all tables are HIGHLOW words
// in ascending order, and for those there is a short way, in pe_sweep.c.
#include "smc/load/pe/pe_reloc.h"
#include "kernel/string.h"

static const char *const names[PE_REL_TYPES] = {"ABSOLUTE", "HIGH", "LOW",
                                                "HIGHLOW", "HIGHADJ"};

const char *pe_reloc_name(uint32_t type)
{
    return type < PE_REL_TYPES ? names[type] : "?";
}

// Everything about the place of a change, before it is made.
static bool check_place(struct pe_move *move, uint32_t page, uint32_t rva,
                        uint32_t size)
{
    struct pe *pe = move->pe;

    // page + offset may wrap to a small number, inside the image.
    if (rva < page || !range_inside(rva, size, pe->header->SizeOfImage))
        return load_fail(pe->error,
                         "base relocation at RVA 0x%x in the block for "
                         "page 0x%x is outside the image",
                         rva, page);
    // The header in the stage is not read again, but the image is the file's
    // to describe and not to rewrite. No linker asks for it.
    if (rva < pe->header->SizeOfHeaders)
        return load_fail(pe->error,
                         "base relocation at RVA 0x%x would "
                         "change the headers",
                         rva);
    // A table that relocates itself would be read half changed: whether an
    // entry counts would depend on the base.
    if (rva + size > move->table.VirtualAddress &&
        rva < move->table.VirtualAddress + move->table.Size)
        return load_fail(pe->error,
                         "base relocation at RVA 0x%x would "
                         "change the table that is being read",
                         rva);
    return build_claim(pe->in, rva, size, "a base relocation");
}

// True if the program has put something of its own where the file had an
// address. Only an image that has run can have done that, and only in data.
static bool is_changed(const struct pe_move *move, uint32_t rva,
                       uint32_t value)
{
    const struct image *image = move->pe->image;

    if (!move->used || value - move->from <= move->pe->header->SizeOfImage)
        return false;
    for (uint32_t i = 0; i < image->parts; i++)
        if (rva - image->part[i].offset < image->part[i].size)
            return image->part[i].kind == PART_DATA;
    return false;
}

// The high half of an address whose low half stands in the next entry. It was
// rounded when it was made, because the code adds the low half as a signed
// number; so the whole address is put together first.
//
//   word 6309, next entry b0e0    0x63090000 - 0x4f20 = 0x6308b0e0
//   moved by 5d1a4000             0xc022f0e0: word c023, low half f0e0
static uint32_t move_high(const struct pe_move *move, uint32_t word,
                          uint32_t low)
{
    uint32_t moved = move->from - move->pe->header->ImageBase;
    uint32_t now = (word << 16) + (uint32_t)(int16_t)(low + moved);

    return (now + move->delta + 0x8000) >> 16;
}

static uint32_t moved_value(const struct pe_move *move, uint32_t type,
                            uint32_t value, uint32_t low)
{
    switch (type) {
    case PE_REL_HIGH: return (value + (move->delta >> 16)) & 0xffff;
    case PE_REL_LOW: return (value + move->delta) & 0xffff;
    case PE_REL_HIGHADJ: return move_high(move, value, low) & 0xffff;
    default: return value + move->delta;
    }
}

// `low` is the entry that follows one of type HIGHADJ.
static bool relocate_word(struct pe_move *move, uint32_t page, uint32_t entry,
                          uint32_t low)
{
    struct image *image = move->pe->image;
    uint32_t type = entry >> 12, rva = page + (entry & 0xfff);
    uint32_t size = type == PE_REL_HIGHLOW ? 4 : 2;
    struct fixup fixup = {rva, size, pe_reloc_name(type), NULL, 0, 0};

    if (!check_place(move, page, rva, size))
        return false;
    // The carry from the low half is not in the word. Windows moves images
    // by multiples of 64 KiB and never needs it; here a page is the unit.
    if (type == PE_REL_HIGH && move->delta & 0xffff)
        return load_fail(move->pe->error,
                         "HIGH relocation at RVA 0x%x: moving by 0x%x, not "
                         "by a multiple of 64 KiB, would lose a carry",
                         rva, move->delta);
    memcpy(&fixup.before, image->stage + rva, size);
    fixup.after = fixup.before;
    if (type != PE_REL_HIGHLOW || !is_changed(move, rva, fixup.before))
        fixup.after = moved_value(move, type, fixup.before, low);
    build_tell(move->pe->in, &fixup);
    memcpy(image->stage + rva, &fixup.after, size);
    image->relocations[type]++;
    return true;
}

// Bytes, because a block may lie at an odd RVA.
static uint32_t entry_at(const struct pe *pe, uint32_t rva)
{
    const uint8_t *at = pe->image->stage + rva;

    return at[0] | (uint32_t)at[1] << 8;
}

// One entry the careful way; *at goes to the next one. Types 5 and up are
// for other processors, whose words are not split as the i386's are.
static bool relocate_entry(struct pe_move *move, uint32_t page, uint32_t *at,
                           uint32_t end)
{
    uint32_t entry = entry_at(move->pe, *at), type = entry >> 12, low = 0;

    if (type >= PE_REL_TYPES)
        return load_fail(move->pe->error,
                         "base relocation 0x%x at RVA 0x%x, in the block for "
                         "page 0x%x, has type %u: not one of 0 to 4",
                         entry, *at, page, type);
    *at += 2;
    if (type == PE_REL_ABSOLUTE)
        return true;
    if (type == PE_REL_HIGHADJ) {
        if (*at == end)
            return load_fail(move->pe->error,
                             "HIGHADJ relocation 0x%x at RVA 0x%x is the "
                             "last entry of its block: its low half is "
                             "missing",
                             entry, *at - 2);
        low = entry_at(move->pe, *at);
        *at += 2;
    }
    return pe_sweep_close(move) && relocate_word(move, page, entry, low);
}

// SizeOfBlock below 8 has sent real loaders backwards in memory.
static bool check_block(struct pe *pe, const struct pe_reloc_block *block,
                        uint32_t rva, uint32_t left)
{
    const char *why = NULL;

    if (block->SizeOfBlock < sizeof *block)
        why = "smaller than its own header";
    else if (block->SizeOfBlock % 2)
        why = "odd: entries have two bytes";
    else if (block->SizeOfBlock > left)
        why = "the block ends past the directory";
    return !why || load_refuse(pe->error, "SizeOfBlock", "RVA", rva + 4,
                               block->SizeOfBlock, why);
}

// SizeOfBlock has been checked to be 8 or more, so that the walk goes
// forward, and to end inside the directory. VirtualAddress is not judged: 0
// is legal, and it need not be the start of a page.
static bool relocate_block(struct pe_move *move, uint32_t rva, uint32_t *end)
{
    struct pe_reloc_block block;
    uint32_t left = move->table.VirtualAddress + move->table.Size - rva;
    uint32_t at = rva + sizeof block;

    memcpy(&block, move->pe->image->stage + rva, sizeof block);
    if (!check_block(move->pe, &block, rva, left))
        return false;
    *end = rva + block.SizeOfBlock;
    while (at < *end) {
        // As far as it is easy; then one entry that is not.
        at = pe_sweep(move, rva, &block, at);
        if (at < *end &&
            !relocate_entry(move, block.VirtualAddress, &at, *end))
            return false;
    }
    return true;
}

static bool relocate_all(struct pe_move *move)
{
    uint32_t at = move->table.VirtualAddress, end = at + move->table.Size;

    while (at < end) {
        if (end - at < sizeof(struct pe_reloc_block))
            return load_fail(move->pe->error,
                             "the relocation directory ends with "
                             "%u bytes at RVA 0x%x, too few for a block",
                             end - at, at);
        if (!relocate_block(move, at, &at))
            return false;
    }
    return pe_sweep_close(move);
}

// The delta is a difference modulo 2^32. An image linked at 0 or 0xffff0000
// moves as well as any other.
bool pe_relocate(struct pe *pe, uint32_t from, bool used)
{
    struct pe_move *move = &pe->move;

    *move = (struct pe_move){.pe = pe,
                             .table = pe_directory(pe, DIR_RELOC),
                             .from = from,
                             .used = used};
    move->delta = (uint32_t)(uintptr_t)pe->image->base - from;
    // Not the same as an empty table: that says that nothing needs to move.
    if (move->delta && (pe->header->Characteristics & PE_RELOCS_STRIPPED))
        return load_fail(pe->error,
                         "Characteristics is 0x%x: its relocations were "
                         "stripped, it runs only at its ImageBase 0x%x",
                         pe->header->Characteristics, pe->header->ImageBase);
    return pe_in_image(pe, "the relocation directory",
                       move->table.VirtualAddress, move->table.Size, 1) &&
           relocate_all(move);
}
