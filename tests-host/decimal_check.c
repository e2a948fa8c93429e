// SPDX-License-Identifier: MIT
// Decimal conversions as a filter, for tests-host/test_decimal.py, which knows
// the right answers: Python's.
//
//   d TEXT  ->  16 hex digits, or -          f TEXT  ->  8 hex digits, or -
//   p HEX   ->  the text of a double
#include "smc/load/decimal.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void answer(char kind, const char *word)
{
    char text[DECIMAL_MAX];
    uint64_t wide;
    uint32_t narrow;

    if (kind == 'd' && decimal_to_double(word, &wide))
        printf("%016llx\n", (unsigned long long)wide);
    else if (kind == 'f' && decimal_to_float(word, &narrow))
        printf("%08x\n", (unsigned)narrow);
    else if (kind == 'p') {
        decimal_from_double(text, sizeof text, strtoull(word, NULL, 16));
        printf("%s\n", text);
    } else
        printf("-\n");
}

// No word of its own but the harness's: the questions come on stdin.
int main(int argc, char **argv)
{
    static char line[8192];

    host_begin(argc, argv, "decimal text to doubles and back");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!host_judge(line[0] && line[1] == ' ', "a question: %s", line))
            break;
        answer(line[0], line + 2);
    }
    return host_end();
}
