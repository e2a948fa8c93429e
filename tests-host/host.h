// SPDX-License-Identifier: MIT
// What a Linux program needs to judge, fuzz and time the kernel's engines.
//
// The engines themselves are not told that they have moved: host.c supplies
// the few kernel functions they call; kernel/printf.c and word.c come along.
// Its `l` has 32 bits, as in the kernel: 64-bit programs print uint64_t
// through `ll` only. Here printf of the C library is at hand, too.
//
//   int main(int argc, char **argv)
//   {
//       host_begin(argc, argv, "emulate against the real thing");
//       for (uint64_t i = 0; i < host.count; i++)
//           host_judge(ours == theirs, "%s: ours %x, theirs %x", ...);
//       return host_end();
//   }
#pragma once
#include "kernel/printf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Every program takes these words; --help prints them.
struct host_options {
    uint64_t seed;    // --seed N: of host_random; 1 unless told
    uint64_t count;   // --count N: how often; 0: the program's own default
    uint64_t seconds; // --seconds N: how long at most; 0: no limit
    unsigned runs;    // --runs N: of each row of a timing table; 11
    bool verbose;     // --verbose: every failure, not only the first 20
    char **files;     // the other words
    int file_count;
};
extern struct host_options host;

// Reads the command line into `host`, seeds host_random. Leaves with status
// 2 and the usage for a word it does not know.
void host_begin(int argc, char **argv, const char *purpose);

// Judging -----------------------------------------------------------------

// Counts one verdict. A failed one is printed with what it judged. Returns ok.
bool host_judge(bool ok, const char *fmt, ...) PRINTF_LIKE(2, 3);

// The same for a failure that is already known.
void host_fail(const char *fmt, ...) PRINTF_LIKE(1, 2);

// Prints "N judged, N failed, seed N" and returns main's status: 0 only if
// something was judged and nothing failed.
int host_end(void);

// For what makes further work senseless: a file that cannot be read. Prints
// to stderr and leaves with status 2.
_Noreturn void host_die(const char *fmt, ...) PRINTF_LIKE(1, 2);

// True once --seconds are over; asking is cheap.
bool host_time_is_up(void);

// Random values -----------------------------------------------------------

// xorshift64*: the same seed gives the same values on every machine.
uint32_t host_random(void);

// Begins a sequence of its own, number `n` of this --seed: to repeat one case
// of many without those before it.
void host_reseed(uint64_t n);
uint32_t host_random_below(uint32_t limit); // 0 <= result < limit
void host_random_bytes(void *out, size_t len);

// A value of the kind that breaks code: 0, 1, -1, powers of two, the limits
// of each size and their neighbours; every fourth is merely random.
uint32_t host_random_edge(void);

// Memory and files --------------------------------------------------------

// Pages that may be written and executed, in the low 2 GiB, so that their
// addresses are guest addresses in 64-bit programs, too. Dies without memory.
uint8_t *host_code_pages(size_t size);

// All of a file in a malloc'd block of just that size.
uint8_t *host_read_file(const char *path, size_t *size);

// Time --------------------------------------------------------------------

uint64_t host_ns(void); // a monotonic clock

// One row of a table: run(arg) does the whole of the work once.
struct host_way {
    const char *name;
    void (*run)(void *arg);
    void *arg;
};

// Times every way host.runs times, in turns, so that all meet the same
// conditions, and prints one row for each with the median. `ops` operations
// on `bytes` bytes are one run; a run should take milliseconds. `medians`
// (ns of a run each) may be NULL.
//
//   title, in what; median of N runs
//     way         ns per op     MB/s   spread   time
//     first            8.31    412.0     1.2%   1.00
void host_time(const char *title, const struct host_way *ways, size_t count,
               uint64_t ops, uint64_t bytes, double *medians);

// Keeps a result alive that the compiler would otherwise see unused.
#define HOST_KEEP(value) __asm__ volatile("" : : "g"(value) : "memory")
