// SPDX-License-Identifier: MIT
// Between the files of the suite `hosts`.
#pragma once
#include "kernel/lab.h"

// host_check_text.c
enum check_result check_host_printf(void);
enum check_result check_host_cut(void);
enum check_result check_host_numbers(void);
enum check_result check_host_sort(void);
