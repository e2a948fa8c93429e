// SPDX-License-Identifier: MIT
// Checks of the suite `alternative` that have files of their own.
#pragma once
#include "kernel/lab.h"

// alternative_check_build.c: blocks that are built and not run.
enum check_result check_distances(void);
enum check_result check_short_branch(void);
enum check_result check_padding(void);
enum check_result check_unmovable(void);

// alternative_check_use.c: what the kernel uses the technique for.
enum check_result check_kernel(void);
enum check_result check_popcount(void);
enum check_result check_blocks(void);
enum check_result check_locks(void);
