// SPDX-License-Identifier: MIT
// What the files of the suite `trace` share.
#pragma once
#include "kernel/lab.h"
#include "smc/patch/trace/subject.h"
#include "smc/patch/trace/trace.h"

// Turns a filter on; false, with the refusal judged, if that failed.
bool trace_check_on(const char *filter);
// Off again; true if the text is what it was when the suite's check began.
bool trace_check_off(uint64_t hash);

// trace_check_odd.c: functions and moments that a tracer stumbles over.
enum check_result trace_check_recursion(void);
enum check_result trace_check_deep(void);
enum check_result trace_check_tail(void);
enum check_result trace_check_structure(void);
enum check_result trace_check_fault(void);
enum check_result trace_check_registers(void);
enum check_result trace_check_interrupts(void);

// trace_check_all.c: all functions at once.
enum check_result trace_check_all(void);
enum check_result trace_check_cycles(void);
enum check_result trace_check_cpus(void);
enum check_result trace_check_threads(void);
enum check_result trace_check_undo(void);
enum check_result trace_check_foreign(void);

// trace_check_stuck.c
enum check_result trace_check_stuck(void);
