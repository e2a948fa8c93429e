// SPDX-License-Identifier: MIT
// Measuring: one table with the same columns for every lab.
//
// Under `qemu -icount shift=0` and under Bochs the time stamp counter counts
// instructions exactly. bench_begin probes for that by timing a loop of known
// length and names the unit at the head of the table: never the wrong one.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct bench_way {
    const char *name;
    void (*setup)(void *arg); // may be NULL; run once, a column of its own
    void (*run)(void *arg);   // one operation
    void *arg;
    uint32_t bytes; // code plus generated code that it needs
};

// Prints the head of the table for `lab`: title says what one operation is.
void bench_begin(const char *lab, const char *title);

// Measures one way and prints its row. Interrupts are off meanwhile; run is
// called several times `ops` times. ops > 0. The first row after bench_begin
// is what the others are compared with.
//
//   way | setup | per op | bytes | code writes per op | break-even
// `setup` and `per op` are in the unit of the head, `per op` the median of
// several runs of `ops` operations. Break-even is the number of operations
// from which this way beats the first row, "never" if it does not.
void bench_way(const struct bench_way *way, uint32_t ops);

// Prints a note below the table.
void bench_end(const char *note);

// True if the time stamp counter counts instructions exactly. Measures anew at
// every call.
bool bench_counts_instructions(void);

// The exact number of counter ticks that one call of run(arg) takes: the
// minimum of several runs, less the cost of measuring and of the call.
uint32_t bench_once(void (*run)(void *arg), void *arg);
