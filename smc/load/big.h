// SPDX-License-Identifier: MIT
// Large integers for exact decimal conversions: just what these need. Nothing
// checks for room, since decimal.c knows how large its numbers become.
#pragma once
#include <stdint.h>

// Enough for 800 digits over 10^1145, shifted by 54: some 3 900 bits. No
// double lies halfway to its neighbour with more than 767 digits.
#define BIG_WORDS 160

// An integer of `used` words, the lowest first; no zero word on top.
struct big {
    uint32_t used;
    uint32_t word[BIG_WORDS];
};

// a = a * factor + addend
void big_multiply(struct big *a, uint32_t factor, uint32_t addend);
void big_power_of_ten(struct big *a, uint32_t power); // a = a * 10^power
void big_shift_left(struct big *a, uint32_t bits);
void big_halve(struct big *a);

// a = a - b; requires a >= b.
void big_subtract(struct big *a, const struct big *b);

// Less than, equal to, greater than 0, as memcmp.
int big_compare(const struct big *a, const struct big *b);

// Is 2 * a below (-1), at (0) or above (1) b? Doubles a.
int big_half(struct big *a, const struct big *b);

// The length without leading zeros; requires a > 0.
int32_t big_bits(const struct big *a);
