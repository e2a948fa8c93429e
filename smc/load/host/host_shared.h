// SPDX-License-Identifier: MIT
// What libm.so.6 reads of the dynamic linker's own data.
#pragma once
#include <stdint.h>

// _rtld_global_ro of glibc 2.36 for i386: the size of the symbol in its
// ld-linux.so.2, and a block of that size.
#define HOST_RTLD_SIZE 916
extern uint32_t host_rtld_block[HOST_RTLD_SIZE / 4];

// Puts what this processor offers now into the block.
void host_rtld_fill(void);
