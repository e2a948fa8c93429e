// SPDX-License-Identifier: MIT
// NOPs of one instruction each, of 1 to 15 bytes.
//
// A patcher wants one NOP and not several: a CPU interrupted between two of
// them would come back into the middle of what replaced them. In 2008 Linux's
// padding of two NOPs did just that: a preempted CPU ran the second half of a
// CALL.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The recommended one: the bytes, or NULL for another n than 1..15. From 3 on
// it needs a processor that knows 0f 1f (Pentium Pro and later, but not all).
// [SDM2 NOP, table 4-12]
const uint8_t *nop_bytes(size_t n);

// Operand-size prefixes in front of 90: on any i386. NULL as above.
const uint8_t *nop_prefixed(size_t n);

// Fills n bytes (0..15) by one of the two: the first where `long_nop`.
void nop_pad(uint8_t *out, size_t n, bool long_nop);
