// SPDX-License-Identifier: MIT
// The room that the objects of a set share. Rights are per page, and 275
// modules of GRUB on pages of their own take 1 008 for 1.3 MB; together they
// take 335. Files that are given an address, that are watched, or that come
// alone have pages of their own.
//
//   own pages   | code a  | ro a    | data a  |   | code b  | ro b    | ...
//   shared      | code a code b ... | ro a ro b . | data a data b ... |
//                 ^ base of a                       ^ base of a + offset
//
// So a part lies at base + offset in either case; only what is between two
// parts is the image's own, or not. Addresses are given out when all files
// that the set began with, and those that they name, have said what they need.
// An object that only a shared object or a DLL needs is judged after that, as
// its turn comes: it has pages of its own.
#pragma once
#include "smc/load/build.h"

enum { ROOM_KINDS = PART_DATA + 1 };

// What one object needs of each kind of pages: bytes, and the strictest
// alignment in them.
struct room_need {
    uint32_t bytes[ROOM_KINDS], align[ROOM_KINDS];
};

struct load_room {
    uint32_t files;             // that share it
    uint32_t bytes[ROOM_KINDS]; // what they need together
    bool given;                 // addresses are: nobody may ask any more
    struct arena *arena;        // NULL: not opened yet
    uint8_t *next[ROOM_KINDS];  // where the next file's part may begin
};

// Asks for a share. Whether there will be one is told by room_take: there is
// none for who asks when others have an address already.
void room_ask(struct loading *in, const struct room_need *need);

// Gives the image its share: base, arena and stage, and in start[] the offsets
// of its parts. Needs what was asked for. False if it has to get pages of its
// own, which then may be refused; not an error.
bool room_take(struct loading *in, const struct room_need *need,
               uint32_t start[]);

// The pages of all get their rights; build_commit leaves that of images that
// share to this.
bool room_commit(struct load_set *set);

// The set is done with it. The pages go with the last image that is on them.
void room_close(struct load_set *set);
