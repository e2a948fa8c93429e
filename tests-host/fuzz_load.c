// SPDX-License-Identifier: MIT
// image_load_set: an image, or words; and all memory back. The input is a
// file of any format: its first bytes say which. Files that it needs are not
// there.
#include "tests-host/fuzz.h"
#include "tests-host/load_trial.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = fuzz_exact(data, size);
    struct module file = {.name = "fuzz",
                          .cmdline = "fuzz",
                          .data = copy,
                          .size = (uint32_t)size};
    struct load_trial trial;

    fuzz_begin(data, size);
    if (size) { // a boot module is never empty
        load_trial(&file, &trial);
        fuzz_demand(!*trial.wrong, "%s", trial.wrong);
    }
    free(copy);
    return 0;
}
