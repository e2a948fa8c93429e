// SPDX-License-Identifier: MIT
// `fuzz`: damaged copies of a file, in the running kernel.
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/fuzz/fuzz.h"
#include "smc/load/report.h"

// The same kind of damage done to the files of others: one word of 32 bits.
// (docs/loader.md says how that was measured.)
static const struct {
    const char *name;
    uint32_t mutants, bad; // in tenths of a percent
} others[] = {
    {"glibc 2.36, libz.so.1", 2750, 227},
    {"Wine 8.0, zlib1.dll", 700, 61},
    {"GRUB 2.06, gcry_sha256.mod", 266, 34},
};

static void print_row(const char *name, const struct fuzz_row *row)
{
    uint32_t bad = (row->crashed + row->hung) * 1000 / row->mutants;

    kprintf("  %-27s mutants refused loaded crash, hang stray leaked\n", "");
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++)
        kprintf("  %-27s %7u %22u.%u %%\n", others[i].name, others[i].mutants,
                others[i].bad / 10, others[i].bad % 10);
    kprintf("  this one, %-17.17s %7u %7u %6u %6u.%u %% %6u %6u\n", name,
            row->mutants, row->refused, row->loaded, bad / 10, bad % 10,
            row->strays, row->leaks);
    if (row->crashed || row->hung || row->mute || row->hash)
        kprintf("  %u crashed, %u hung, %u refused without words, the text "
                "changed %u times\n",
                row->crashed, row->hung, row->mute, row->hash);
}

// Each seed stands for one mutant, so that one that was reported can be made
// again by itself: fuzz FILE 1 SEED.
static int fuzz_file(const struct module *file, uint32_t count, uint32_t seed)
{
    // In the heap: it is large for a stack that damaged files are loaded on.
    struct fuzz *fuzz = heap_alloc(sizeof *fuzz);
    uint64_t start = clock_us();
    bool clean;

    if (!fuzz || !fuzz_begin(fuzz, file)) {
        kprintf("%s: no memory for the copy and the fences, or no file\n",
                file->name);
        heap_free(fuzz);
        return 1;
    }
    for (uint32_t i = 0; i < count; i++)
        fuzz_one(fuzz, seed + i);
    print_row(file->name, &fuzz->row);
    kprintf("%s: seeds 0x%x to 0x%x in %llu us\n", file->name, seed,
            seed + count - 1, clock_us() - start);
    // Judged now: the row goes with the rest.
    clean = fuzz_clean(&fuzz->row);
    fuzz_end(fuzz);
    heap_free(fuzz);
    return !clean;
}

static int run_fuzz(int argc, char **argv)
{
    const struct module *file;
    uint32_t count, seed = 1;

    if ((argc != 3 && argc != 4) || !parse_u32(argv[2], &count) || !count ||
        (argc == 4 && !parse_u32(argv[3], &seed)))
        return command_usage("fuzz");
    file = report_file(argv[1]);
    return file ? fuzz_file(file, count, seed) : 1;
}

COMMAND(fuzz, "FILE COUNT [SEED]", "load damaged copies, and look for damage",
        run_fuzz);
