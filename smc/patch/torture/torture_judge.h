// SPDX-License-Identifier: MIT
// Between the fire (torture.c) and its judge.
#pragma once
#include "kernel/smp.h"
#include "smc/patch/torture/torture.h"

enum { TORTURE_EXECUTORS = CPU_MAX + 1 };

// Begins with empty sums; draws from *seed.
void torture_judge_open(struct torture_target *targets, uint32_t count,
                        uint32_t *seed);

// A number below n.
uint32_t torture_draw(uint32_t *seed, uint32_t n);

// From now on this set of forms is legal. By the flipper that has the target.
void torture_allow(struct torture_target *target, uint32_t forms);

// The set of forms that answer so: tracing does not show in it.
uint32_t torture_forms_of(const struct torture_target *target,
                          uint32_t answer);

// Runs a target drawn by chance, and judges the answer: in the thread of an
// executor; or in an NMI, whichever CPU it came to.
void torture_execute(unsigned executor);
void torture_execute_in_nmi(void);

// All figures up to now, also while others go on.
void torture_sum(struct torture_report *report, struct torture_row *rows);
