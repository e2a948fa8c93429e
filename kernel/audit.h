// SPDX-License-Identifier: MIT
// Who may do what to which page: a walk over the live tables.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Names a range of pages for `audit` while something special lives there.
// `name` must outlive it; a NULL name takes the entry away.
void audit_name(const void *base, size_t bytes, const char *name);

// Counts pages that are writable and executable, directly or because one of
// their frame's other mappings is. Prints every range if `print`.
uint32_t audit_run(int print);
