// SPDX-License-Identifier: MIT
// Words of the shell as arguments of a foreign function.
//
//   12, 0x1f, -1          a number of 32 bits           one word
//   5ll, 0x1ffffffffll    one of 64 bits                two, the lower first
//   1.5, -2e10, .5        a double                      two
//   1.5f                  a float                       one
//   0d3ff8000000000000    a double by its 16 hex digits two
//   0f3fc00000            a float by its 8 hex digits   one
//   word, "12 34"         a pointer to a copy that ends with NUL
//   buf:64                a pointer to 64 zero bytes, shown after the call
//   @FILE, #FILE          a pointer to a boot module's bytes, their number
//
// The types are the caller's business: a C compiler would know the prototype,
// the shell only knows words. A wrong one is a wild pointer, which ends the
// call by a page fault as a rule, and may change any memory as an exception.
#pragma once
#include "smc/load/call.h"

struct call_words {
    uint32_t count, word[CALL_ARGS];
    bool wide; // an argument that is no plain 32 bits: the result may be none
    // Copies of texts, and buffers, which have a size.
    uint32_t blocks;
    struct {
        uint8_t *memory;
        uint32_t size, number; // of the argument, from 1
    } block[CALL_ARGS];
};

// Adds the argument that a word stands for. False after printing why not.
bool call_words_add(struct call_words *words, const char *word);
// Prints what is in the buffers.
void call_words_show(const struct call_words *words);
// Foreign code that keeps a pointer to a copy has a bug that a test may
// provoke; the heap is ours.
void call_words_free(struct call_words *words);
