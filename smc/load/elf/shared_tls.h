// SPDX-License-Identifier: MIT
// Thread-local variables of shared objects.
#pragma once
#include "smc/load/elf/shared.h"

// Space for the object's variables, before any object is linked: others may
// name them. Given back by release; fill puts their first values there.
bool shared_reserve_tls(struct shared *shared);
void shared_fill_tls(struct shared *shared);
void shared_release_tls(struct shared *shared);

// Carries out one of the four TLS types on *value, the word's content.
bool shared_relocate_tls(struct shared *shared, const struct elf_rel *rel,
                         uint32_t *value);
