// SPDX-License-Identifier: MIT
// The room in an arena: arithmetic only, so that it serves arenas of other
// makes, too (tests-host/stand_in_arena.c).
//
//   base            used          size
//   | given out ... | free ...... |
#include "smc/door/arena.h"

// `at` may pass the end by rounding up, so it is compared before it is
// subtracted: size - at would be a huge number otherwise, and all would fit.
void *arena_reserve(struct arena *arena, size_t bytes, size_t align)
{
    size_t at = (arena->used + align - 1) & ~(align - 1);
    if (at > arena->size || bytes > arena->size - at)
        return NULL;
    arena->used = at + bytes;
    return arena->base + at;
}

// As inside() in text.c: no sum that could wrap. A length over the size is
// ruled out before size - len is taken.
bool arena_holds(const struct arena *arena, const uint8_t *at, size_t len)
{
    return at >= arena->base && len <= arena->size &&
           (size_t)(at - arena->base) <= arena->size - len;
}
