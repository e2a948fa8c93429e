// SPDX-License-Identifier: MIT
// Decimal text to binary floating point and back, correctly rounded, without
// one floating-point instruction: the kernel has none.
//
// A double is an integer of 53 bits times a power of two, and a decimal number
// is an integer times a power of ten. Both are fractions of large integers, so
// whole-number arithmetic decides every case, halfway ones included. That is
// slow and short. The fast ways (Eisel-Lemire, Ryu; in C libraries) take the
// same integers only when their estimate is in doubt. [IEEE 754-2008, 5.12;
// Clinger, How to Read Floating Point Numbers Accurately, 1990]
//
//   double  | sign 63 | exponent 62..52 | fraction 51..0 |
//   float   | sign 31 | exponent 30..23 | fraction 22..0 |
//
// Pure: nothing is allocated or kept; the large integers take some KiB of
// stack.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Reads all of `text`: [-+] digits [. digits] [e [-+] digits], with at least
// one digit in front or behind the point. To nearest, ties to even; too large
// is infinity, too small is zero, with the sign. False for any other text.
bool decimal_to_double(const char *text, uint64_t *bits);
bool decimal_to_float(const char *text, uint32_t *bits);

// Writes the fewest digits, 17 at most, that decimal_to_double reads back as
// the same bits: "0.1", "-3.0", "1e+23", "inf", "nan". Cut to fit.
#define DECIMAL_MAX 32
void decimal_from_double(char *out, size_t size, uint64_t bits);
