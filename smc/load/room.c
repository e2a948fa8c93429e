// SPDX-License-Identifier: MIT
// Pages that the objects of a set share: one arena, and of its code a slice
// for each of them. See room.h for the layout. Linkers do the same when they
// merge the sections of their input; here each file stays an image, which can
// be unloaded, called and named alone.
#include "smc/load/room.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/set.h"

#define INT3 0xcc
// An image without code gets as many INT3, since every image has an address.
#define NO_CODE 16u

static uint32_t align_up(uint32_t value, uint32_t align)
{
    return align > 1 ? (value + align - 1) & ~(align - 1) : value;
}

static uint32_t need_of(const struct room_need *need, int kind)
{
    return kind == PART_CODE && !need->bytes[kind] ? NO_CODE
                                                   : need->bytes[kind];
}

// No sum here can wrap: none of the two is above IMAGE_MAX.
static bool fits(const struct load_room *room, const struct room_need *need)
{
    uint32_t own = 0;

    for (int kind = PART_CODE; kind <= PART_DATA; kind++) {
        own += PAGE_ALIGN_UP(need->bytes[kind]);
        if (align_up(room->bytes[kind], need->align[kind]) +
                need_of(need, kind) >
            IMAGE_MAX)
            return false;
    }
    return own <= IMAGE_MAX;
}

// What `symbols` and `relocs` show of a file should not depend on what others
// there are, so that nobody shares who is watched.
static bool may_share(const struct loading *in)
{
    return !in->base && !in->options->seed && !in->options->watch;
}

void room_ask(struct loading *in, const struct room_need *need)
{
    struct load_room *room = &in->set->room;

    // What is measured may be open already: a late share would not be in it.
    if (room->given || !may_share(in) || !fits(room, need))
        return;
    in->shares = true;
    room->files++;
    for (int kind = PART_CODE; kind <= PART_DATA; kind++)
        room->bytes[kind] = align_up(room->bytes[kind], need->align[kind]) +
                            need_of(need, kind);
}

// All in one piece. Where there is no such piece, there may be smaller ones:
// then nobody shares.
static bool open_room(struct load_room *room)
{
    uint32_t size = 0;

    if (room->arena || room->files < 2)
        return room->arena;
    for (int kind = PART_CODE; kind <= PART_DATA; kind++)
        size += PAGE_ALIGN_UP(room->bytes[kind]);
    room->arena = arena_create_data("files linked together", 0, size);
    if (!room->arena) {
        room->files = 0;
        return false;
    }
    room->next[PART_CODE] = room->arena->base;
    for (int kind = PART_READ_ONLY; kind <= PART_DATA; kind++)
        room->next[kind] = room->next[kind - 1] +
                           PAGE_ALIGN_UP(room->bytes[kind - 1]);
    return true;
}

// What nobody has traps if it is executed, and is 0 if it is read.
static void fill(uint8_t *from, uint8_t *to, int kind)
{
    if (from != to)
        memset(from, kind == PART_CODE ? INT3 : 0, (size_t)(to - from));
}

static uint8_t *take(struct load_room *room, const struct room_need *need,
                     int kind)
{
    uint8_t *at = (uint8_t *)align_up((uint32_t)room->next[kind],
                                      need->align[kind]);

    fill(room->next[kind], at, kind);
    room->next[kind] = at + need_of(need, kind);
    fill(at + need->bytes[kind], room->next[kind], kind);
    return at;
}

bool room_take(struct loading *in, const struct room_need *need,
               uint32_t start[])
{
    struct load_room *room = &in->set->room;
    struct image *image = in->image;
    uint8_t *at;

    room->given = true;
    if (!in->shares || !open_room(room))
        return false;
    at = take(room, need, PART_CODE);
    image->arena = arena_slice(room->arena, image->name, at,
                               need_of(need, PART_CODE));
    if (!image->arena) {
        fill(at, room->next[PART_CODE], PART_CODE); // code of nobody
        return false;
    }
    image->base = image->stage = at;
    image->size = image->bytes = need_of(need, PART_CODE);
    start[PART_CODE] = 0;
    for (int kind = PART_READ_ONLY; kind <= PART_DATA; kind++) {
        at = take(room, need, kind);
        start[kind] = (uint32_t)(at - image->base);
        image->bytes += need->bytes[kind];
        if (need->bytes[kind])
            image->size = start[kind] + need->bytes[kind];
    }
    return true;
}

/* Patch site: the code of all objects of a set
 * before: data pages with their bytes, relocated for this address
 * after:  the same, and INT3 behind them, as code
 * who:    arena_fill, once; the pages turn from rw- to r-x
 * safe:   nobody has an address in the arena yet, so nobody executes there
 * without it: as in build.c
 */
// The INT3 begin where the last share ends, whatever was asked for: no byte
// that nobody has filled becomes code.
bool room_commit(struct load_set *set)
{
    struct load_room *room = &set->room;
    uint8_t *at = room->arena ? room->arena->base : NULL;
    uint32_t pages = PAGE_ALIGN_UP(room->bytes[PART_CODE]);
    struct text_result result;
    char why[120];

    if (!at)
        return true;
    result = arena_fill(room->arena, at, pages, at,
                        (size_t)(room->next[PART_CODE] - at), "loader");
    if (result.reason != TEXT_OK)
        return load_fail(set->error, "the code of the set: %s",
                         text_explain(why, sizeof why, &result));
    at += pages;
    pages = PAGE_ALIGN_UP(room->bytes[PART_READ_ONLY]);
    fill(room->next[PART_READ_ONLY], at + pages, PART_READ_ONLY);
    fill(room->next[PART_DATA], room->arena->base + room->arena->size,
         PART_DATA);
    return !pages || arena_make_data(room->arena, at, pages, false) ||
           load_fail(set->error, "the set's constants cannot be read-only");
}

void room_close(struct load_set *set)
{
    arena_destroy(set->room.arena);
    set->room.arena = NULL;
}
