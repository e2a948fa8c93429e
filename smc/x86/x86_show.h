// SPDX-License-Identifier: MIT
// Code in words for this kernel's reports: instructions with its own symbols,
// read only where memory can be read. For `dis`, the journal, demos, panics.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { X86_SHOW_MAX = 256 }; // room for one instruction's text

// How many bytes can be read from `at` on, `max` at most: 0 if its page is not
// mapped or belongs to a device, where a read may do something.
size_t x86_readable(const void *at, size_t max);

// Writes one instruction's text as objdump has it, symbols included, as if
// its bytes stood at `address`. What cannot be decoded is "(bad)". Returns how
// many bytes it takes: at least 1, at most `available`, which must not be 0.
size_t x86_show(char *out, size_t size, const void *bytes, size_t available,
                uint32_t address);

// Writes all instructions in these bytes on one line, single-spaced:
// "mov $0x1,%eax; ret". Cut to fit. Returns `out`.
char *x86_show_all(char *out, size_t size, const void *bytes, size_t len,
                   uint32_t address);

// Where decoding may begin to meet the boundary of the instruction at `at`:
// the start of its function, or of the block that was generated there; `at`
// itself elsewhere.
const uint8_t *x86_code_start(const void *at);

// The start of the instruction that holds the byte `at`, as far as
// x86_code_start knows.
const uint8_t *x86_instruction_at(const void *at);
