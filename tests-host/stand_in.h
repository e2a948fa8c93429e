// SPDX-License-Identifier: MIT
// What the loader needs of a kernel, in a Linux process: arenas over mmap, a
// heap over malloc, files from a directory instead of a boot loader. The
// interfaces are the kernel's own headers; here is only what a test asks of
// the stand-ins themselves.
//
//   kernel header          stand-in             what watches
//   smc/door/arena.h       stand_in_arena.c     the processor: guard pages
//   kernel/heap.h          stand_in_heap.c      AddressSanitizer, a count
//   kernel/module.h        stand_in_module.c    AddressSanitizer
//   smc/load/call.h        stand_in_call.c      nothing is ever called
//
// What the kernel offers to loaded code are then this process's functions.
#pragma once
#include "kernel/module.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What is alive. Taken before and after some work, both must be equal.
struct stand_in_use {
    uint32_t blocks, arenas;
    uint64_t bytes; // in both together
};
struct stand_in_use stand_in_use(void);
bool stand_in_same(struct stand_in_use a, struct stand_in_use b);

// Request number `n` from now on is refused, and so are those behind it, as
// many as there are `times`; 0: none is. A request is one for memory of the
// heap, or for other rights of an arena's pages. Returns whether one was
// refused since the last call.
bool stand_in_starve(uint32_t n, uint32_t times);
// Asked by the stand-ins, once for each request.
bool stand_in_refuses(void);

// Makes the files of these paths the machine's boot modules; those there were
// are forgotten. Each lies in a block of just its size. Dies without them.
void stand_in_files(char **paths, size_t count);

// The boot module with this index, for tests that change a file.
struct module *stand_in_file(size_t index);
