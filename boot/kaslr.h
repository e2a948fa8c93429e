// SPDX-License-Identifier: MIT
// The kernel moves itself: what boot/low_move.c did, for the rest of the
// kernel to read, and the relocation records that it used.
//
// Off unless the boot word `kaslr` (a random place) or `kaslr=SEED` (a place
// that SEED decides) is on the command line. Linux does it in
// arch/x86/boot/compressed/, by handle_relocations.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kaslr_status {
    KASLR_OFF,     // the word is not there: as linked
    KASLR_MOVED,   // delta, slots and all that follows are valid
    KASLR_BAD,     // kaslr=VALUE is no number of 32 bits: as linked
    KASLR_NO_ROOM, // no free place is large enough: as linked
};

enum kaslr_source { KASLR_WORD, KASLR_RDRAND, KASLR_TSC };

struct kaslr_report {
    uint8_t status, source; // enum kaslr_status, kaslr_source
    uint32_t seed;          // repeats this run: kaslr=SEED
    uint32_t slots;         // pages at which the kernel could have begun
    uint32_t delta;         // how far it moved, in bytes; 0 unless MOVED
    uint32_t records;       // words that were corrected
    uint64_t linked_hash;   // of text before, as text_hash computes it
    uint64_t copy_ticks, apply_ticks; // of the time stamp counter
};

// Valid from kaslr_init on.
extern struct kaslr_report kaslr_report;

// Takes the report over from the boot part, which paging_init unmaps. Called
// once, by kernel_main.
void kaslr_init(void);

// The report in one line without a \n: "kernel moved by 0x... to ...".
char *kaslr_explain(char *out, size_t size);

// A walk over the records. Each names a word that holds an address of the
// part that moves:
//
//   struct kaslr_walk walk = kaslr_walk();
//   while (kaslr_next(&walk))
//       ... walk.at, a physical address as linked ...
//
// The table is a list of distances in ULEB128: seven bits to a byte, the
// lowest first, bit 7 set in all but the last. [DWARF5 7.6]
//
//   at += distance         the first is from 0x100000
//
// Words are 4 bytes and few are far apart, so one byte is the usual record.
struct kaslr_walk {
    const uint8_t *next, *end;
    uint32_t at;
};

// Inline, because the boot part needs a copy of its own: it can call nothing
// of the part that moves.
static inline bool kaslr_next(struct kaslr_walk *walk)
{
    uint32_t distance = 0, shift = 0;
    if (walk->next >= walk->end)
        return false;
    do {
        distance |= (*walk->next & 0x7fu) << shift;
        shift += 7;
    } while (*walk->next++ & 0x80);
    walk->at += distance;
    return true;
}

// The whole table, begun at its first record. For use after boot.
struct kaslr_walk kaslr_walk(void);

// FNV-1a of kernel text with every relocated word set back to what the linker
// wrote. Equals the hash of an unmoved kernel if nothing but those words
// differs.
uint64_t kaslr_unmoved_hash(void);

// The first recorded word in text, and how many text has.
uint8_t *kaslr_first_word(uint32_t *count);
