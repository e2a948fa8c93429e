// SPDX-License-Identifier: MIT
// Who may do what to which page: a walk over the live tables.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Names a range of pages for `audit` while something special lives there.
// `name` must outlive it; a NULL name takes the entry for this base away.
// There are 8 entries; a ninth name is dropped, and the range is shown by what
// it is. Names never change what is judged.
void audit_name(const void *base, size_t bytes, const char *name);

// Counts pages that are writable and executable, directly or because one of
// their frame's other mappings is. 0 is the only good answer, except while
// somebody breaks the rule on purpose. Prints every range if `print`. Not for
// interrupt handlers: it works in static memory.
uint32_t audit_run(int print);
