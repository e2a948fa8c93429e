// SPDX-License-Identifier: MIT
// What it costs to link many files at once: all GRUB modules that are there,
// pass by pass. None of their code is run. The last row is the floor: what no
// loader can do without, in the same boot on the same machine.
//
// With all 275 of Debian's grub-pc-bin GRUB's own loader takes 4 ms for the
// same work on the same emulator, one module after the other.
#include "kernel/bench.h"
#include "kernel/clock.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/wide.h"
#include "smc/load/build.h"
#include "smc/load/loader/loader_bench.h"

enum { RUNS = 9, ALL = LOAD_PASSES - 1, FLOOR, ROWS };

// The modules, and the time of each pass, of all of them, and of the floor in
// each run.
struct bench_set {
    const struct module **files;
    uint32_t count, relocations;
    uint8_t *copy;  // of the images' bytes
    uint32_t words; // of the copy, to be changed
    uint32_t ticks[ROWS][RUNS];
};

static bool is_grub(const struct module *file)
{
    size_t len = strlen(file->name);

    return len > 4 && strcmp(file->name + len - 4, ".mod") == 0;
}

static uint32_t find_files(struct bench_set *set)
{
    set->count = 0;
    for (size_t i = 0; i < module_count(); i++)
        if (is_grub(module_at(i)))
            set->files[set->count++] = module_at(i);
    return set->count;
}

static uint32_t relocations_since(const struct image *before)
{
    uint32_t sum = 0;

    for (const struct image *i = image_first(); i != before; i = i->next)
        for (uint32_t type = 0; type < IMAGE_RELOC_TYPES; type++)
            sum += i->relocations[type];
    return sum;
}

// Newest first, so that no image goes before those that use it; in a circle
// it would take a set.
static void unload_since(const struct image *before)
{
    struct load_error ignored;
    struct image *image = image_first();

    while (image && image != before && image_unload(image, &ignored))
        image = image_first();
}

static uint32_t bytes_since(const struct image *before)
{
    uint32_t sum = 0;

    for (const struct image *i = image_first(); i != before; i = i->next)
        for (uint32_t part = 0; part < i->parts; part++)
            sum += i->part[part].size;
    return sum;
}

// Every byte has to be copied, and as many words to be changed as there are
// relocations. (Of bytes there may be more relocations than there are words.)
static void do_the_least(struct bench_set *set, const struct image *before)
{
    uint8_t *to = set->copy;
    struct word *word = (struct word *)set->copy;

    for (const struct image *i = image_first(); i != before; i = i->next)
        for (uint32_t k = 0; k < i->parts; to += i->part[k++].size)
            copy_wide(to, i->base + i->part[k].offset, i->part[k].size);
    for (uint32_t i = 0; i < set->words; i++) {
        word[i].value += (uint32_t)(uintptr_t)to;
        __asm__ volatile("" : : : "memory"); // one by one
    }
}

static bool time_floor(struct bench_set *set, uint32_t run,
                       const struct image *before)
{
    uint64_t begin;
    bool on;

    if (!set->copy) {
        set->words = bytes_since(before) / sizeof(struct word);
        if (set->words > set->relocations)
            set->words = set->relocations;
        set->copy = heap_alloc(bytes_since(before) + 1); // 0 is no block
    }
    if (!set->copy) {
        kprintf("bench loader: no memory for a copy of the images\n");
        return false;
    }
    on = interrupts_off();
    begin = rdtsc();
    do_the_least(set, before);
    set->ticks[FLOOR][run] = (uint32_t)(rdtsc() - begin);
    interrupts_restore(on);
    return true;
}

static bool run_once(struct bench_set *set, uint32_t run)
{
    const struct image *before = image_first();
    struct load_times times;
    struct load_options options = {.times = &times};
    struct load_error error;
    bool on = interrupts_off();
    bool ok = image_load_set(set->files, set->count, &options, &error);
    uint64_t end = rdtsc();

    interrupts_restore(on);
    if (!ok) {
        kprintf("bench loader: %s\n", error.text);
        return false;
    }
    for (uint32_t i = 1; i < LOAD_PASSES; i++)
        set->ticks[i - 1][run] = (uint32_t)(times.at[i] - times.at[i - 1]);
    set->ticks[ALL][run] = (uint32_t)(end - times.at[LOAD_BEGUN]);
    set->relocations = relocations_since(before);
    ok = time_floor(set, run, before);
    unload_since(before);
    return ok;
}

// Sorts them: the first is then the least.
static uint32_t median(uint32_t *ticks)
{
    for (uint32_t i = 1; i < RUNS; i++)
        for (uint32_t k = i; k > 0 && ticks[k] < ticks[k - 1]; k--) {
            uint32_t t = ticks[k];
            ticks[k] = ticks[k - 1];
            ticks[k - 1] = t;
        }
    return ticks[RUNS / 2];
}

// Under -icount the counter counts instructions, and time means nothing.
static void print(struct bench_set *set)
{
    static const char *const name[ROWS] = {"lay out", "link", "commit",
                                           "all, with the list",
                                           "floor, copy and add"};
    bool exact = bench_counts_instructions();
    uint32_t khz = clock_tsc_khz();

    kprintf("bench loader: %u GRUB modules as one set, %u relocations; in %s, "
            "median of %d runs\n",
            set->count, set->relocations,
            exact ? "instructions (exact)" : "TSC ticks (time, noisy)", RUNS);
    kprintf("  %-20s %10s %10s %10s %14s\n", "pass", "ticks", "us", "least us",
            "per relocation");
    for (uint32_t row = 0; row < ROWS; row++) {
        uint32_t ticks = median(set->ticks[row]);
        kprintf("  %-20s %10u", name[row], ticks);
        if (exact)
            kprintf(" %10s %10s", "-", "-");
        else
            kprintf(" %10llu %10llu", u64_div((uint64_t)ticks * 1000, khz),
                    u64_div((uint64_t)set->ticks[row][0] * 1000, khz));
        kprintf(" %14u\n", set->relocations ? ticks / set->relocations : 0);
    }
}

void loader_bench_set(void)
{
    struct bench_set *set = heap_zalloc(1, sizeof *set);
    bool ok = set;

    if (set)
        set->files = heap_alloc((module_count() + 1) * sizeof *set->files);
    if (set && set->files && find_files(set)) {
        for (uint32_t run = 0; ok && run < RUNS; run++)
            ok = run_once(set, run);
        if (ok)
            print(set);
    }
    if (set) {
        heap_free(set->files);
        heap_free(set->copy);
    }
    heap_free(set);
}
