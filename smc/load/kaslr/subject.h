// SPDX-License-Identifier: MIT
// One function, compiled twice: with its addresses as constants, which a move
// must correct, and position-independent, which needs no correction. Both
// take a number and count it in a histogram.
#pragma once
#include <stdint.h>

uint32_t subject_fixed(uint32_t value);
uint32_t subject_pic(uint32_t value);
