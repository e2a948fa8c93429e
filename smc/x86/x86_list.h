// SPDX-License-Identifier: MIT
// What the shell's commands on code share: places in words, rows of listings.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Reads "text_write", "text_write+0x12", "0xc0105000" or "c0105000", the last
// as listings show it: eight digits are hexadecimal. A symbol goes before a
// number. If it is none of them,
// says so in one line in the name of `command` and returns false.
bool x86_place(const char *command, const char *word, const uint8_t **at);

// Is the word's name that of several functions? Then lists their addresses in
// one line, in the name of `command`.
bool x86_namesakes(const char *command, const char *word);

// A symbol's value, for the assembler.
bool x86_lookup(const char *name, uint32_t *value);

// Prints one instruction as objdump does: address, bytes (seven to a row),
// text. A live patch in it is marked by `*` and its journal line. Returns the
// length; `available` is what can be read there, not 0.
size_t x86_list(const uint8_t *at, size_t available);

// The same for bytes that are to stand at `address`, or stood there.
size_t x86_list_bytes(const uint8_t *bytes, size_t available,
                      uint32_t address);
