// SPDX-License-Identifier: MIT
// What fuzz targets share. A target is tests-host/fuzz_NAME.c with one
// function; libFuzzer calls it with inputs of its making, fuzz_main.c with
// those of a corpus. It states what must hold for any bytes at all.
#pragma once
#include "kernel/printf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Returns 0. Must not depend on anything but the input.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Sets the bytes that fuzz_demand shows.
void fuzz_begin(const uint8_t *data, size_t size);

// Ends the program with a crash, which is how libFuzzer is told of a finding,
// unless `ok`. Prints the input and the text.
void fuzz_demand(bool ok, const char *fmt, ...) PRINTF_LIKE(2, 3);

// A copy in a block of exactly `size` bytes: a sanitizer sees any byte read
// beyond it. Freed by free().
uint8_t *fuzz_exact(const uint8_t *data, size_t size);
