// SPDX-License-Identifier: MIT
#pragma once
#include "smc/x86/emulate.h"
#include "tests-host/emulate_native.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The emulator's memory: the arena's addresses, other bytes.
struct shadow {
    uint8_t bytes[NATIVE_WRITABLE];
    bool astray; // an address so wild that the real access could do harm
};

// The callbacks of struct emulate_world; `context` is a struct shadow.
struct emulate_result shadow_read(void *context, uint32_t address, void *bytes,
                                  size_t size, bool will_write);
struct emulate_result shadow_write(void *context, uint32_t address,
                                   const void *bytes, size_t size);
struct emulate_result shadow_swap(void *context, uint32_t address,
                                  const void *expected, const void *bytes,
                                  size_t size);
