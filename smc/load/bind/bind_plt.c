// SPDX-License-Identifier: MIT
// Reading a procedure linkage table. The file does not say where it is:
// section headers do, and those are for linkers. Its bytes do.
//
//   entry    [f3 0f 1e fb]           ENDBR32, if built for CET
//            ff a3 disp32            jmp *disp(%ebx), disp from DT_PLTGOT
//   stub     68 offset32             push $offset of the relocation
//            e9 rel32                jmp to the first entry:
//   first    ff b3 04 00 00 00       push 4(%ebx), the image
//            ff a3 08 00 00 00       jmp *8(%ebx), the resolver
//
// An entry is one if the operand of its jump is the slot, whoever made the
// bytes: a jump through that word is what is to be replaced. [i386 ABI 5-12]
#include "smc/load/bind/bind.h"

enum { ENDBR32 = 0xfb1e0ff3, PUSH = 0xb3ff, JUMP = 0xa3ff };

static uint32_t word_at(uint32_t address)
{
    return ((const struct word *)(uintptr_t)address)->value;
}

static uint32_t base_of(const struct image *image)
{
    return (uint32_t)(uintptr_t)image->base;
}

bool bind_in_code(const struct image *image, uint32_t address, uint32_t size)
{
    uint32_t offset = address - base_of(image);

    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        if (part->kind == PART_CODE && offset >= part->offset &&
            range_inside(offset - part->offset, size, part->size))
            return true;
    }
    return false;
}

// %ebx is not in the bytes. By the ABI it holds DT_PLTGOT wherever an entry
// is called, and so it is not asked what it held this time.
bool bind_is_entry(const struct image *image, uint32_t address, uint32_t slot,
                   uint32_t *jump)
{
    const struct shared *shared = shared_of(image);

    if (bind_in_code(image, address, 4) && word_at(address) == ENDBR32)
        address += 4;
    *jump = address;
    return bind_in_code(image, address, 6) &&
           (word_at(address) & 0xffff) == JUMP &&
           word_at(address + 2) + base_of(image) + shared->pltgot == slot;
}

bool bind_leads_to_entry(const struct image *image, uint32_t caller,
                         uint32_t slot, uint32_t *jump)
{
    return bind_is_entry(image, caller + word_at(caller - 4), slot, jump);
}

// Where every stub jumps.
static bool is_first(const struct shared *shared, uint32_t address)
{
    return bind_in_code(shared->image, address, 12) &&
           (word_at(address) & 0xffff) == PUSH && word_at(address + 2) == 4 &&
           (word_at(address + 6) & 0xffff) == JUMP &&
           word_at(address + 8) == 8;
}

static bool is_stub(const struct shared *shared, uint32_t address)
{
    const uint8_t *at = (const void *)(uintptr_t)address;

    return at[0] == 0x68 && at[5] == 0xe9 &&
           is_first(shared, address + 10 + word_at(address + 6));
}

// With CET a slot leads to the ENDBR32, since a jump through it is indirect.
static uint32_t begin_of(const struct image *image, uint32_t stub)
{
    return bind_in_code(image, stub - 4, 4) && word_at(stub - 4) == ENDBR32
               ? stub - 4
               : stub;
}

// Byte by byte: that the eleven bytes of a stub stand in the middle of other
// code by chance, with a jump to the first entry, is not to be expected.
void bind_find_stubs(const struct shared *shared, uint32_t *stubs)
{
    const struct image *image = shared->image;
    uint32_t end, offset;

    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        if (part->kind != PART_CODE || part->size < 10)
            continue;
        end = base_of(image) + part->offset + part->size - 10;
        for (uint32_t at = base_of(image) + part->offset; at <= end; at++) {
            if (!is_stub(shared, at))
                continue;
            offset = word_at(at + 1);
            if (offset % sizeof(struct elf_rel) == 0 &&
                offset < shared->jmprel.size)
                stubs[offset / sizeof(struct elf_rel)] = begin_of(image, at);
        }
    }
}
