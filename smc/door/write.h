// SPDX-License-Identifier: MIT
// Inside the door: shared by text.c, copy.c, poke.c, undo.c, arena.c,
// arena_data.c, arena_slice.c and place.c, for nobody else.
#pragma once
#include "smc/door/arena.h"
#include "smc/door/text.h"

// May these bytes be written at all? TEXT_OK, or the reason why not: looks
// at region and mapping, not at the bytes. The limit of TEXT_MAX is
// text_write's; generated blocks have none.
enum text_reason door_judge(const uint8_t *site, size_t len);

// Copies `len` bytes to `site` through the alias, serialises this CPU and
// reads back. The range has been judged and journaled, and the caller has
// door_lock; the other CPUs are for the caller to serialise, without it.
// It cannot fail: what does not arrive is a panic, not a refusal, because
// the journal has its line already.
void door_copy(uint8_t *site, const uint8_t *bytes, size_t len);

// The only store to code in this kernel, in a function of its own so that a
// debugger can stop at it. `alias` is the writable view of the site.
void door_store(volatile uint8_t *alias, const uint8_t *bytes, size_t len);

// text_write in the name of `caller`, if no other CPU runs; else false, and
// nothing has been done.
bool door_write_alone(struct text_result *r, void *site, const void *expected,
                      const void *replacement, size_t len,
                      const char *technique, const void *caller);

// Journals a refusal and completes the result.
void door_refuse(struct text_result *result, enum text_reason reason,
                 const void *site, const char *technique, const void *caller);

// Puts an arena on the list of those whose pages may be written.
void door_publish(struct arena *arena);

// Gives pages of an arena these rights: at once, or with many others.
void door_turn(void *at, size_t bytes, unsigned rights);

// Reads one byte of every page of a source. If the caller's pointer is bad,
// the fault comes here, before anything is journaled or mapped: in a trap_try
// the fault ends the call, and an alias left open would stay so.
void door_touch(const volatile uint8_t *code, size_t len);

// The line for a generated block at `at`, which still has its old bytes. The
// line first, the patches below it after: if the journal is full the block is
// not written, and they must stay undoable. TEXT_OK or TEXT_FULL.
enum text_reason door_journal_block(struct text_result *r, uint8_t *at,
                                    const void *code, size_t len,
                                    const char *technique, const void *caller);

// Does a part of these bytes, and no more, lie in some slice? Needs the lock.
bool door_cuts_slice(const uint8_t *at, size_t len);

// Makes the code of a slice INT3 and journals it, if its pages are code. The
// caller is the one whom the line names.
void door_clear_slice(struct arena *slice, const void *caller);

// arena_create_at with these rights: PAGE_EXEC, filled with INT3, or
// PAGE_WRITE, not cleared.
struct arena *door_create_at(const char *name, uintptr_t base, size_t bytes,
                             unsigned rights);
