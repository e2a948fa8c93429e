// SPDX-License-Identifier: MIT
// The words of a refusal. One format for all of them, so that tests and
// readers know where to look for the field, the place and the value.
#include "smc/load/refuse.h"

bool printable_name(const char *text, uint32_t room)
{
    uint32_t len = 0;

    while (len < room && len <= NAME_MAX && text[len] >= ' ' &&
           text[len] <= '~')
        len++;
    return len < room && len <= NAME_MAX && text[len] == '\0';
}

bool load_refuse(struct load_error *error, const char *field,
                 const char *where, uint32_t place, uint32_t value,
                 const char *why)
{
    return load_fail(error, "%s at %s 0x%x is 0x%x: %s", field, where, place,
                     value, why);
}

bool load_fail(struct load_error *error, const char *fmt, ...)
{
    char words[160];
    va_list ap;

    va_start(ap, fmt);
    kvsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    // Cut to the room there is: a name of 255 characters is no overflow.
    ksnprintf(error->text, sizeof error->text, "%s: %s", error->file, words);
    return false;
}
