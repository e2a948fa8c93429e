// SPDX-License-Identifier: MIT
// Functions of the C library that have more than one name.
#pragma once
#include "smc/load/host/host_file.h"

// End the running call; `caller` is the address that gave up.
_Noreturn void host_give_up(const void *caller, const char *why);

int host_snprintf(char *out, size_t size, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
int host_strtol(const char *text, const char **end, int base);
uint32_t host_strtoul(const char *text, const char **end, int base);
int64_t host_strtoll(const char *text, const char **end, int base);
uint64_t host_strtoull(const char *text, const char **end, int base);
