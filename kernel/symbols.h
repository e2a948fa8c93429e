// SPDX-License-Identifier: MIT
// The kernel's own symbol table, linked into the image.
#pragma once
#include <stddef.h>
#include <stdint.h>

// The text symbol at or before `at`, with the distance; NULL outside text.
const char *symbol_name(const void *at, uint32_t *offset);

// The address of a text symbol, or NULL.
const void *symbol_find(const char *name);

// "name+0x12" for text, "arena NAME+0x12" for arenas, the bare address
// elsewhere. Returns out.
char *symbol_format(char *out, size_t size, const void *at);
