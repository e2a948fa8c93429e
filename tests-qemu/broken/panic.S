/* SPDX-License-Identifier: MIT */
/* Panics before it reports anything. */
#include "tiny.inc"
_start:
        say     "panic: too early\n"
        leave_with 0x12
