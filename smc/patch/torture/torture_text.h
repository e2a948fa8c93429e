// SPDX-License-Identifier: MIT
// Between the table of targets and those of them that lie in kernel text.
// run_NAME and flip_NAME are as struct torture_target wants them.
#pragma once
#include "smc/door/text.h"
#include "smc/patch/torture/torture.h"

// True if it was written; else `why` is the refusal.
bool torture_is_done(const struct text_result *r, char *why);

uint32_t torture_run_key(uint32_t which), torture_run_call(uint32_t which);
uint32_t torture_run_trace(uint32_t which),
    torture_run_patched(uint32_t which);
uint32_t torture_run_once(uint32_t which);

bool torture_flip_key(uint32_t from, uint32_t to, char *why);
bool torture_flip_call(uint32_t from, uint32_t to, char *why);
bool torture_flip_trace(uint32_t from, uint32_t to, char *why);
bool torture_flip_patch(uint32_t from, uint32_t to, char *why);
bool torture_flip_once(uint32_t from, uint32_t to, char *why);

// The block's runs are counted from here on.
void torture_once_open(void);
