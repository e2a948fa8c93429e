// SPDX-License-Identifier: MIT
// Between the count (static_key.c) and the bytes (static_key_patch.c).
#pragma once
#include "smc/patch/static_key/static_key.h"

// Brings all sites of the key into the state `on`, in one batch. With the
// lock of static_key.c.
struct text_result static_key_patch(const struct static_key *key, bool on);

// Tells each key its sites, and brings all of them into their keys' states.
// Returns the first refusal.
struct text_result static_key_patch_all(void);
