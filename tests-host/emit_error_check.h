// SPDX-License-Identifier: MIT
#pragma once

// Judges prefixes, data, NOPs and alignment by their bytes, and that each
// error is told and leaves the buffer whole.
void check_errors(void);
