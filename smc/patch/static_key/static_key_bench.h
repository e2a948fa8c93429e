// SPDX-License-Identifier: MIT
// The lab's bench.
#pragma once

void static_key_bench(void);
