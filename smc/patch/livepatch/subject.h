// SPDX-License-Identifier: MIT
// Functions that are replaced by the lab's demo, checks and bench, and a
// thread that calls them.
#pragma once
#include <stdint.h>

/* Patch site livepatch_mean (one of many: any function's entry)
 * before: 66 66 66 66 90, one NOP
 * after:  e9 rel32, JMP to livepatch_mean_fixed
 * who:    livepatch_on, together with the other functions of the patch
 * safe:   one instruction for one, by the INT3 protocol; and no thread has the
 *         old function on its stack when the new ones begin
 * without it: a machine that must be restarted to be mended
 */
// The mean of two readings. With a bug: the sum may not fit. The first
// replacement has mended it, the second also rounds up.
uint32_t livepatch_mean(uint32_t a, uint32_t b);
uint32_t livepatch_mean_fixed(uint32_t a, uint32_t b);
uint32_t livepatch_mean_up(uint32_t a, uint32_t b);

// The same as livepatch_mean, without an entry.
uint32_t livepatch_mean_other(uint32_t a, uint32_t b);

// A thread that takes readings until it is stopped. What it has counted is its
// own, and goes on when a function is replaced.
struct livepatch_meter {
    volatile uint32_t samples, wrong, last;
};
void livepatch_meter(void *meter);

// n + 1, by way of a second function. Old and new differ in the unit between
// the two: one old and one new would give something else.
uint32_t livepatch_outer(uint32_t n);
uint32_t livepatch_inner(uint32_t n);

// 1, but not before *release is set; its replacement is 2 at once.
uint32_t livepatch_sit(volatile uint32_t *release);

// One byte, RET, and the function behind it, which returns 7.
void livepatch_short(void);
uint32_t livepatch_neighbour(void);
