// SPDX-License-Identifier: MIT
// No word may be changed twice: the second change would build on the first.
//
// A bit for each byte of the image would cost more than the relocations. But
// linkers sort: each word lies above the one before, which is proof enough
// that none comes twice, for as long as it lasts. Such a stretch is a run.
//
//   RELATIVE     | * **** ** *****|                      run 1
//   GLOB_DAT                        | ** * |             run 2
//   JMP_SLOT                               | ******* |   run 3
//
// If no two runs overlap, that was all. Otherwise (a table that is sorted by
// symbol, as those of R_386_32 are) there is one pass with the bits. It comes
// after the changes; what has been spoilt by then is a stage that is thrown
// away.
#include "kernel/heap.h"
#include "smc/load/elf/shared.h"

#define RUNS (sizeof(((struct shared *)0)->run) / sizeof(struct shared_run))

void shared_ran(struct shared *shared, uint32_t low, uint32_t high)
{
    struct shared_run *run = &shared->run[shared->runs];

    if (shared->runs && low >= run[-1].high) {
        run[-1].high = high;
    } else if (shared->runs == RUNS) {
        shared->disorder = true;
    } else {
        *run = (struct shared_run){low, high};
        shared->runs++;
    }
}

static bool runs_are_disjoint(const struct shared *shared)
{
    for (uint32_t i = 0; i < shared->runs; i++)
        for (uint32_t k = 0; k < i; k++)
            if (shared->run[i].low < shared->run[k].high &&
                shared->run[k].low < shared->run[i].high)
                return false;
    return true;
}

// One bit for each byte: words may overlap by one byte, too.
struct bits {
    uint8_t *map;
    uint32_t low;  // p_vaddr of the first bit
    uint32_t word; // the first one that came twice,
    bool twice;    // if there is one
};

static void mark(void *arg, uint32_t vaddr)
{
    struct bits *bits = arg;
    uint32_t offset = vaddr - bits->low, mask = 0xfu << offset % 8;
    struct word *at = (struct word *)(bits->map + offset / 8);

    if ((at->value & mask) && !bits->twice) {
        bits->twice = true;
        bits->word = vaddr;
    }
    at->value |= mask;
}

static void mark_table(struct bits *bits, const struct shared_table *table)
{
    const struct elf_rel *rel = (const void *)table->at;

    for (uint32_t i = 0; i < table->size / sizeof *rel; i++)
        if ((uint8_t)rel[i].r_info != R_386_NONE)
            mark(bits, rel[i].r_offset);
}

// All words have been judged to lie in the image by now.
bool shared_judge_twice(struct shared *shared)
{
    struct bits bits = {.low = shared->low};

    if (!shared->disorder && runs_are_disjoint(shared))
        return true;
    // Three bytes more: mark looks at four.
    bits.map = heap_zalloc(1, shared->image->size / 8 + 4);
    if (!bits.map)
        return load_fail(shared->error, "no memory for the map of changes");
    mark_table(&bits, &shared->rel);
    mark_table(&bits, &shared->jmprel);
    shared_each_relr(shared, mark, &bits);
    for (uint32_t i = 0; shared->lazy && i < 3; i++)
        mark(&bits, shared->low + shared->pltgot + 4 * i);
    heap_free(bits.map);
    return !bits.twice ||
           load_fail(shared->error,
                     "the word at 0x%x is relocated for the second time",
                     bits.word);
}
