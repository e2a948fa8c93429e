// SPDX-License-Identifier: MIT
// What loaded code wants called when it ends: atexit and its kin.
#pragma once
#include "smc/load/image.h"

// Remembers fn(arg) for the running call's image. `object` names the shared
// object that registers, for host_exit_run. Returns 0, or -1 without room.
int host_exit_add(void (*fn)(void *), void *arg, const void *object);

// Runs and forgets, last registered first, what the running call's image has
// registered for `object`; with NULL all of it.
void host_exit_run(const void *object);
void host_exit_forget(const struct image *owner);

// exit: runs everything, then ends the running call with this result.
_Noreturn void host_exit(int status);
