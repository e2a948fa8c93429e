// SPDX-License-Identifier: MIT
// The libraries that the kernel stands in for, as shared objects see them.
#pragma once
#include "smc/load/elf/shared.h"

// True if the kernel answers for this library.
bool shared_host_library(const char *name);
bool shared_host_version(const char *library, const char *version);
// Fills *found if this library of the kernel's offers the symbol.
bool shared_host_find(const char *library, const struct shared_name *name,
                      struct shared_found *found);
