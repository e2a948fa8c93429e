// SPDX-License-Identifier: MIT
// The checks of suite `static_key` that have files of their own.
#pragma once
#include "kernel/lab.h"
#include "smc/patch/static_key/static_key.h"

// After an `undo all` the sites tell of the boot, not of the keys: brings them
// back.
void static_key_check_mend(struct static_key *key);

enum check_result static_key_check_between(void);
enum check_result static_key_check_count(void);
enum check_result static_key_check_race(void);
enum check_result static_key_check_uses(void);
