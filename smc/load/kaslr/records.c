// SPDX-License-Identifier: MIT
// Applying the kernel's relocation records to a copy of its text.
//
// Written apart from boot/low_move.c and boot/kaslr.c, which relocate the
// image and hash it on the way: what three pieces of code agree on is hardly
// wrong in all of them.
#include "smc/load/kaslr/records.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/door/journal.h"
#include "smc/patch/alternative/block.h"

size_t records_text_bytes(void)
{
    return (size_t)(text_end - text_start);
}

size_t records_text_pages(void)
{
    return records_text_bytes() / PAGE_SIZE;
}

uint8_t *records_copy(void)
{
    uint8_t *copy = pages_alloc(records_text_pages());
    return copy ? block_copy(copy, text_start, records_text_bytes()) : NULL;
}

// The journal knows what every live patch has overwritten. Newest first:
// where two overlap, the older one's bytes are the ones that were there first.
uint8_t *records_copy_unpatched(void)
{
    uint8_t *copy = records_copy();
    for (uint32_t i = journal_count(); copy && i-- > 0;) {
        const struct journal_entry *e = journal_at(i);
        if (e->kind == JOURNAL_PATCH && e->state == JOURNAL_LIVE &&
            e->site >= text_start && e->site < text_end)
            memcpy(copy + (e->site - text_start), e->old, e->len);
    }
    return copy;
}

void records_free(uint8_t *copy)
{
    pages_free(copy, records_text_pages());
}

uint8_t *records_word(const struct kaslr_walk *walk)
{
    if (walk->at < (uintptr_t)boot_part_end)
        return NULL;
    return virt_of(walk->at + kaslr_report.delta);
}

uint32_t records_apply(uint8_t *copy, uint32_t delta)
{
    struct kaslr_walk walk = kaslr_walk();
    uint32_t n = 0, word;
    while (kaslr_next(&walk)) {
        const uint8_t *at = records_word(&walk);
        if (!at || at >= text_end)
            continue;
        memcpy(&word, copy + (at - text_start), sizeof word);
        word += delta;
        memcpy(copy + (at - text_start), &word, sizeof word);
        n++;
    }
    return n;
}

uint64_t records_hash(const uint8_t *copy)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (size_t i = 0; i < records_text_bytes(); i++)
        h = (h ^ copy[i]) * 0x100000001b3ull;
    return h;
}

uint8_t *records_find(const void *from)
{
    struct kaslr_walk walk = kaslr_walk();
    while (kaslr_next(&walk)) {
        uint8_t *word = records_word(&walk);
        if (word && word >= (const uint8_t *)from)
            return word < text_end ? word : NULL;
    }
    return NULL;
}
