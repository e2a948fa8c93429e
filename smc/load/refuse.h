// SPDX-License-Identifier: MIT
// Why a file was not loaded, in one line of words.
//
// A loader reads numbers that a stranger wrote. Every one of them is judged
// before it is used, and a bad one is answered by its name, its place and
// its value, so that the reader can find it with a hex viewer.
#pragma once
#include "kernel/printf.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_error {
    const char *file;
    uint32_t missing, untold; // names that nobody offers; without room
    const char *missing_in;   // the file that the last of them is from
    char text[1500];
};

// Begins an error about this file: no words yet.
void load_clear(struct load_error *error, const char *file);

// Adds a symbol that nobody offers to the text. All of them are told at
// once, file by file; loading goes on until load_missed asks.
void load_missing(struct load_error *error, const char *symbol);
// True if anything is missing; the text is then complete.
bool load_missed(struct load_error *error);

// Both return false, so that a check reads `return load_fail(error, ...)`.
// `where` says what the place counts from: "offset" in the file or "RVA" in
// the image.
bool load_refuse(struct load_error *error, const char *field,
                 const char *where, uint32_t place, uint32_t value,
                 const char *why);
bool load_fail(struct load_error *error, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

// Refuses one field of a structure that lies in the file. `in` is a reader
// with the members `file` and `error`.
#define REFUSE_FIELD(in, record, field, why)                               \
    load_refuse((in)->error, #field, "offset",                             \
                (uint32_t)((const uint8_t *)(record) - (in)->file->data) + \
                    (uint32_t)offsetof(__typeof__(*(record)), field),      \
                (record)->field, why)

// True if [offset, offset + len) lies in [0, size). There is no addition in
// it, because a sum of two numbers from a file can wrap.
static inline bool range_inside(uint32_t offset, uint32_t len, uint32_t size)
{
    return offset <= size && len <= size - offset;
}

// The same for `count` entries of `entry` bytes; `entry` is not 0.
static inline bool table_inside(uint32_t offset, uint32_t count,
                                uint32_t entry, uint32_t size)
{
    return offset <= size && count <= (size - offset) / entry;
}

// True if `text`, with `room` bytes to its end, is a string of printable
// characters that is not longer than any real name. Neither limit is the
// formats': they have none. But names are printed, and a file must not send
// escape sequences to the reader's terminal; and they are compared often, so
// that one of a megabyte would be a way to stop the machine.
#define NAME_MAX 255u
bool printable_name(const char *text, uint32_t room);

static inline bool power_of_two(uint32_t value)
{
    return value && !(value & (value - 1));
}
