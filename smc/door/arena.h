// SPDX-License-Identifier: MIT
// Memory for generated code. An arena's pages are readable and executable,
// never writable; bytes not in use are INT3, so that a stray jump traps at
// once. Only arena_write puts code there, through the door's alias, and
// arena_fill, before the page is code.
//
// The life of one page. There is no state "rwx":
//
//   plain rw-  -- arena_create, arena_adopt -->  code r-x, all INT3
//       ^  '-- arena_create_data, arena_fill ----> code r-x, full
//       |                                           |        |
//       |                                           |  arena_make_data
//       |                                           |        v
//       +------------- arena_destroy ---------------+-- data rw- or r--
//
// Its frames are seen at one address only. Those of an arena below the kernel
// leave the direct map as long as it lives:
//
//   direct map        | rw- | rw- |  ---  ---  ---  | rw- |
//                                   '--. frames .--'
//   below the kernel        nothing    | r-x  r-- rw- |   nothing
//                                      base
//
// Reserving goes upward and is never taken back one by one:
//
//   base                               base + used          base + size
//   | block | cc | block | block      | cc cc cc cc cc cc cc cc |
//             ^ alignment
#pragma once
#include "smc/door/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
    const char *name;    // shown by `audit` and the journal; must outlive it
    uint8_t *base;       // page aligned, but of a slice; here its code runs
    uint8_t *frames;     // where the direct map shows its frames, or would
    size_t size;         // bytes: whole pages, but of a slice
    size_t used;         // bytes given out by arena_reserve
    bool owned;          // the pages are ours to free
    bool closed;         // arena_destroy waits for the last slice
    uint32_t slices;     // how many there are of it
    struct arena *whole; // the arena of which it is a slice, or NULL
    struct arena *next;  // the list of live arenas
};

// Makes an arena of at least `bytes` bytes, all INT3, readable+executable.
// Returns NULL when memory is exhausted. `name` must stay valid.
struct arena *arena_create(const char *name, size_t bytes);

// Makes an arena of direct-map pages that are the caller's (the real-mode
// page below 1 MiB). They must be writable data now. arena_destroy makes
// them data again and does not free them.
struct arena *arena_adopt(const char *name, void *base, size_t bytes);

// The same at an address of the caller's choice below the kernel. NULL if
// arena_refuse_at has something to say, or when memory is exhausted.
struct arena *arena_create_at(const char *name, uintptr_t base, size_t bytes);

// Why no arena of this size can begin at `base`: "is no multiple of 4096".
// NULL if one can.
const char *arena_refuse_at(uintptr_t base, size_t bytes);

// A free place for that many bytes below the kernel, drawn by chance; 0 if
// many draws have found none. The same seed draws the same places as long as
// the same ones are free; it is changed, so that the next draw differs.
uintptr_t arena_draw(size_t bytes, uint32_t *seed);

// The same as arena_create or, if base is not 0, arena_create_at, but of plain
// data pages: writable, not executable, not cleared. For images that know
// beforehand which of their pages will be code: arena_fill makes it of them.
struct arena *arena_create_data(const char *name, uintptr_t base,
                                size_t bytes);

// Makes whole data pages of such an arena code: the `len` bytes of `code`
// first, INT3 behind them, one line in the journal. The pages are filled while
// they are data and turned then, so that they are never both. len may be 0,
// and code may be at: then the bytes are there already. Refuses what is not a
// range of data pages of the arena, and any other source that lies in them.
struct text_result arena_fill(struct arena *arena, void *at, size_t bytes,
                              const void *code, size_t len,
                              const char *technique);

// For the images of many files. Between these two arena_fill and
// arena_make_data change the rights of data pages in the tables only, and
// arena_turned renews once what the processor remembers of them. Until then
// nobody may execute the code, or rely on data being read-only.
void arena_turn_many(void);
void arena_turned(void);

// A slice: bytes of `whole` that are to be told apart by a name, and to be
// given back by arena_destroy before the rest. It has no pages of its own: all
// that changes rights is asked of the whole. NULL if it is not inside, or when
// memory is exhausted. `name` must stay valid.
struct arena *arena_slice(struct arena *whole, const char *name, void *at,
                          size_t bytes);

// Reserves `bytes` bytes aligned to `align` (a power of two) and returns
// where they will run, or NULL when the arena is full. Writes nothing. The
// address must be known before the code is made: a CALL in it is relative.
// Two who reserve at once could get the same bytes; the caller prevents it.
void *arena_reserve(struct arena *arena, size_t bytes, size_t align);

// Do all of these bytes lie inside the arena?
bool arena_holds(const struct arena *arena, const uint8_t *at, size_t len);

// Writes a generated block of any length to [at, at + len) inside the arena
// and journals it as one line. `technique` as in text_write. Refuses a range
// outside the arena or on a page that was made data, a source that lies in
// the block itself, and a live patch half inside the block. Live patches
// wholly inside it are replaced: they can no longer be undone.
struct text_result arena_write(struct arena *arena, void *at, const void *code,
                               size_t len, const char *technique);

// Turns whole pages of the arena into data: readable, writable if `writable`,
// not executable. For images whose code and data must keep their distance.
// Pages that were code are cleared; data pages keep their content, so that
// they can be filled while writable and then be made read-only. Returns
// false for a range that is not whole pages inside the arena, or that a live
// patch lies half in.
bool arena_make_data(struct arena *arena, void *at, size_t bytes,
                     bool writable);

// Frees the arena: its journal lines become history that cannot be undone,
// its pages go back to plain data and to the page allocator. Nothing may be
// executing in it. NULL is ignored. Of a slice the code becomes INT3, and the
// pages stay; an arena with slices goes together with the last of them.
void arena_destroy(struct arena *arena);

// The arena that holds all of [at, at + len), or NULL. A slice comes before
// the arena that it is of.
struct arena *arena_of(const void *at, size_t len);
