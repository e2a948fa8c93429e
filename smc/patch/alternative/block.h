// SPDX-License-Identifier: MIT
// Copying and filling large blocks in the way that this processor is best at.
//
//   feature   block_copy                  block_fill
//   none      call block_copy_words       call block_fill_words
//   erms      rep movsb                   rep stosb
//
// memcpy and memset are not made of these: the door copies with them, so they
// lie in its part, which is never patched. For whole files, tables and text,
// where it matters; short blocks are better off with memcpy. Same contracts.
#pragma once
#include <stddef.h>

void *block_copy(void *dst, const void *src, size_t n);
void *block_fill(void *dst, int c, size_t n);
