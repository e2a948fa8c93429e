// SPDX-License-Identifier: MIT
// The judge of damaged files: for load_mutants.c, which makes them, and for
// fuzz_load.c, which is given them.
#include "tests-host/load_trial.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "smc/load/image.h"
#include "tests-host/host.h"
#include "tests-host/stand_in.h"

// The first thing wrong is told, with the words or the name it is about.
static void demand(bool ok, struct load_trial *trial, const char *what,
                   const char *about)
{
    if (!ok && !*trial->wrong)
        ksnprintf(trial->wrong, sizeof trial->wrong, "%s: '%s'", what, about);
}

static bool begins_with(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(text, name, length) == 0;
}

// "zlib1.dll: e_lfanew at offset 0x3c is 0xffffffff: ...": a file, words, and
// nothing that a terminal would act upon. The file may be one that is needed.
static void judge_words(struct load_trial *trial, const struct module *file,
                        const char *text)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0, plain = 0;
    bool named = begins_with(text, length, file->name);

    for (size_t i = 0; i < module_count(); i++)
        named |= begins_with(text, length, module_at(i)->name);
    demand(named, trial, "names no file", text);
    demand(colon && strlen(colon) > 12, trial, "hardly a reason", text);
    while (text[plain] >= ' ' && text[plain] <= '~')
        plain++;
    demand(!text[plain], trial, "not printable", text);
}

// Of an image that came of a damaged file nobody knows what it should be; but
// it must be whole.
static void judge_image(struct load_trial *trial, const struct image *image)
{
    uint32_t end = 0;

    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        demand(part->offset >= end && part->offset <= image->size &&
                   part->size <= image->size - part->offset,
               trial, "parts overlap", part->name);
        end = part->offset + part->size;
    }
    demand(image_of((uint32_t)(uintptr_t)image->base) == image, trial,
           "is not where it is", image->name);
}

static bool is_code(const uint8_t *at)
{
    struct page_info page;

    return paging_lookup(at, &page) && (page.rights & PAGE_EXEC);
}

// Of code that several images share, what nobody has is INT3.
static void judge_rest(struct load_trial *trial, const struct arena *whole)
{
    const uint8_t *at = whole->base;

    while (at < whole->base + whole->size && is_code(at)) {
        const struct image *image = image_of((uint32_t)(uintptr_t)at);
        demand(image || *at == 0xcc, trial, "old bytes are code", whole->name);
        at = image ? image->arena->base + image->arena->size : at + 1;
    }
}

static void judge_images(struct load_trial *trial)
{
    for (const struct image *i = image_first(); i; i = i->next) {
        judge_image(trial, i);
        if (i->arena->whole)
            judge_rest(trial, i->arena->whole);
    }
}

// An image that can be moved is moved, and is whole there, or stays where it
// was with words.
static void move(struct load_trial *trial, struct image *image,
                 const struct module *file)
{
    struct load_error error = {.text = ""};

    if (!image->format->rebase)
        return;
    trial->stayed = !image->format->rebase(image, 0, &error);
    if (trial->stayed)
        judge_words(trial, file, error.text);
    judge_image(trial, image);
}

// All at once: they may use each other in a circle.
static void unload_all(struct load_trial *trial)
{
    struct image *set[64];
    struct load_error error = {.text = ""};
    uint32_t count = 0;

    for (struct image *i = image_first(); i && count < 64; i = i->next)
        set[count++] = i;
    demand(image_unload_set(set, count, &error) && !image_first(), trial,
           "does not go", error.text);
}

void load_trial(const struct module *file, struct load_trial *trial)
{
    struct stand_in_use before = stand_in_use();
    struct load_error error;
    struct image *image = image_load_set(&file, 1, NULL, &error);

    *trial = (struct load_trial){.loaded = image};
    if (image) {
        judge_images(trial);
        move(trial, image, file);
    } else {
        judge_words(trial, file, error.text);
    }
    unload_all(trial);
    demand(stand_in_same(stand_in_use(), before), trial, "memory is left",
           image ? "loaded" : error.text);
}
