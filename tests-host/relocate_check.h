// SPDX-License-Identifier: MIT
// The parts of relocate_check.
#pragma once
#include "smc/x86/boundaries.h"
#include "smc/x86/decode.h"
#include "smc/x86/relocate.h"
#include "tests-host/host.h"
#include <string.h>

// By name, where the engines ask for the flow.
static inline bool is_call(const struct insn *insn)
{
    const char *name = insn_name(insn);
    return strcmp(name, "call") == 0 || strcmp(name, "lcall") == 0;
}

// Every offset and length of `count` random functions, judged by other means.
void check_boundaries(uint64_t count);

// Functions executed here, then where they were moved to.
void check_native(void);
