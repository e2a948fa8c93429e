// SPDX-License-Identifier: MIT
// What the checks of binding share, and those on real files.
#pragma once
#include "kernel/lab.h"
#include "smc/load/image.h"

// A fresh image of the sample. NULL after judging why there is none.
struct image *bind_check_load(enum binding binding);
// Unloads it. Fails if that fails.
enum check_result bind_check_done(struct image *image, bool pass);
// What a function of the image returns; UINT32_MAX if it does not.
uint32_t bind_check_call(struct image *image, const char *function);

// bind_check_refuse.c: calls that cannot be rewritten.
enum check_result check_bind_shapes(void);
enum check_result check_bind_breakpoint(void);
enum check_result check_bind_foreign(void);
enum check_result check_bind_entry(void);
enum check_result check_bind_limit(void);

// bind_check_real.c: libz.so.1.
enum check_result check_bind_sites(void);
enum check_result check_bind_lazy_count(void);
enum check_result check_bind_direct_count(void);
enum check_result check_bind_same_result(void);
