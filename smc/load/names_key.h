// SPDX-License-Identifier: MIT
// The key of a name: what is compared before its characters are.
//
//   | length 31..24 | hash 23..0 |
//
// Names are read four characters at a time, three times as fast as one by
// one: they are most of what a linker of objects looks at. The last word
// begins where it ends with the name, and may overlap the one before:
//
//   g r u b _ m d _ r e g i s t e r          16: four words
//   g r u b _ x p u t s                      10: | grub | _xpu | puts |
//   p o w                                     3: | pow 0 |
//
// Keys are equal only for names of one length, so that comparing needs no end
// to look for. The hash is that of Firefox and of rustc (FxHash): no
// protection against names that were made to collide, nor does any of the
// formats have one. [TAOCP 3, 6.4]
//
// In a header, since they are most of some loops: a call takes as long as the
// name.
#pragma once
#include "smc/load/build.h"

static inline uint32_t names_word(const char *at)
{
    return ((const struct word *)at)->value;
}

static inline uint32_t names_mix(uint32_t hash, uint32_t word)
{
    return ((hash << 5 | hash >> 27) ^ word) * 0x9e3779b9;
}

// `hash` is of all whole words from the start. The high bits of a product
// depend on all bits of the word, and buckets are found by the low ones.
static inline uint32_t names_finish(const char *name, uint32_t len,
                                    uint32_t hash)
{
    uint32_t rest = len % 4, word = 0;

    if (rest && len > 4)
        hash = names_mix(hash, names_word(name + len - 4));
    else if (rest) {
        while (rest--)
            word = word << 8 | (uint8_t)name[rest];
        hash = names_mix(hash, word);
    }
    hash ^= hash >> 20;
    return (hash & 0xffffff) | len << 24;
}

// Bit 7 of the first character that is not ' ' to '~', and perhaps bits of
// those behind it; 0 if all four are. Below the first one nothing has carried
// or borrowed.
//
//   c - 0x20 has bit 7 below 0x20, and at 0xff     c + 1 has it from 0x7f on
static inline uint32_t names_unprintable(uint32_t word)
{
    return ((word - 0x20202020) | (word + 0x01010101)) & 0x80808080;
}

// The hash of a name that a stranger wrote, with `room` bytes to the end of
// its table. False if it is longer than NAME_MAX, has characters that cannot
// be printed, or does not end in the room. Nothing behind the room is read;
// its last characters may be less than a word.
static inline bool names_scan(const char *name, uint32_t room, uint32_t *hash)
{
    uint32_t len = 0, h = 0, bad = 0;

    if (room > NAME_MAX + 1)
        room = NAME_MAX + 1;
    for (; len + 4 <= room; len += 4) {
        uint32_t word = names_word(name + len);
        bad = names_unprintable(word);
        if (bad)
            break;
        h = names_mix(h, word);
    }
    if (bad)
        len += (uint32_t)__builtin_ctz(bad) / 8;
    while (!bad && len < room &&
           !names_unprintable((uint8_t)name[len] * 0x01010101u))
        len++;
    *hash = names_finish(name, len, h);
    return len < room && name[len] == '\0';
}

// The same if it is known that a NUL comes, and that the three bytes behind it
// may be read: then nothing is left to ask for each word but what it is.
static inline bool names_scan_ended(const char *name, uint32_t *hash)
{
    uint32_t len = 0, h = 0, word = names_word(name), bad;

    while (!(bad = names_unprintable(word))) {
        h = names_mix(h, word);
        len += 4;
        word = names_word(name + len);
    }
    len += (uint32_t)__builtin_ctz(bad) / 8;
    *hash = names_finish(name, len, h);
    return len <= NAME_MAX && name[len] == '\0';
}

// Copies a name of `len` characters and the NUL behind it.
static inline void names_copy(char *to, const char *name, uint32_t len)
{
    uint32_t i = 0;

    for (; i + 4 <= len; i += 4)
        ((struct word *)(to + i))->value = names_word(name + i);
    for (; i < len; i++)
        to[i] = name[i];
    to[len] = '\0';
}

// True if the names are equal. `hash` is that of both.
static inline bool names_equal(const char *a, const char *b, uint32_t hash)
{
    uint32_t len = hash >> 24, i = 0, differ;

    // Names with one key are equal but for very few: no branch to leave early.
    if (len >= 4) {
        differ = names_word(a + len - 4) ^ names_word(b + len - 4);
        for (; i < len - 4; i += 4)
            differ |= names_word(a + i) ^ names_word(b + i);
        if (differ)
            return false;
    }
    while (len < 4 && i < len && a[i] == b[i])
        i++;
    // More than 255 characters have the key of fewer; they are nobody's name.
    return (len >= 4 || i == len) && !a[len] && !b[len];
}
