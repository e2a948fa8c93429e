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
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

// Types 1, 2 and 4 are for 16-bit halves of addresses, 5 and up for other
// processors. i386 code has no use for either.
static bool relocate_entry(struct pe *pe, uint32_t page, uint16_t entry,
                           uint32_t delta, struct pe_directory table)
{
    uint32_t type = entry >> 12, rva = page + (entry & 0xfff), was;

    if (type == PE_REL_ABSOLUTE)
        return true;
    if (type != PE_REL_HIGHLOW)
        return load_fail(pe->error,
                         "base relocation 0x%x in the block for "
                         "page 0x%x has type %u, not 0 or 3",
                         entry, page, type);
    // page + offset may wrap to a small number, inside the image.
    if (rva < page || !range_inside(rva, 4, pe->header->SizeOfImage))
        return load_fail(pe->error,
                         "base relocation 0x%x in the block for "
                         "page 0x%x is outside the image",
                         entry, page);
    // The header in the stage is not read again, but the image is the file's
    // to describe and not to rewrite. No linker asks for it.
    if (rva < pe->header->SizeOfHeaders)
        return load_fail(pe->error,
                         "base relocation at RVA 0x%x would "
                         "change the headers",
                         rva);
    // A table that relocates itself would be read half changed: whether an
    // entry counts would depend on the base.
    if (rva + 4 > table.VirtualAddress &&
        rva < table.VirtualAddress + table.Size)
        return load_fail(pe->error,
                         "base relocation at RVA 0x%x would "
                         "change the table that is being read",
                         rva);
    if (!build_claim(pe->in, rva, 4, "a base relocation"))
        return false;
    was = build_get(pe->image, rva);
    build_tell(pe->in,
               &(struct fixup){rva, 4, "HIGHLOW", NULL, was, was + delta});
    build_put(pe->image, rva, was + delta);
    pe->image->relocations[PE_REL_HIGHLOW]++;
    return true;
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
// forward, and to end inside the directory.
static bool relocate_block(struct pe *pe, uint32_t rva, uint32_t delta,
                           struct pe_directory table, uint32_t *size)
{
    const uint8_t *at = pe->image->stage + rva;
    struct pe_reloc_block block;

    memcpy(&block, at, sizeof block);
    if (!check_block(pe, &block, rva, table.VirtualAddress + table.Size - rva))
        return false;
    *size = block.SizeOfBlock;
    for (uint32_t i = sizeof block; i < block.SizeOfBlock; i += 2) {
        // Bytes, because a block may lie at an odd RVA.
        uint16_t entry = (uint16_t)(at[i] | at[i + 1] << 8);
        if (!relocate_entry(pe, block.VirtualAddress, entry, delta, table))
            return false;
    }
    return true;
}

// The delta is a difference modulo 2^32. An image linked at 0 or 0xffff0000
// moves as well as any other.
bool pe_relocate(struct pe *pe, uint32_t base)
{
    struct pe_directory table = pe_directory(pe, DIR_RELOC);
    uint32_t delta = base - pe->header->ImageBase, size = 0;

    // Not the same as an empty table: that says that nothing needs to move.
    if (delta && (pe->header->Characteristics & PE_RELOCS_STRIPPED))
        return load_fail(pe->error,
                         "its relocations were stripped: it runs "
                         "only at 0x%x",
                         pe->header->ImageBase);
    if (!pe_in_image(pe, "the relocation directory", table.VirtualAddress,
                     table.Size, 1))
        return false;
    for (uint32_t at = 0; at < table.Size; at += size) {
        if (table.Size - at < sizeof(struct pe_reloc_block))
            return load_fail(pe->error,
                             "the relocation directory ends with "
                             "%u bytes, too few for a block",
                             table.Size - at);
        if (!relocate_block(pe, table.VirtualAddress + at, delta, table,
                            &size))
            return false;
    }
    return true;
}
