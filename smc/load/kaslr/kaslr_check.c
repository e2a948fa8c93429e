// SPDX-License-Identifier: MIT
// Suite `kaslr`: the records are sound, and nothing but their words differs
// from what the linker made. Every check holds at the linked address as well
// as at any other.
#include "kernel/audit.h"
#include "kernel/lab.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/door/text.h"
#include "smc/load/kaslr/records.h"
#include "smc/load/kaslr/subject.h"

// Somewhere else: any other number of pages would do.
enum { ELSEWHERE = 0x345000 };

// An address may lie a little outside the object that it is meant for: a
// compiler folds `table[i - 4]` into one constant. And phys_of(symbol) is one
// constant, too: a physical address, which moves as far.
enum { SLACK = 4096 };

static bool points_into_image(const uint8_t *word)
{
    uint32_t value;
    memcpy(&value, word, sizeof value);
    if (value < KERNEL_BASE)
        value += KERNEL_BASE;
    return value >= (uintptr_t)text_start - SLACK &&
           value <= (uintptr_t)bss_end + SLACK;
}

// A word that is corrected twice, or half by its neighbour, would be wrong
// only in a kernel that has moved, and there only when it is used.
static enum check_result check_records(void)
{
    struct kaslr_walk walk = kaslr_walk();
    uint32_t n = 0, low = 0, outside = 0, astray = 0, close = 0, last = 0;
    for (; kaslr_next(&walk); n++) {
        const uint8_t *word = records_word(&walk);
        close += walk.at < last + 4 && n;
        last = walk.at;
        low += !word;
        outside += word && word + 4 > tables_start;
        astray += word && word + 4 <= tables_start && !points_into_image(word);
    }
    judged("%u words, %u of them in the boot part; %u overlap, %u outside "
           "text and data, %u point outside the image",
           n, low, close, outside, astray);
    return verdict(n > 1000 && low && !close && !outside && !astray);
}

// How many bytes differ outside recorded words, and how many words do not
// differ by delta.
static uint32_t count_wrong(const uint8_t *before, const uint8_t *after,
                            uint32_t delta)
{
    struct kaslr_walk walk = kaslr_walk();
    uint32_t wrong = 0, old, new;
    size_t at = 0;
    while (kaslr_next(&walk)) {
        const uint8_t *word = records_word(&walk);
        if (!word || word >= text_end)
            continue;
        size_t next = (size_t)(word - text_start);
        wrong += memcmp(before + at, after + at, next - at) != 0;
        memcpy(&old, before + next, sizeof old);
        memcpy(&new, after + next, sizeof new);
        wrong += new != old + delta;
        at = next + sizeof old;
    }
    size_t rest = records_text_bytes() - at;
    return wrong + (memcmp(before + at, after + at, rest) != 0);
}

static enum check_result check_copy(void)
{
    uint8_t *before = records_copy(), *after = records_copy();
    uint32_t n = 0, wrong = 1;
    if (before && after) {
        n = records_apply(after, ELSEWHERE);
        wrong = count_wrong(before, after, ELSEWHERE);
    }
    if (before)
        records_free(before);
    if (after)
        records_free(after);
    judged("%u words of a copy of text grew by 0x%x, %u of them, or "
           "bytes between them, are wrong",
           n, ELSEWHERE, wrong);
    return verdict(n && !wrong);
}

// The door's hash is that of text where it is now. Less its patches, and less
// its move, text must be what the loader had loaded; the boot part hashed that
// before it touched a word. If the kernel has not moved, a copy makes the way
// there and back.
static enum check_result check_linked(void)
{
    uint8_t *copy = records_copy_unpatched();
    if (!copy) {
        judged("no memory for a copy of text");
        return CHECK_FAIL;
    }
    uint64_t boot = records_hash(copy);
    records_apply(copy, ELSEWHERE);
    uint64_t elsewhere = records_hash(copy);
    records_apply(copy, -(kaslr_report.delta + ELSEWHERE));
    uint64_t linked = records_hash(copy);
    records_free(copy);
    uint64_t wanted = kaslr_report.delta ? kaslr_report.linked_hash
                                         : text_boot_hash();
    judged("moved by 0x%x: unpatched %016llx, elsewhere %016llx, unmoved "
           "%016llx, as loaded %016llx",
           kaslr_report.delta, boot, elsewhere, linked, wanted);
    return verdict(boot == text_boot_hash() && linked == wanted &&
                   elsewhere != boot && elsewhere != linked);
}

// A page of the place that the kernel was loaded to: text and all behind it.
static bool is_in_image(uintptr_t page)
{
    return page >= phys_of(text_start) && page < phys_of(bss_end);
}

// All of the image belongs to nobody else. After a move the old place belongs
// to the allocator, as far as the new one does not begin there.
static enum check_result check_places(void)
{
    uint32_t image = 0, taken = 0, old = 0, free = 0;
    for (uintptr_t at = phys_of(text_start); is_in_image(at);
         at += PAGE_SIZE) {
        uintptr_t before = at - kaslr_report.delta;
        image++;
        taken += page_is_managed(at);
        old += !is_in_image(before);
        free += page_is_managed(before);
    }
    judged("%u pages at physical %p, %u of them handed out; %u pages left "
           "behind, %u of them free",
           image, (void *)phys_of(text_start), taken, old, free);
    return verdict(image && !taken && free == old &&
                   old == (kaslr_report.delta ? image : 0));
}

static bool has_rights(const void *at, unsigned rights)
{
    struct page_info page;
    return paging_lookup(at, &page) && page.rights == rights &&
           page.pa == phys_of(at);
}

// The boundaries have moved, and the rights with them. Nothing of the boot
// part, which could move the kernel once more, is mapped.
static enum check_result check_rights(void)
{
    struct page_info page;
    bool text = has_rights(text_start, PAGE_EXEC) &&
                has_rights(layout_at(text_end, -(int)PAGE_SIZE), PAGE_EXEC);
    bool tables = has_rights(tables_start, PAGE_READ) &&
                  has_rights(rodata_start, PAGE_READ);
    bool data = has_rights(data_start, PAGE_WRITE) &&
                has_rights(bss_start, PAGE_WRITE);
    bool gone = !paging_lookup(boot_part_start, &page) &&
                !paging_lookup(virt_of(boot_part_start), &page);
    bool guard = !paging_lookup(boot_stack_guard, &page);
    judged("text at %p %s, tables %s, data %s, guard page %s, boot part %s",
           text_start, text ? "r-x" : "WRONG", tables ? "r--" : "WRONG",
           data ? "rw-" : "WRONG", guard ? "unmapped" : "MAPPED",
           gone ? "unmapped" : "MAPPED");
    return verdict(text && tables && data && guard && gone && !audit_run(0));
}

// Both count for themselves, from the same start.
static enum check_result check_subjects(void)
{
    uint32_t same = 0, sum = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t fixed = subject_fixed(i * 7);
        same += fixed == subject_pic(i * 7);
        sum += fixed;
    }
    judged("%u of 1000 results are the same, their sum is %u", same, sum);
    return verdict(same == 1000 && sum);
}

static const struct check kaslr_checks[] = {
    {"every record names one word that holds an address", check_records},
    {"moving a copy of text changes these words and no byte else", check_copy},
    {"less its patches and its move, text is what was loaded", check_linked},
    {"the image is nobody else's memory, the place it left is free",
     check_places},
    {"rights and guard pages are where the kernel is", check_rights},
    {"position-independent code does the same", check_subjects},
};
CHECK_SUITE(kaslr, kaslr_checks);
