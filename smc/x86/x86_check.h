// SPDX-License-Identifier: MIT
// The parts of suite `x86`: the table is in x86_check.c.
#pragma once
#include "kernel/lab.h"

// Has the user poked this sample? Then says which patch is in the way: a check
// that needs the function's own bytes is skipped.
bool x86_check_patched(const void *function);

// x86_check.c's own judge the engines over all of kernel text. These move it:
enum check_result x86_check_moved(void);
enum check_result x86_check_hops(void);
enum check_result x86_check_move_refusals(void);
// x86_check_live.c
enum check_result x86_check_emulated(void);
// x86_check_poke.c
enum check_result x86_check_poke(void);
enum check_result x86_check_poke_refusals(void);
enum check_result x86_check_poke_under_fire(void);
enum check_result x86_check_pads(void);
