// SPDX-License-Identifier: MIT
// The subject once more, position-independent: see the Makefile.
#define SUBJECT subject_pic
#include "smc/load/kaslr/subject_fixed.c"
