// SPDX-License-Identifier: MIT
// What objdump prints, taken apart: lines with address, bytes and text.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One line: "  addr:\tbytes \ttext", taken apart in place.
struct line {
    const char *text;
    uint32_t address, at; // at: where its bytes begin in `code`
    uint8_t length;
    bool last; // before a symbol, which objdump never reads across
};

struct listing {
    char *output;
    size_t size;
    struct line *lines;
    size_t count;
    uint8_t *code; // the bytes of all lines, one behind another
};

// Runs `objdump WORDS` and reads all of it. *l must be zero; dies on failure.
void listing_read(struct listing *l, const char *words);

// The number of bytes, from those of line i on, that objdump would read for
// one instruction: it never reads across a symbol.
size_t listing_room(const struct listing *l, size_t i);

void listing_free(struct listing *l);
