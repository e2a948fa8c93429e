// SPDX-License-Identifier: MIT
// The bench of lab `loader`.
#pragma once

void loader_bench(void);
