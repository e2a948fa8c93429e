// SPDX-License-Identifier: MIT
// The once-only block that the lab's demo, checks and bench share.
#pragma once
#include "smc/patch/once/once.h"
#include <stddef.h>

// One pass over the block. It counts its runs in once_runs and fails while
// once_fail_now is set.
void once_subject(void *arg);
extern uint32_t once_runs;
extern bool once_fail_now;

// The same function with the NOP assembled in from the start: what the
// patched subject must equal, instruction for instruction.
void once_twin(void *arg);

// An empty function.
void once_baseline(void *arg);

// Arms the subject's block again, clears its count, returns its site.
const struct once_site *once_subject_fresh(void);

// The first site of the block with this name, or NULL.
const struct once_site *once_site_of(const char *name);
size_t once_site_len(const struct once_site *site);
