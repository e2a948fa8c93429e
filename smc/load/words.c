// SPDX-License-Identifier: MIT
// Reading the words of a loader command. See words.h for what they may be.
// A word with a known option before its `=` is an option wherever it stands;
// all others are files.
#include "smc/load/words.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/printf.h"
#include "kernel/string.h"

// The rest of the word if it begins with this option's name.
static const char *value_of(const char *word, const char *option)
{
    size_t len = strlen(option);

    return strncmp(word, option, len) == 0 ? word + len : NULL;
}

// A seed from the clock is printed, so that what it led to can be repeated.
static bool read_seed(struct load_words *words, const char *rest)
{
    uint32_t *seed = &words->options.seed;

    if (*rest == ':')
        return parse_u32(rest + 1, seed) && *seed;
    *seed = (uint32_t)rdtsc() | 1;
    kprintf("at=random:0x%08x\n", *seed);
    return *rest == '\0';
}

// 0 is what the options call "anywhere", so it is no address here.
static bool read_place(struct load_words *words, const char *value)
{
    const char *rest = value_of(value, "random");

    return rest
               ? read_seed(words, rest)
               : parse_u32(value, &words->options.base) && words->options.base;
}

// Judged for every file, although only shared objects bind lazily: a set may
// hold files of several formats.
static bool read_binding(struct load_words *words, const char *value)
{
    static const char *const names[] = {
        [BINDING_LAZY] = "lazy",
        [BINDING_NOW] = "now",
        [BINDING_DIRECT] = "direct",
        [BINDING_PLT] = "plt",
    };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(value, names[i]) == 0) {
            words->options.binding = (enum binding)i;
            return true;
        }
    return false;
}

// "yes" is what happens without the word, and can be said.
static bool read_init(struct load_words *words, const char *value)
{
    words->start = strcmp(value, "no") != 0;
    return !words->start || strcmp(value, "yes") == 0;
}

enum word words_option(struct load_words *words, const char *word)
{
    static const struct {
        const char *name, *values;
        bool (*read)(struct load_words *, const char *);
    } option[] = {
        {"at=", "an address, random or random:SEED", read_place},
        {"bind=", "lazy, now, direct or plt", read_binding},
        {"init=", "yes or no", read_init},
    };

    for (unsigned i = 0; i < sizeof option / sizeof option[0]; i++) {
        const char *value = value_of(word, option[i].name);
        if (!value)
            continue;
        if (option[i].read(words, value))
            return WORD_OPTION;
        // The word as typed, and what it may be: one line.
        kprintf("%s: %s takes %s\n", word, option[i].name, option[i].values);
        return WORD_BAD;
    }
    return WORD_OTHER;
}

// A star stands for any characters, none included. After a mismatch the last
// star takes one character more: no recursion, and no pattern that takes long.
static bool matches(const char *pattern, const char *name)
{
    const char *star = NULL, *from = name;

    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            from = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++from;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

// Patterns overlap, so a file is taken only once: a set has each but once.
static void add(struct load_words *words, const struct module *file)
{
    for (uint32_t i = 0; i < words->count; i++)
        if (words->files[i] == file)
            return;
    words->files[words->count++] = file;
}

// What a pattern matches may all have been named before: that is no mistake.
static bool add_files(struct load_words *words, const char *word)
{
    const struct module *file = module_find(word);
    bool found = file;

    if (file)
        add(words, file);
    for (size_t i = 0; !file && i < module_count(); i++)
        if (matches(word, module_at(i)->name)) {
            add(words, module_at(i));
            found = true;
        }
    if (!found)
        kprintf("%s: no such file among the boot modules\n", word);
    return found;
}

// No more files than there are modules, as none is taken twice.
bool words_read(struct load_words *words, int argc, char **argv)
{
    bool ok = true;

    *words = (struct load_words){.start = true};
    words->files = heap_zalloc(module_count() + 1, sizeof *words->files);
    if (!words->files) {
        kprintf("no memory for a list of files\n");
        return false;
    }
    for (int i = 1; ok && i < argc; i++) {
        enum word kind = words_option(words, argv[i]);
        ok = kind == WORD_OPTION ||
             (kind == WORD_OTHER && add_files(words, argv[i]));
    }
    // So that the caller has one way out less to think of.
    if (!ok)
        words_free(words);
    return ok;
}

void words_free(struct load_words *words)
{
    heap_free(words->files);
    words->files = NULL;
    words->count = 0;
}
