// SPDX-License-Identifier: MIT
// names_key.h against its own definition, character by character.
//
// It reads names four characters at a time, from tables that strangers wrote,
// and its last word overlaps the one before: what is special is where a name
// ends, and where its room does. So every such place is tried, with every
// character there is, in blocks of which a sanitizer watches the next byte.
#include "smc/load/names.h"
#include "smc/load/names_key.h"
#include "tests-host/fuzz.h"
#include "tests-host/host.h"
#include <stdlib.h>
#include <string.h>

static bool is_name(const uint8_t *text, uint32_t room)
{
    uint32_t len = 0;

    while (len < room && text[len] >= ' ' && text[len] <= '~')
        len++;
    return len < room && len <= NAME_MAX && text[len] == '\0';
}

// The text is the first of the room, and perhaps not ended.
static void scan(const uint8_t *text, uint32_t room)
{
    uint8_t *block = fuzz_exact(text, room);
    bool expected = is_name(block, room);
    uint32_t hash = 0;
    bool good = names_scan((const char *)block, room, &hash);

    host_judge(good == expected &&
                   (!good || hash == names_hash((const char *)block)),
               "room %u: a name: %d, taken for one: %d, key %x", room,
               expected, good, hash);
    // With a NUL in it, and three bytes behind that.
    if (room >= 4 && memchr(block, 0, room - 3)) {
        good = names_scan_ended((const char *)block, &hash);
        host_judge(good == expected &&
                       (!good || hash == names_hash((const char *)block)),
                   "an end is in room %u: a name: %d, taken for one: %d, "
                   "key %x",
                   room, expected, good, hash);
    }
    free(block);
}

// `len` letters with `c` at `at`, in a room that ends before the NUL, behind
// it, and some bytes later.
static void scan_rooms(uint32_t len, uint32_t at, uint8_t c)
{
    uint8_t text[NAME_MAX + 8];

    memset(text, 0, sizeof text);
    for (uint32_t i = 0; i < len; i++)
        text[i] = (uint8_t)('a' + i % 26);
    if (at < len)
        text[at] = c;
    for (uint32_t room = len ? len - 1 : 0; room < len + 6; room++)
        scan(text, room);
}

// Two names of one length that differ in one character, and a copy.
static void compare(uint32_t len, uint32_t at)
{
    char a[NAME_MAX + 1] = "";
    uint8_t *b;
    uint32_t key;

    memset(a, 'x', len);
    key = names_hash(a);
    b = fuzz_exact((const uint8_t *)a, len + 1);
    host_judge(names_equal(a, (const char *)b, key), "%u letters: not equal",
               len);
    b[at] ^= 0x80;
    host_judge(!names_equal(a, (const char *)b, key),
               "%u letters, one different at %u: equal", len, at);
    free(b);
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "keys of names against their definition");
    for (uint32_t len = 0; len < 14; len++)
        for (uint32_t at = 0; at <= len; at++)
            for (uint32_t c = 0; c < 256; c++)
                scan_rooms(len, at, (uint8_t)c);
    for (uint32_t len = NAME_MAX - 5; len < NAME_MAX + 2; len++)
        for (uint32_t at = len - 6; at <= len; at++)
            for (uint32_t c = 0; c < 256; c++)
                scan_rooms(len, at, (uint8_t)c);
    for (uint32_t len = 1; len <= NAME_MAX; len++)
        for (uint32_t at = 0; at < len; at++)
            compare(len, at);
    return host_end();
}
