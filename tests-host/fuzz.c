// SPDX-License-Identifier: MIT
// What fuzz targets share: findings, and blocks with hard edges.
#include "tests-host/fuzz.h"
#include "kernel/string.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>

// For fuzz_demand alone: the targets pass on what they were given.
static const uint8_t *input;
static size_t input_size;

void fuzz_begin(const uint8_t *data, size_t size)
{
    input = data;
    input_size = size;
}

// abort, not exit: libFuzzer saves the input, a debugger stops here. The bytes
// are printed as well, so that a log is enough to repeat it.
void fuzz_demand(bool ok, const char *fmt, ...)
{
    if (ok)
        return;
    char hex[3 * 64];
    va_list ap;
    va_start(ap, fmt);
    fflush(stdout);
    fprintf(stderr, "input: %s\nFAIL: ",
            hex_bytes(hex, sizeof hex, input, input_size));
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    abort();
}

// malloc(0) may be NULL. That is a block of no bytes as good as any.
// No rounding: AddressSanitizer watches the very next byte.
uint8_t *fuzz_exact(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size);
    if (!copy && size)
        host_die("no memory for %zu bytes", size);
    if (size)
        memcpy(copy, data, size);
    return copy;
}
