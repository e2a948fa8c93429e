// SPDX-License-Identifier: MIT
// The kernel moves itself, by applying its own relocation records, before the
// first line of C in it runs. It is what the loader lab does to other
// people's files. [Linux arch/x86/boot/compressed/misc.c, handle_relocations]
//
// Virtual is physical plus KERNEL_BASE, so one distance serves both: the
// image goes up by delta in physical memory, and every word in it that holds
// one of its addresses grows by delta.
//
//   0x100000  [boot part]                                stays: it runs
//   0x101000  [text rodata data tables | stacks bss]     as loaded
//                 |
//                 '--- + delta ---.
//                                 v
//             [text rodata data tables | stacks bss]     copied, then
//               ^  ^^     ^  ^         '---------' zeros  each ^ += delta
//
// Code and data hold addresses of two kinds. A distance between two places of
// the image (CALL, JMP) does not change; an address (MOV $symbol, a pointer in
// a table) does, and has a record. The boot part itself holds a few
// addresses of the part that moves (its stack, the page tables, where it jumps
// to); those are corrected where they are.
//
// There is no door yet, and no journal. Both come to know: kernel_main logs
// the report, door_init adds the journal's first line, and `hash` can undo
// the move in a copy and show that nothing else has changed.
#include "boot/low.h"
#include "kernel/cpu.h"

enum { RDRAND_TRIES = 10 }; // [SDM1 7.3.17.1] asks for no more

struct kaslr_report low_report;

static bool rdrand(uint32_t *value)
{
    uint32_t r[4];
    uint8_t ok = 0;
    cpuid(1, 0, r);
    if (!(r[2] & 1u << 30))
        return false;
    for (int i = 0; i < RDRAND_TRIES && !ok; i++)
        __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=q"(ok));
    return ok;
}

// The time since reset is known to whoever watches the machine start: a bad
// secret, but different from run to run, and every CPU here has it.
static void draw_seed(void)
{
    low_report.source = KASLR_RDRAND;
    if (rdrand(&low_report.seed))
        return;
    low_report.source = KASLR_TSC;
    low_report.seed = (uint32_t)rdtsc();
}

// Neighbouring seeds shall not give neighbouring places: each step spreads
// every bit over those above or below it. [MurmurHash3's fmix32]
static uint32_t mix(uint32_t h)
{
    h = (h ^ h >> 16) * 0x85ebca6b;
    h = (h ^ h >> 13) * 0xc2b2ae35;
    return h ^ h >> 16;
}

// As text_hash does, over the text as loaded: the last chance to see it
// unchanged.
static uint64_t hash_text(void)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (const uint8_t *p = linked_start; p < linked_text_end; p++)
        h = (h ^ *p) * 0x100000001b3ull;
    return h;
}

// The loader has cleared the old bss, not what becomes the new one.
static void copy_image(uint32_t delta)
{
    void *to = (void *)((uint32_t)linked_start + delta);
    const void *from = linked_start;
    uint32_t words = (uint32_t)(linked_filled - linked_start) / 4;
    uint32_t zeros = (uint32_t)(linked_end - linked_filled) / 4;
    __asm__ volatile("rep movsl"
                     : "+D"(to), "+S"(from), "+c"(words)
                     :
                     : "memory");
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(zeros) : "a"(0) : "memory");
}

// Words in code lie anywhere, so most are not aligned. x86 does not mind. A
// function of its own, so that a debugger can stop at each word.
static __attribute__((noinline)) void low_correct(uint32_t *word,
                                                  uint32_t delta)
{
    *word += delta;
}

// The records are read where they were loaded: they describe nothing of
// themselves, so either copy would do.
static uint32_t apply_records(uint32_t delta)
{
    struct kaslr_walk walk = {linked_relocs, linked_relocs_end, 0x100000};
    uint32_t n = 0;
    for (; kaslr_next(&walk); n++) {
        bool moved = walk.at >= (uint32_t)linked_start;
        uint32_t *word = (uint32_t *)(walk.at + (moved ? delta : 0));
        low_correct(word, delta);
    }
    return n;
}

static void move(uint32_t delta)
{
    low_report.linked_hash = hash_text();
    uint64_t start = rdtsc();
    copy_image(delta);
    uint64_t copied = rdtsc();
    low_report.records = apply_records(delta);
    low_report.apply_ticks = rdtsc() - copied;
    low_report.copy_ticks = copied - start;
    low_report.delta = delta;
    low_report.status = KASLR_MOVED;
}

// Room is looked for twice: once to count, once to find the one that the seed
// picks. The boot part counts as image: it is running.
static void choose_and_move(const struct multiboot_info *info)
{
    struct span image = {0x100000, (uint32_t)linked_end};
    uint32_t size = (uint32_t)(linked_end - linked_start), place;
    low_report.slots = low_room(info, image, size, UINT32_MAX, &place);
    low_report.status = KASLR_NO_ROOM;
    if (!low_report.slots)
        return;
    low_room(info, image, size, mix(low_report.seed) % low_report.slots,
             &place);
    move(place - (uint32_t)linked_start);
}

void low_move(uint32_t magic, const struct multiboot_info *info)
{
    if (magic != MULTIBOOT_LOADER_MAGIC ||
        !low_reaches((uint32_t)info, sizeof *info) ||
        !(info->flags & MULTIBOOT_HAS_CMDLINE) ||
        !low_reaches(info->cmdline, 1))
        return;
    switch (low_word((const char *)info->cmdline, &low_report.seed)) {
    case LOW_NONE: return;
    case LOW_BAD: low_report.status = KASLR_BAD; return;
    case LOW_RANDOM: draw_seed(); break;
    case LOW_SEED: low_report.source = KASLR_WORD; break;
    }
    choose_and_move(info);
}
