// SPDX-License-Identifier: MIT
#pragma once
#include <stddef.h>

// As memcpy and memset with 0, for blocks of a page and more, in a thread: on
// a processor with SSE an emulator is done with them in half the time. The
// blocks do not overlap.
void copy_wide(void *dst, const void *src, size_t n);
void clear_wide(void *dst, size_t n);
