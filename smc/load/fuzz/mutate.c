// SPDX-License-Identifier: MIT
// What sends loaders astray is one wrong number. It can stand anywhere, but a
// file of a hundred kilobytes has only a few hundred bytes of headers, so half
// of the damage goes to the two ends, where the tables of most formats are:
//
//   | headers ............ code, data ............... tables |
//     <- 1 in 4 ->   <- 1 in 2: anywhere ->     <- 1 in 4 ->
#include "smc/load/fuzz/mutate.h"
#include "kernel/string.h"

#define END_BYTES 1024u

// The generator of Numerical Recipes; the high bits are the good ones.
static uint32_t below(uint32_t *state, uint32_t limit)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % limit;
}

// Neighbouring seeds must not give neighbouring damage: each bit of the seed
// reaches all of the state. (The finalizer of MurmurHash3.)
static uint32_t scatter(uint32_t x)
{
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}

// At any byte: the fields of these formats are not all aligned.
static uint32_t choose_place(uint32_t *state, uint32_t size)
{
    uint32_t places = size - 3;
    uint32_t end = places < END_BYTES ? places : END_BYTES;

    switch (below(state, 4)) {
    case 0: return below(state, end);
    case 1: return places - 1 - below(state, end);
    default: return below(state, places);
    }
}

// 0 and -1 end loops or never end them; 2^31 is negative for the careless, and
// twice it is 0; one off is the fence-post; a small number is often a valid
// offset, but of something else.
static uint32_t choose_value(uint32_t *state, uint32_t was, uint32_t size)
{
    switch (below(state, 10)) {
    case 0: return 0;
    case 1: return 0xffffffff;
    case 2: return 0x80000000;
    case 3: return was + 1;
    case 4: return was - 1;
    case 5: return was ^ 1u << below(state, 32);
    case 6: return below(state, size);
    case 7: return size - below(state, 16);
    case 8: return was + (1u << below(state, 32));
    default: return below(state, 1 << 24) * 257;
    }
}

static void change_word(uint8_t *copy, uint32_t size, uint32_t *state,
                        struct mutation *mutation)
{
    uint32_t at = choose_place(state, size), was, word;

    memcpy(&was, copy + at, sizeof was);
    word = choose_value(state, was, size);
    // What is the same as before is no mutant.
    if (word == was)
        word = ~was;
    memcpy(copy + at, &word, sizeof word);
    mutation->at[mutation->words] = at;
    mutation->was[mutation->words++] = was;
}

void mutate(uint8_t *copy, uint32_t size, uint32_t seed,
            struct mutation *mutation)
{
    uint32_t state = scatter(seed), kind = below(&state, 16), words = 1;

    *mutation = (struct mutation){.size = size};
    if (kind == 0) {
        mutation->size = 1 + below(&state, size - 1);
        return;
    }
    if (kind <= 2)
        words = 1 + kind;
    for (uint32_t i = 0; i < words; i++)
        change_word(copy, size, &state, mutation);
}

// Backwards: two words may overlap, and the older one's bytes are the file's.
void mutate_undo(uint8_t *copy, const struct mutation *mutation)
{
    for (uint32_t i = mutation->words; i-- > 0;)
        memcpy(copy + mutation->at[i], &mutation->was[i],
               sizeof mutation->was[i]);
}
