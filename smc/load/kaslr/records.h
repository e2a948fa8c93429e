// SPDX-License-Identifier: MIT
// What the lab does with the relocation records: always on a copy of kernel
// text. The kernel that runs has been moved once, and for good.
#pragma once
#include "boot/kaslr.h"

// How many bytes kernel text has, and pages.
size_t records_text_bytes(void);
size_t records_text_pages(void);

// A copy of text in pages of its own, or NULL without memory: as it is now,
// or as it was when the door opened (every live patch taken back).
uint8_t *records_copy(void);
uint8_t *records_copy_unpatched(void);
void records_free(uint8_t *copy);

// Adds delta to every recorded word of a copy of text. Returns how many.
uint32_t records_apply(uint8_t *copy, uint32_t delta);

// As text_hash, over a copy.
uint64_t records_hash(const uint8_t *copy);

// Where a record's word is now: a high address; NULL in the boot part.
uint8_t *records_word(const struct kaslr_walk *walk);

// The place of the first word at or behind `from` in text, or NULL.
uint8_t *records_find(const void *from);
