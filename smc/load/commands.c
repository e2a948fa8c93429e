// SPDX-License-Identifier: MIT
// The shell's view of loaded images: load, unload, modules, rebase.
//
// insmod, rmmod and lsmod of Linux, with two differences: several files may be
// loaded as one set, so that they can need each other in a circle; and what is
// loaded may be moved while it is there.
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/open.h"
#include "smc/load/report.h"
#include "smc/load/words.h"

// The newest image of a file, broken or not. By the file and not by its name:
// NAME and NAME#1 are the same one.
static struct image *image_of_file(const struct module *file)
{
    struct image *image = image_first();

    while (image && image->file != file)
        image = image->next;
    return image;
}

// Loading twice is possible (the checks do it) but never what a user means.
// Takes the files out that are loaded; false if one of them is broken.
static bool leave_out_loaded(struct load_words *words)
{
    uint32_t left = 0;
    bool ok = true;

    for (uint32_t i = 0; i < words->count; i++) {
        const struct image *image = image_of_file(words->files[i]);
        if (!image) {
            words->files[left++] = words->files[i];
        } else if (image->broken) {
            kprintf("%s: its init or fini did not return; nothing uses it\n",
                    image->name);
            ok = false;
        } else {
            kprintf("%s is loaded already; see `modules`\n", image->name);
        }
    }
    words->count = left;
    return ok;
}

// Many, and what came with them, a line each. The time is what the user waits
// for, start functions included, and not what a bench would measure.
static void report_many(const struct image *before, uint64_t us)
{
    uint32_t count = 0, bytes = 0;

    report_heading();
    for (const struct image *image = image_first(); image && image != before;
         image = image->next) {
        report_line(image);
        count++;
        bytes += image->bytes;
    }
    kprintf("%u images, %u KiB, loaded in %llu us\n", count, bytes / 1024, us);
}

// What was loaded, and then all imports that nobody offers, so that none has
// to be found by calling it. New images are at the head of the list.
static void report_new(const struct image *image, const struct image *before,
                       uint32_t files, uint64_t us)
{
    const struct image *told = files == 1 ? image : NULL;

    if (told)
        report_image(image);
    else
        report_many(before, us);
    for (image = image_first(); image && image != before; image = image->next)
        if (image != told)
            report_refused(image);
}

static int load(const struct load_words *words)
{
    const struct image *before = image_first();
    uint64_t start = clock_us();
    struct load_error error;
    // The two differ in one thing: open_set also runs what the files bring.
    struct image *image = (words->start ? open_set : image_load_set)(
        words->files, words->count, &words->options, &error);

    if (!image)
        return report_error(&error);
    report_new(image, before, words->count, clock_us() - start);
    return 0;
}

static int run_load(int argc, char **argv)
{
    struct load_words words;
    int status;

    if (argc < 2)
        return command_usage("load");
    if (!words_read(&words, argc, argv))
        return 1;
    // Only options: nothing is named that could be loaded.
    if (words.count == 0) {
        words_free(&words);
        return command_usage("load");
    }
    // Nothing is loaded beside a broken file: the user has to know first.
    status = !leave_out_loaded(&words);
    if (words.count && !status)
        status = load(&words);
    words_free(&words);
    return status;
}

static uint32_t image_count(void)
{
    uint32_t count = 0;

    for (const struct image *i = image_first(); i; i = i->next)
        count++;
    return count;
}

// All that can go: not what is broken, nor what that uses, directly or not.
// The list has users before what they use, so that one pass is enough unless
// there are circles; the loop ends when a pass changes nothing.
static uint32_t all_that_can_go(struct image **set)
{
    uint32_t count = 0, left;

    for (struct image *image = image_first(); image; image = image->next)
        if (!image->broken)
            set[count++] = image;
    do {
        left = count;
        count = 0;
        for (uint32_t i = 0; i < left; i++)
            if (close_users(set[i], set, left) == 0)
                set[count++] = set[i];
    } while (count != left);
    return count;
}

// A name may be given twice; an image in the set twice would be freed twice.
static bool add_named(struct image **set, uint32_t *count, const char *name)
{
    struct image *image = report_find(name);

    for (uint32_t i = 0; image && i < *count; i++)
        if (set[i] == image)
            return true;
    if (image)
        set[(*count)++] = image;
    return image;
}

// The names as they were: they go with their images.
static int unload(struct image **set, uint32_t count)
{
    char(*names)[sizeof set[0]->name] = heap_zalloc(count, sizeof *names);
    struct load_error error;
    int status = 1;

    if (!names) {
        kprintf("no memory for %u names\n", count);
        return 1;
    }
    for (uint32_t i = 0; i < count; i++)
        strlcpy(names[i], set[i]->name, sizeof names[i]);
    if (close_set(set, count, &error)) {
        for (uint32_t i = 0; i < count; i++)
            kprintf("%s is gone\n", names[i]);
        status = 0;
    } else {
        report_error(&error);
    }
    heap_free(names);
    return status;
}

static int run_unload(int argc, char **argv)
{
    // A boot module that is called "all" is unloaded by "all#1".
    bool all = argc == 2 && strcmp(argv[1], "all") == 0, ok = true;
    struct image **set;
    uint32_t count = 0;
    int status = 0;

    if (argc < 2)
        return command_usage("unload");
    set = heap_zalloc(image_count() + 1, sizeof *set);
    if (all && set)
        count = all_that_can_go(set);
    for (int i = 1; !all && set && i < argc; i++)
        ok &= add_named(set, &count, argv[i]);
    if (!ok)
        status = 1;
    else if (count)
        status = unload(set, count);
    // Whoever asked for all of them wants to know why some are left.
    for (struct image *i = image_first(); all && i; i = i->next)
        kprintf("%s stays%s\n", i->name, i->broken ? ": it is broken" : "");
    heap_free(set);
    return status;
}

// With names in full, without them a line each: GRUB has 275.
static int run_modules(int argc, char **argv)
{
    bool found = true;

    for (int i = 1; i < argc; i++) {
        const struct image *image = report_find(argv[i]);
        found &= image != NULL;
        if (image)
            report_details(image);
    }
    if (argc > 1)
        return !found;
    if (image_first())
        report_heading();
    for (struct image *image = image_first(); image; image = image->next)
        report_line(image);
    if (!image_first())
        kprintf("no images; `ls` lists the files that `load` can try\n");
    return 0;
}

// Only now is the size known that a drawn place must have room for.
static uint32_t place_for(const struct image *image,
                          const struct load_options *options)
{
    uint32_t seed = options->seed;

    return options->seed ? arena_draw(image->size, &seed) : options->base;
}

static int run_rebase(int argc, char **argv)
{
    struct load_words words = {.start = true};
    struct load_error error;
    struct image *image;

    if (argc != 2 && argc != 3)
        return command_usage("rebase");
    if (argc == 3 && words_option(&words, argv[2]) != WORD_OPTION)
        return command_usage("rebase");
    image = report_find(argv[1]);
    if (!image)
        return 1;
    load_clear(&error, image->name);
    // An object's relocations went with its file; a DLL carries its own.
    if (!image->format->rebase)
        load_fail(&error, "%s images keep no list of what would change",
                  image->format->name);
    if (!image->format->rebase ||
        !image->format->rebase(image, place_for(image, &words.options),
                               &error))
        return report_error(&error);
    kprintf("%s is at 0x%08x now\n", image->name,
            (unsigned)(uintptr_t)image->base);
    return 0;
}

COMMAND(load, "FILE... [at= bind= init=]", "load boot modules as one set",
        run_load);
COMMAND(unload, "NAME...|all", "unload images that only use each other",
        run_unload);
COMMAND(modules, "[NAME...]", "the loaded images, or all about some",
        run_modules);
COMMAND(rebase, "NAME [at=ADDR|random]", "move a loaded image", run_rebase);
