// SPDX-License-Identifier: MIT
// Between undo.c, which takes one entry back, and undo_all.c.
#pragma once
#include "smc/door/poke_inside.h"

// Can this entry, which may be NULL, be taken back? With the door's lock.
enum text_reason undo_judge(const struct journal_entry *e,
                            struct text_result *r);

// Can the protocol take it back?
bool undo_is_poke(const struct journal_entry *e);

// Marks it as undone and adds the line of the undo, which it returns. With the
// door's lock.
struct journal_entry undo_take_out(const struct journal_entry *entry,
                                   struct text_result *r, const void *caller);

// Pokes the batch, whose sites have the lines of their undos. If nothing is
// written, the patches are live again. With poke_lock.
enum text_reason undo_run(struct text_result *r, const void *caller);

// text_undo, for a caller.
struct text_result undo_entry(uint32_t number, const void *caller);
