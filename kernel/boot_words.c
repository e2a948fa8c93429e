// SPDX-License-Identifier: MIT
// Words of the command line that nobody reads. A misspelt one must be told:
// after `chekc=all exit` no check has run, which looks like success.
//
//   | build/palimpsest.elf   chekc=all    exit=bohcs   -- any words |
//     a path: passed over    not known    bad value    the script's
//
// QEMU puts the kernel's file first, whatever it is called; other loaders may
// put a path there or none. Linux names words that nobody took, too, as
// "Unknown kernel command line parameters". [init/main.c]
#include "boot/info.h"
#include "kernel/log.h"
#include "kernel/printf.h"
#include "kernel/shell.h"
#include "kernel/string.h"

// Names are judged by their command; boot/kaslr.c has told of a bad seed.
static bool anything(const char *value)
{
    (void)value;
    return true;
}

static bool is_way_out(const char *value)
{
    return !*value || strcmp(value, "port") == 0 ||
           strcmp(value, "bochs") == 0;
}

static bool is_time(const char *value)
{
    uint32_t seconds;
    return parse_u32(value, &seconds) && seconds;
}

static const struct {
    const char *name;
    bool (*takes)(const char *value);
    const char *wants;
} known[] = {
    {"check", anything, ""},
    {"demo", anything, ""},
    {"bench", anything, ""},
    {"kaslr", anything, ""},
    {"keys", anything, ""},
    {"noalt", anything, ""},
    {"exit", is_way_out, "nothing, \"port\" or \"bochs\""},
    {"patience", is_time, "a number of seconds, 1 or more"},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static bool is_path(const char *word, size_t len, bool first)
{
    return (first && strcmp(bootinfo.loader, "qemu") == 0) ||
           memchr(word, '/', len);
}

// Prints what is wrong with `name=value`. Returns whether something is.
static bool complain(const char *word, const char *name, const char *value)
{
    for (unsigned i = 0; i < KNOWN; i++)
        if (strcmp(name, known[i].name) == 0) {
            bool good = known[i].takes(value);
            if (!good)
                log_print("boot word `%s`: %s wants %s\n", word, name,
                          known[i].wants);
            return !good;
        }
    char names[80] = "";
    for (unsigned i = 0, n = 0; i < KNOWN; i++)
        n += (unsigned)ksnprintf(names + n, sizeof names - n, " %s",
                                 known[i].name);
    log_print("boot word `%s`: there is no such word, only%s\n", word, names);
    return true;
}

int boot_words_judge(void)
{
    const char *p = bootinfo.cmdline;
    size_t len;
    int bad = 0;
    for (bool first = true; (p = boot_next_word(p, &len)) != NULL;
         first = false, p += len) {
        // Cut to fit; no known word is so long, but for lists of names.
        char word[64], name[64], *value;
        if (is_path(p, len, first))
            continue;
        strlcpy(word, p, len < sizeof word ? len + 1 : sizeof word);
        strlcpy(name, word, sizeof name);
        value = strchr(name, '=');
        if (value)
            *value++ = '\0';
        bad += complain(word, name, value ? value : "");
    }
    return bad;
}
