// SPDX-License-Identifier: MIT
// Timing on a real CPU, where nothing is exact: other programs, clock changes
// and caches disturb, and mostly they add. So every way is run many times in
// turns with the others, the median is given, and the spread says how far to
// trust it.
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t host_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Not x - y: the difference of two times need not fit an int.
static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

// The spread is that of the middle half: one run that the scheduler
// interrupted would otherwise tell of nothing else.
static void print_row(const char *name, uint64_t *times, double first,
                      uint64_t ops, uint64_t bytes)
{
    double median = (double)times[host.runs / 2];
    double low = (double)times[host.runs / 4];
    double high = (double)times[host.runs * 3 / 4];
    printf("  %-30s %10.2f %9.1f %7.1f%% %9.2f\n", name, median / (double)ops,
           (double)bytes * 1000 / median, (high - low) * 100 / median,
           median / first);
}

// In turns: a slow second then slows all ways, and not the one that had it.
static void measure(const struct host_way *ways, size_t count, uint64_t *times)
{
    // One round unmeasured: page faults and cold caches.
    for (size_t w = 0; w < count; w++)
        ways[w].run(ways[w].arg);
    for (unsigned run = 0; run < host.runs; run++)
        for (size_t w = 0; w < count; w++) {
            uint64_t begin = host_ns();
            ways[w].run(ways[w].arg);
            times[w * host.runs + run] = host_ns() - begin;
        }
}

// The first row is what the last column counts in.
void host_time(const char *title, const struct host_way *ways, size_t count,
               uint64_t ops, uint64_t bytes, double *medians)
{
    uint64_t *times = calloc(count * host.runs, sizeof *times);
    if (!times || !ops)
        host_die("%s: nothing to time", title);
    measure(ways, count, times);
    printf("%s; median of %u runs\n", title, host.runs);
    printf("  %-30s %10s %9s %8s %9s\n", "way", "ns per op", "MB/s", "spread",
           "time");
    double first = 0;
    for (size_t w = 0; w < count; w++) {
        uint64_t *row = times + w * host.runs;
        qsort(row, host.runs, sizeof *row, by_size);
        double median = (double)row[host.runs / 2];
        first = w ? first : median;
        print_row(ways[w].name, row, first, ops, bytes);
        if (medians)
            medians[w] = median;
    }
    free(times);
}
