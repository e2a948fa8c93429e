// SPDX-License-Identifier: MIT
// DT_RELR: relative relocations, packed. A pointer table of a thousand words
// takes 8 000 bytes of DT_REL, and 130 of these.
//
//   even word   an address: change this word; the next bitmap begins behind
//   odd word    a bitmap: bit 1 is the next word, bit 2 the one after, ...
//               31 words in all, after which the next bitmap goes on
//
//   00103e9c     change 3e9c               3e9c *
//   00000003     bits 0 and 1: 3ea0        3ea0 *  3ea4    3ea8 ...
//
// Linux's libm.so.6 has 12 bytes of them. ["Relative relocations in ELF
// shared objects", the generic ABI list, 2017]; DT_RELR in the ELF gABI 4.3
#include "smc/load/elf/shared.h"

#define BITMAP_WORDS 31u
#define FULL 0x7fffffffu // all of them

static uint32_t entry_at(const struct shared *shared, uint32_t index)
{
    return ((const struct word *)shared->relr.at)[index].value;
}

static uint32_t place_of(const struct shared *shared, uint32_t index)
{
    return (uint32_t)(shared->relr.at - shared->file->data) + 4 * index;
}

// One word, judged.
static bool change(struct shared *shared, uint32_t vaddr, uint32_t index)
{
    uint32_t offset = vaddr - shared->low, before;

    if (!shared_aim(shared, vaddr, "DT_RELR's word", place_of(shared, index)))
        return false;
    before = build_get(shared->image, offset);
    build_put(shared->image, offset, before + shared->delta);
    build_tell(shared->in, &(struct fixup){
                               .offset = offset,
                               .size = 4,
                               .type = "DT_RELR",
                               .before = before,
                               .after = before + shared->delta,
                           });
    shared->image->relocations[R_386_RELATIVE]++;
    shared_ran(shared, offset, offset + 4);
    return true;
}

// A bitmap whose words are all in one segment needs no more judgement. Where
// there is one pointer there are many: all ones is the common bitmap. It is
// carried out in one go: a loop of three instructions takes one cycle a turn
// or two, as its bytes happen to lie in one line of the cache or in two.
static void change_all(struct shared *shared, uint32_t vaddr, uint32_t bits)
{
    struct word *at = (void *)(shared->image->stage + (vaddr - shared->low));
    uint32_t delta = shared->delta, count = 0, high = 0;

    if (bits == FULL) {
#pragma GCC unroll 31
        for (uint32_t i = 0; i < BITMAP_WORDS; i++)
            at[i].value += delta;
        count = high = BITMAP_WORDS;
    } else {
        for (uint32_t i = 0; bits; i++, bits >>= 1)
            if (bits & 1) {
                at[i].value += delta;
                count++;
                high = i + 1;
            }
    }
    shared->image->relocations[R_386_RELATIVE] += count;
    shared_ran(shared, vaddr - shared->low, vaddr - shared->low + 4 * high);
}

static bool change_bits(struct shared *shared, uint32_t vaddr, uint32_t index)
{
    uint32_t bits = entry_at(shared, index) >> 1;
    const struct shared_segment *segment = shared_segment(
        shared, vaddr - shared->low, BITMAP_WORDS * 4);

    if (segment && !shared->in->options->watch &&
        ((segment->flags & PF_WRITE) || shared->text_relocations)) {
        change_all(shared, vaddr, bits);
        return true;
    }
    for (; bits; bits >>= 1, vaddr += 4)
        if ((bits & 1) && !change(shared, vaddr, index))
            return false;
    return true;
}

bool shared_relocate_relr(struct shared *shared)
{
    uint32_t next = 0;
    bool based = false; // an address has come

    for (uint32_t i = 0; i < shared->relr.size / 4; i++) {
        uint32_t entry = entry_at(shared, i);
        if (!(entry & 1)) {
            if (!change(shared, entry, i))
                return false;
            next = entry + 4;
            based = true;
            continue;
        }
        if (!based)
            return load_refuse(shared->error, "DT_RELR's first word", "offset",
                               place_of(shared, i), entry,
                               "a bitmap, with no address before it");
        if (!change_bits(shared, next, i))
            return false;
        next += BITMAP_WORDS * 4;
    }
    return true;
}

void shared_each_relr(const struct shared *shared,
                      void (*see)(void *arg, uint32_t vaddr), void *arg)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < shared->relr.size / 4; i++) {
        uint32_t entry = entry_at(shared, i);
        if (!(entry & 1)) {
            see(arg, entry);
            next = entry + 4;
            continue;
        }
        for (uint32_t k = 0; entry >>= 1; k += 4)
            if (entry & 1)
                see(arg, next + k);
        next += BITMAP_WORDS * 4;
    }
}
