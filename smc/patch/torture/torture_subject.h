// SPDX-License-Identifier: MIT
// The subjects in kernel text: their answers tell what they were.
#pragma once
#include "smc/patch/once/once.h"
#include "smc/patch/static_call/static_call.h"
#include "smc/patch/static_key/static_key.h"

DECLARE_STATIC_KEY_FALSE(torture_key);
// 1 while the key is off, 2 while it is on.
uint32_t torture_unlikely(void), torture_likely(void);

uint32_t torture_one(void), torture_two(void); // the targets: 10 and 20
DECLARE_STATIC_CALL(torture, torture_one);
// What the target answers, by a CALL and by a JMP; one more.
uint32_t torture_caller(void), torture_jumper(void);

// 30, traced or not.
uint32_t torture_traced(void);

// 50, with a once-only block in it that counts its runs.
uint32_t torture_once(void);
extern volatile uint32_t torture_once_runs;
struct once *torture_once_block(void);

// 40, and its replacement, 41.
uint32_t torture_patched(void), torture_patch(void);
