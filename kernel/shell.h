// SPDX-License-Identifier: MIT
// The prompt.
#pragma once

// Does what the kernel command line asks for, then reads commands for ever.
_Noreturn void shell_run(void);
