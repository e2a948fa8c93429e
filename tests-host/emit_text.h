// SPDX-License-Identifier: MIT
#pragma once
#include "smc/x86/decode.h"
#include <stddef.h>

// Writes what was asked for as AT&T text, for GNU as: `name` with its
// condition and size suffix, operands in Intel's order. Made from the question
// and not from the bytes: neither the decoder nor print.c has a say in it.
void emit_text(char *out, size_t size, const char *name,
               const struct operand *operands, unsigned count);
