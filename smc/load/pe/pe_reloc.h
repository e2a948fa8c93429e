// SPDX-License-Identifier: MIT
// Between pe_reloc.c, which can relocate anything, and pe_sweep.c, which is
// fast at what nearly all tables are.
#pragma once
#include "smc/load/pe/pe.h"

// Changes as many words as come in ascending order from the entry at RVA
// `at`, which lies in this block, whose header is at RVA `where`. Returns the
// RVA of the first entry that is left.
uint32_t pe_sweep(struct pe_move *move, uint32_t where,
                  const struct pe_reloc_block *block, uint32_t at);

// Ends the ascending run, if there is one, and claims its words.
bool pe_sweep_close(struct pe_move *move);
