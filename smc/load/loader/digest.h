// SPDX-License-Identifier: MIT
// Message digests by GRUB's own crypto modules, loaded as they are.
#pragma once
#include "smc/load/refuse.h"

#define DIGEST_MAX 64

// Digests `size` bytes with the algorithm of this name ("sha256") into out
// and sets *len. False with the reason in *error.
bool digest_of(const char *algorithm, const void *data, uint32_t size,
               uint8_t out[DIGEST_MAX], uint32_t *len,
               struct load_error *error);
