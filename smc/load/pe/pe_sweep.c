// SPDX-License-Identifier: MIT
// The short way through a table of base relocations.
//
// A careful look at every word costs ten times as much as changing it. But
// what the careful look is for can be had for a whole run of words, as long
// as each lies above the one before:
//
//   part of the image   |   x   x x  x      x x     x |
//                       ^   ^ ^                       ^
//                       |   | '-- next: no word may begin below
//                     part  '---- low: where the run began
//
//   none twice          its offset is at least `next`
//   none outside        its last byte is in the part that the run began in
//   not in the headers, not in the table: that part is neither
//
// So the loop compares with two limits, and the run is claimed once, when it
// ends. Linkers sort by address, hence a part is one run as a rule. What is
// not so is left to pe_reloc.c, entry by entry.
#include "kernel/string.h"
#include "smc/load/pe/pe_reloc.h"

// Below this many words a run is claimed word by word: the loader keeps one
// run only, and a short one should not push out a long one.
#define LONG_RUN 1024u

struct half {
    uint16_t value;
} __attribute__((packed));

// A part that is neither the headers nor holds any of the table.
static bool may_sweep(const struct pe_move *move,
                      const struct image_part *part)
{
    return part->offset >= move->pe->header->SizeOfHeaders &&
           (part->offset + part->size <= move->table.VirtualAddress ||
            part->offset >= move->table.VirtualAddress + move->table.Size);
}

// The part that a run from `rva` would be in, or NULL. Nobody may watch: who
// does wants to hear of every word. Nor may the image have run, as its data
// must then be looked at.
static const struct image_part *find_part(const struct pe_move *move,
                                          uint32_t rva)
{
    const struct image *image = move->pe->image;

    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        if (rva >= part->offset &&
            range_inside(rva - part->offset, 4, part->size))
            return may_sweep(move, part) ? part : NULL;
    }
    return NULL;
}

// Begins a run with this word, if it can.
static bool begin(struct pe_move *move, uint32_t where, uint32_t at,
                  uint32_t rva)
{
    const struct image_part *part = find_part(move, rva);

    if (!part)
        return false;
    move->run = (struct pe_run){
        .block = where,
        .first = at,
        .last = at,
        .low = rva,
        .next = rva,
        .limit = part->offset + part->size - 4,
    };
    return true;
}

// The loop that it is all about: a load, two comparisons, an addition in
// memory. The 3 of HIGHLOW is subtracted with the comparisons: an entry of
// another type becomes an offset that no page has.
static uint32_t sweep(uint8_t *page, const struct half *entry, uint32_t count,
                      uint32_t low, uint32_t high, uint32_t delta)
{
    uint32_t i = 0;

    for (; i < count; i++) {
        uint32_t offset = entry[i].value - (PE_REL_HIGHLOW << 12);
        if (offset < low || offset > high)
            break;
        ((struct word *)(page + offset))->value += delta;
        low = offset + 4;
    }
    return i;
}

// In the stage a page may begin below the part, even at an RVA that is not in
// the image at all. The limits are counted from it, modulo 2^32, and are only
// used if they did not wrap.
static uint32_t sweep_on(struct pe_move *move, uint32_t page, uint32_t at,
                         uint32_t end)
{
    struct pe_run *run = &move->run;
    uint8_t *stage = move->pe->image->stage;
    uint32_t low = run->next > page ? run->next - page : 0;
    uint32_t high = run->limit - page, count;

    if (page > run->limit)
        return at;
    if (high > 0xfff)
        high = 0xfff;
    count = sweep(stage + page, (const struct half *)(stage + at),
                  (end - at) / 2, low, high, move->delta);
    if (count == 0)
        return at;
    at += 2 * count;
    run->last = at;
    run->next = page +
                (((const struct half *)(stage + at - 2))->value & 0xfff) + 4;
    run->words += count;
    return at;
}

uint32_t pe_sweep(struct pe_move *move, uint32_t where,
                  const struct pe_reloc_block *block, uint32_t at)
{
    const struct half *entry = (const void *)(move->pe->image->stage + at);
    uint32_t page = block->VirtualAddress, rva = page + (entry->value & 0xfff);
    uint32_t end = where + block->SizeOfBlock, from;

    if (move->used || move->pe->in->options->watch || rva < page)
        return at;
    // A new run only if there is none: another one would begin below this
    // one, or in another part, after an entry that closes this one.
    if (move->run.words == 0 && !begin(move, where, at, rva))
        return at;
    from = at;
    at = sweep_on(move, page, at, end);
    move->pe->image->relocations[PE_REL_HIGHLOW] += (at - from) / 2;
    return at;
}

// Claims the words of a run one by one: the table is walked again from the
// block where the run began to the entry where it ended.
static bool claim_words(struct pe *pe, const struct pe_run *run)
{
    const uint8_t *stage = pe->image->stage;
    struct pe_reloc_block block;

    for (uint32_t at = run->block; at < run->last; at += block.SizeOfBlock) {
        uint32_t i = at + sizeof block;
        memcpy(&block, stage + at, sizeof block);
        for (; i < at + block.SizeOfBlock && i < run->last; i += 2) {
            uint32_t entry = ((const struct half *)(stage + i))->value;
            if (i < run->first || entry >> 12 != PE_REL_HIGHLOW)
                continue;
            if (!build_claim(pe->in, block.VirtualAddress + (entry & 0xfff), 4,
                             "a base relocation"))
                return false;
        }
    }
    return true;
}

static bool replay(struct loading *in)
{
    struct pe *pe = in->work;
    struct pe_run run = pe->move.claimed;

    return claim_words(pe, &run);
}

// A long run that is claimed already goes to the map first: what the loader
// would replay must still be the old one.
static bool claim_long(struct pe_move *move, const struct pe_run *run)
{
    struct loading *in = move->pe->in;
    bool older = in->run.low != in->run.high;

    in->run = (struct claim_run){0, 0, NULL};
    if (older && !claim_words(move->pe, &move->claimed))
        return false;
    move->claimed = *run;
    return build_claim_run(in, run->low, run->next, replay);
}

bool pe_sweep_close(struct pe_move *move)
{
    struct pe_run run = move->run;

    move->run.words = 0;
    if (run.words == 0)
        return true;
    return run.words < LONG_RUN ? claim_words(move->pe, &run)
                                : claim_long(move, &run);
}
