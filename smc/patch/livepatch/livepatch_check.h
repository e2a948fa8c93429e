// SPDX-License-Identifier: MIT
// Between the files of suite `livepatch`.
#pragma once
#include "kernel/lab.h"

// livepatch_check_still.c
enum check_result livepatch_check_still(void);
