// SPDX-License-Identifier: MIT
// The kernel log: what happened during boot and since, kept for `log`.
#pragma once
#include "kernel/printf.h"

// Records one line with its time. Printed on the console too only when it
// tells of something wrong: log_print; log_note is silent. The text ends with
// \n; it is cut after 199 characters. Not for interrupt handlers: two writers
// would mix their lines.
void log_print(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_note(const char *fmt, ...) PRINTF_LIKE(1, 2);
