// SPDX-License-Identifier: MIT
// insn_print: a text for every instruction, and never a byte past its end.
#include "kernel/string.h"
#include "smc/x86/decode.h"
#include "smc/x86/print.h"
#include "tests-host/fuzz.h"
#include <stdlib.h>

enum { ADDRESS = 0xfffffff8 }; // targets wrap around

// A name that no buffer of INSN_TEXT_MAX bytes has room for.
// INSN_TEXT_MAX is for a text without symbols: these have to be cut.
static char *long_name(char *out, size_t size, uint32_t address)
{
    char text[2 * INSN_TEXT_MAX];
    memset(text, 'x', sizeof text);
    ksnprintf(text + sizeof text - 12, 12, "+0x%08x", address);
    strlcpy(out, text, size);
    return out;
}

// Letters only: a terminal would act upon control characters.
static void check_text(const char *text, size_t length)
{
    fuzz_demand(length > 0 && length < INSN_TEXT_MAX, "a text of %zu letters",
                length);
    fuzz_demand(strlen(text) == length, "length %zu, but '%s'", length, text);
    for (size_t i = 0; i < length; i++)
        fuzz_demand(text[i] >= ' ' && text[i] <= '~', "letter %02x",
                    (unsigned char)text[i]);
}

// In a smaller buffer stands as much of the same text as fits. The sanitizer
// watches the end of the block.
// All sizes up to one that is enough: each place at which a text can be cut is
// another branch of the printer.
static void check_cut(const struct insn *insn, const char *whole,
                      size_t length, size_t size)
{
    char *out = malloc(size);
    size_t returned = insn_print(out, size, insn, ADDRESS, NULL);
    size_t fits = length < size ? length : size - 1;
    fuzz_demand(returned == fits, "%zu bytes, but %zu letters", size,
                returned);
    fuzz_demand(memcmp(out, whole, fits) == 0 && out[fits] == 0,
                "with %zu bytes another text", size);
    returned = insn_print(out, size, insn, ADDRESS, long_name);
    fuzz_demand(strnlen(out, size) == returned && returned < size,
                "a name runs over");
    free(out);
}

static void check_print(const uint8_t *data, size_t size, enum insn_mode mode)
{
    struct insn insn;
    char text[INSN_TEXT_MAX];
    if (insn_decode(&insn, data, size, mode) != INSN_OK)
        return;
    size_t length = insn_print(text, sizeof text, &insn, ADDRESS, NULL);
    check_text(text, length);
    for (size_t n = 1; n <= length + 1; n++)
        check_cut(&insn, text, length, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_begin(data, size);
    check_print(data, size, INSN_32);
    check_print(data, size, INSN_16);
    return 0;
}
