// SPDX-License-Identifier: MIT
// The bench of lab `bind`, in a file of its own.
#pragma once

void bind_bench(void);
