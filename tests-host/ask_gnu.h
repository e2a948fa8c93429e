// SPDX-License-Identifier: MIT
// Asking GNU as how it would encode what we have encoded: one source for many
// instructions, so that one run of as answers for all.
//
//   .text  what as makes of the texts
//   .gnu   its lengths, a byte each: the difference of two labels
//   .ours  16 bytes each: our length and our bytes
//
// test_emit.py reads the three back.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

static inline void ask_gnu(FILE *source, const char *text,
                           const uint8_t *bytes, size_t length)
{
    if (!source)
        return;
    fprintf(source, "1: %s\n2: .section .gnu\n.byte 2b-1b\n", text);
    fprintf(source, ".section .ours\n.byte %zu", length);
    for (size_t i = 0; i < 15; i++)
        fprintf(source, ",%u", i < length ? bytes[i] : 0);
    fprintf(source, "\n.text\n");
}
