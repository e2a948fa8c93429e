// SPDX-License-Identifier: MIT
// The kernel's own symbol table, linked into the image. Text only; static
// functions are in it, too.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The text symbol at or before `at`, with the distance in bytes; NULL outside
// text. The name is constant and stays valid.
const char *symbol_name(const void *at, uint32_t *offset);

// The address of a text symbol, or NULL. The first of several equal names.
const void *symbol_find(const char *name);

// The function that `at` lies in: from its symbol to the next one, padding
// included. A label inside a function begins another. Returns false outside
// text. All functions: begin at text_start, go on at *start + *size.
bool symbol_range(const void *at, const uint8_t **start, uint32_t *size);

// The bytes of the function that `at` lies in, padding included; 0 outside
// text. For benches.
uint32_t symbol_size(const void *at);

// "name+0x12" for text, "[NAME]+0x12" for arenas, the bare address elsewhere.
// Cut to fit `size`. Never follows `at`, so any address may be asked about.
// Returns out.
char *symbol_format(char *out, size_t size, const void *at);
