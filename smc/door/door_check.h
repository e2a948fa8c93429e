// SPDX-License-Identifier: MIT
// What the door's suites share: an arena of two pages as the subject, so
// that sites can lie anywhere, across the page boundary included.
#pragma once
#include "kernel/lab.h"
#include "smc/door/arena.h"
#include "smc/door/journal.h"

// Made by the first check of a suite, destroyed by the last.
extern struct arena *door_subject;
enum check_result door_check_begin(void);
enum check_result door_check_end(void);

// TEXT_MAX + 1 bytes each.
extern const uint8_t door_int3[], door_nops[];

// Tries a write that must be refused: for this reason, with a line in the
// journal, and without changing a byte. Passes the words on to judged().
bool door_refuses(void *site, const void *expected, const void *new,
                  size_t len, enum text_reason reason);
