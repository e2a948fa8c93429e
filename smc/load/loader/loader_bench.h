// SPDX-License-Identifier: MIT
// The benches of lab `loader`.
#pragma once

void loader_bench(void);

// loader_bench_set.c: all GRUB modules that are there, as one set.
void loader_bench_set(void);
