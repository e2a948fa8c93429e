// SPDX-License-Identifier: MIT
// What a million relocations cost, beside glibc's dlopen in the same run.
//
//   time_load FOLDER     as load_inputs.py fills it
//
// Each file has a twin without relocations. The difference of the two loads
// is what relocating costs; reading, mapping, copying and judging the rest is
// the same in both. The floor is what the memory needs: every word of 4 MB
// read, added to and written.
//
// Taken is the time of this process on the processor, in and out of Linux:
// loads of tens of milliseconds would otherwise be timed with others' turns.
#include "kernel/string.h"
#include "smc/load/image.h"
#include "tests-host/host.h"
#include "tests-host/stand_in.h"
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COUNT = 1000000, MOST_RUNS = 1000 };

// What a file is about, and whether glibc knows its format.
static const struct input {
    const char *name, *ending, *title;
    bool glibc;
} inputs[] = {
    {"relative", "so", "RELATIVE", true},
    {"relr", "so", "RELATIVE by DT_RELR", true},
    {"symbols", "so", "32, 100 000 symbols", true},
    {"symbol", "so", "32, one symbol", true},
    {"calls", "so", "PC32 in code, one symbol", true},
    {"highlow", "dll", "HIGHLOW", false},
};

static struct load_options options;

// The file lies in memory, as boot modules do.
static void load_ours(void *file)
{
    const struct module *files[] = {file};
    struct load_error error;
    struct image *image = image_load_set(files, 1, &options, &error);

    if (!image || !image_unload(image, &error))
        host_die("%s", error.text);
}

// From the page cache, as every process starts. RTLD_NOW: both bind all.
static void load_glibc(void *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!handle || dlclose(handle))
        host_die("%s", dlerror());
}

static void sweep(void *words)
{
    uint32_t *word = words;

    for (uint32_t i = 0; i < COUNT; i++) {
        word[i] += 0x1000;
        __asm__ volatile("" : : : "memory"); // one by one
    }
}

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double time_of(void (*run)(void *), void *arg)
{
    double begin = cpu_ms();

    run(arg);
    return cpu_ms() - begin;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *times)
{
    qsort(times, host.runs, sizeof *times, by_size);
    return times[host.runs / 2];
}

// A file and its twin by turns. Returns the median of the whole loads, and in
// *relocating that of the differences.
static double time_pair(void (*run)(void *), void *with, void *none,
                        double *relocating)
{
    static double whole[MOST_RUNS], less[MOST_RUNS];

    time_of(run, with); // once unmeasured: page faults and cold caches
    time_of(run, none);
    for (unsigned i = 0; i < host.runs; i++) {
        whole[i] = time_of(run, with);
        less[i] = whole[i] - time_of(run, none);
    }
    *relocating = median(less);
    return median(whole);
}

static void print_row(const struct input *input, const char *folder)
{
    char path[2][512];
    char *paths[] = {path[0], path[1]};
    double ours, glibc, whole, whole_glibc;

    for (int none = 0; none < 2; none++)
        snprintf(path[none], sizeof path[none], "%s/%s%s.%s", folder,
                 input->name, none ? "-none" : "", input->ending);
    stand_in_files(paths, 2);
    whole = time_pair(load_ours, stand_in_file(0), stand_in_file(1), &ours);
    printf("  %-26s %10.2f", input->title, ours);
    if (!input->glibc) {
        printf(" %10s %7s %12.2f\n", "-", "-", whole);
        return;
    }
    whole_glibc = time_pair(load_glibc, path[0], path[1], &glibc);
    printf(" %10.2f %7.1f %12.2f %10.2f\n", glibc, glibc / ours, whole,
           whole_glibc);
}

static double time_floor(void)
{
    static double times[MOST_RUNS];
    void *words = calloc(COUNT, 4);

    time_of(sweep, words);
    for (unsigned i = 0; i < host.runs; i++)
        times[i] = time_of(sweep, words);
    free(words);
    return median(times);
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "what relocating costs on this CPU");
    if (host.file_count != 1)
        host_die("name the folder that load_inputs.py has filled");
    options.binding = BINDING_NOW;
    // Freed memory stays with the process: no page faults of fresh memory,
    // which a kernel does not have.
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    printf("1 000 000 relocations: ms to relocate, ms of the whole load; "
           "median of %u runs\n  %-26s %10s %10s %7s %12s %10s\n",
           host.runs, "kind", "palimpsest", "glibc", "times", "whole load",
           "glibc's");
    printf("  %-26s %10.2f\n", "floor: 4 MB, word by word", time_floor());
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++)
        print_row(&inputs[i], host.files[0]);
    return 0;
}
