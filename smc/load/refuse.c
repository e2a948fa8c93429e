// SPDX-License-Identifier: MIT
// The words of a refusal. One format for all of them, so that tests and
// readers know where to look for the field, the place and the value.
#include "smc/load/refuse.h"
#include "kernel/string.h"

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

void load_clear(struct load_error *error, const char *file)
{
    error->file = file;
    error->missing = error->untold = 0;
    error->missing_in = NULL;
    error->text[0] = '\0';
}

void load_missing(struct load_error *error, const char *symbol)
{
    // Room for the last words of load_missed stays free.
    const size_t room = sizeof error->text - 32;
    size_t len = strlen(error->text);
    int wrote;

    if (error->missing_in == error->file)
        wrote = ksnprintf(error->text + len, room - len, ", %s", symbol);
    else
        wrote = ksnprintf(error->text + len, room - len,
                          "%s%s: offered neither by the kernel nor by a "
                          "loaded image: %s",
                          len ? "; " : "", error->file, symbol);
    error->missing_in = error->file;
    error->missing++;
    if ((size_t)wrote >= room - len) {
        error->text[len] = '\0'; // no half names
        error->untold++;
    }
}

bool load_missed(struct load_error *error)
{
    size_t len = strlen(error->text);

    if (error->untold)
        ksnprintf(error->text + len, sizeof error->text - len, " and %u more",
                  error->untold);
    error->untold = 0;
    return error->missing;
}
