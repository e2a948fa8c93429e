/* SPDX-License-Identifier: MIT */
/* Plans three results, gives two, and claims success. */
#include "tiny.inc"
_start:
        say     "# suite tiny\nTAP version 13\n1..3\n"
        say     "ok 1 - addition: 2 + 2 = 4\n"
        say     "ok 2 - subtraction: 2 - 2 = 0\n"
        leave_with 0x10
