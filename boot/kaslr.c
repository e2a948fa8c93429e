// SPDX-License-Identifier: MIT
// What became of the move, seen from the moved kernel. Everything here reads;
// boot/low_move.c wrote.
#include "boot/kaslr.h"
#include "boot/info.h"
#include "boot/low.h"
#include "kernel/command.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/printf.h"
#include "kernel/string.h"

extern const uint8_t relocs_start[], relocs_end[];

struct kaslr_report kaslr_report;

// low_report is a low symbol: it has no record, and the direct map shows it.
void kaslr_init(void)
{
    kaslr_report = *(const struct kaslr_report *)virt_of(&low_report);
}

char *kaslr_explain(char *out, size_t size)
{
    static const char *const sources[] = {"given", "from RDRAND",
                                          "from the time stamp counter"};
    const struct kaslr_report *r = &kaslr_report;
    char value[32] = "";
    boot_word("kaslr", value, sizeof value);
    if (r->status == KASLR_MOVED)
        ksnprintf(out, size,
                  "kernel moved by 0x%x to %p (seed 0x%x %s, one of %u "
                  "places), %u words relocated",
                  r->delta, text_start, r->seed, sources[r->source], r->slots,
                  r->records);
    else if (r->status == KASLR_BAD)
        ksnprintf(out, size,
                  "kaslr=%s: the seed is not a number of 32 bits; the kernel "
                  "stays at %p",
                  value, text_start);
    else if (r->status == KASLR_NO_ROOM)
        ksnprintf(out, size,
                  "kaslr: no free %u KiB in usable memory; the kernel stays "
                  "at %p",
                  (bss_end - text_start) / 1024, text_start);
    else
        ksnprintf(out, size, "kernel at %p, as linked", text_start);
    return out;
}

struct kaslr_walk kaslr_walk(void)
{
    return (struct kaslr_walk){relocs_start, relocs_end, 0x100000};
}

// Where a record's word is now; NULL for the few in the boot part, which is
// gone.
static uint8_t *word_of(uint32_t at)
{
    uint32_t linked = phys_of(text_start) - kaslr_report.delta;
    return at < linked ? NULL : virt_of(at + kaslr_report.delta);
}

// A word may straddle nothing but bytes of text: records do not overlap. At
// each recorded place the four bytes come from the word less delta.
uint64_t kaslr_unmoved_hash(void)
{
    uint64_t h = 0xcbf29ce484222325ull;
    struct kaslr_walk walk = kaslr_walk();
    const uint8_t *word = NULL;
    bool more = true;
    uint32_t linked = 0;
    for (const uint8_t *p = text_start; p < text_end; p++) {
        while (more && (!word || p >= word + 4)) {
            more = kaslr_next(&walk);
            word = more ? word_of(walk.at) : word;
            if (word) {
                memcpy(&linked, word, 4);
                linked -= kaslr_report.delta;
            }
        }
        bool inside = word && p >= word && p < word + 4;
        h = (h ^ (inside ? (uint8_t)(linked >> (p - word) * 8) : *p)) *
            0x100000001b3ull;
    }
    return h;
}

uint8_t *kaslr_first_word(uint32_t *count)
{
    struct kaslr_walk walk = kaslr_walk();
    uint8_t *first = NULL;
    for (*count = 0; kaslr_next(&walk);) {
        uint8_t *word = word_of(walk.at);
        if (!word || word >= text_end)
            continue;
        first = first ? first : word;
        ++*count;
    }
    return first;
}

static int run_kaslr(int argc, char **argv)
{
    char text[200];
    (void)argc;
    (void)argv;
    kprintf("%s\n", kaslr_explain(text, sizeof text));
    if (kaslr_report.delta)
        kprintf("copied in %llu ticks of the time stamp counter, corrected in "
                "%llu\n",
                kaslr_report.copy_ticks, kaslr_report.apply_ticks);
    return 0;
}
COMMAND(kaslr, "", "where the kernel is, and how it got there", run_kaslr);
