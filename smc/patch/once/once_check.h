// SPDX-License-Identifier: MIT
// Between the files of suite `once`.
#pragma once
#include "kernel/lab.h"

// once_check_interrupt.c
enum check_result once_check_interrupt_inside(void);
enum check_result once_check_interrupt_everywhere(void);
