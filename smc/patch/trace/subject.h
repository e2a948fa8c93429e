// SPDX-License-Identifier: MIT
// The functions that the lab's demo, checks and bench trace. All take an
// argument they may ignore, so that benches and threads can run them.
#pragma once
#include <stdint.h>

// Does nothing; and the same without an entry.
void trace_subject(void *arg);
void trace_subject_bare(void *arg);

// Returns, and has changed no register and no flag, whatever the compiler and
// its level. Only assembly may call it.
void trace_untouched(void);

// Calls itself until n is 0; returns n's sum.
uint32_t trace_recursive(uint32_t n);

// Calls two others, one of them twice, and ends by jumping to trace_subject.
void trace_tree(void *arg);

// Calls trace_faulty_inner, which faults.
void trace_faulty(void *arg);
void trace_faulty_inner(void *arg);

// Four words: more than fits in registers, so the caller passes a pointer and
// the function pops it.
struct trace_words {
    uint32_t word[4];
};
struct trace_words trace_structure(uint32_t n);
