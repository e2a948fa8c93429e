// SPDX-License-Identifier: MIT
// One mutant after the other, all in one machine: what the first has left
// behind, the others would meet.
//
//   mutate --> load --> unload --> put back --> look:
//     fences, canaries, the copy, pages and blocks in use, the text's hash
//
// The image itself goes to a drawn place below the kernel, where nothing is
// mapped before it and behind it: a store past its end is a fault.
#include "smc/load/fuzz/fuzz.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/door/text.h"
#include "smc/load/fuzz/mutate.h"
#include "smc/load/fuzz/watchdog.h"
#include "smc/load/image.h"
#include "smc/patch/alternative/block.h"

// Two MiB: room for the stage, the tables and the arena of real files. What
// needs more is allocated behind the upper fence.
#define HOLE_PAGES 512u
// Twenty seconds. The slowest mutants, of 32 MiB, take less than one.
#define TICKS 2000u

static void note_memory(struct fuzz *fuzz)
{
    struct heap_stats heap = heap_stats();

    fuzz->pages = page_stats().used;
    fuzz->blocks = heap.blocks;
    fuzz->bytes = heap.bytes;
}

bool fuzz_begin(struct fuzz *fuzz, const struct module *file)
{
    *fuzz = (struct fuzz){.file = file, .attempt = fuzz_load, .ticks = TICKS};
    if (file->size < 8)
        return false;
    fuzz->copy = heap_alloc(file->size);
    if (!fuzz->copy || !cage_make(&fuzz->cage, HOLE_PAGES)) {
        heap_free(fuzz->copy);
        return false;
    }
    block_copy(fuzz->copy, file->data, file->size);
    fuzz->damaged = (struct module){.name = file->name,
                                    .cmdline = file->name,
                                    .data = fuzz->copy,
                                    .size = file->size};
    fuzz->text = text_hash();
    note_memory(fuzz);
    return true;
}

void fuzz_end(struct fuzz *fuzz)
{
    cage_free(&fuzz->cage);
    heap_free(fuzz->copy);
}

// The images that are newer than `before`, as a set: they may use each other
// in a circle.
static bool unload_newer(const struct image *before, struct load_error *error)
{
    uint32_t count = 0;
    struct image **set, *image;
    bool ok;

    for (image = image_first(); image != before; image = image->next)
        count++;
    set = heap_zalloc(count, sizeof *set);
    if (!set)
        return false;
    count = 0;
    for (image = image_first(); image != before; image = image->next)
        set[count++] = image;
    ok = image_unload_set(set, count, error);
    heap_free(set);
    return ok;
}

void fuzz_load(void *arg)
{
    struct fuzz *fuzz = arg;
    const struct module *file = &fuzz->damaged;
    const struct load_options options = {.seed = fuzz->row.mutants};
    const struct image *before = image_first();
    struct load_error error;

    if (image_load_set(&file, 1, &options, &error)) {
        fuzz->row.loaded++;
        // What stays is a leak, and counted as such.
        unload_newer(before, &error);
        return;
    }
    fuzz->row.refused++;
    // Words are more than the file's name.
    fuzz->row.mute += strlen(error.text) < strlen(file->name) + 10;
}

// Each leak is counted once: what is lost now is the state to start from.
static uint32_t leaked(struct fuzz *fuzz)
{
    struct fuzz was = *fuzz;

    note_memory(fuzz);
    if (fuzz->pages != was.pages)
        return fuzz->pages > was.pages ? fuzz->pages - was.pages
                                       : was.pages - fuzz->pages;
    // A block that is lost in a page that others use is a page to come.
    return fuzz->blocks != was.blocks || fuzz->bytes != was.bytes;
}

static uint32_t strays(struct fuzz *fuzz)
{
    uint32_t changed = cage_strays(&fuzz->cage);

    if (memcmp(fuzz->copy, fuzz->file->data, fuzz->file->size) != 0) {
        block_copy(fuzz->copy, fuzz->file->data, fuzz->file->size);
        changed++;
    }
    return changed;
}

static void look(struct fuzz *fuzz, uint32_t seed)
{
    uint32_t stray = strays(fuzz), leak = leaked(fuzz);
    uint64_t text = text_hash();

    fuzz->row.strays += stray;
    fuzz->row.leaks += leak;
    fuzz->row.hash += text != fuzz->text;
    if (!fuzz->quiet && (stray || leak || text != fuzz->text))
        kprintf("seed 0x%x: %u stray words, %u pages leaked, text %s\n", seed,
                stray, leak, text == fuzz->text ? "as before" : "CHANGED");
    fuzz->text = text;
}

void fuzz_one(struct fuzz *fuzz, uint32_t seed)
{
    struct mutation mutation;
    char words[120];
    enum outcome outcome;

    fuzz->row.mutants++;
    mutate(fuzz->copy, fuzz->file->size, seed, &mutation);
    fuzz->damaged.size = mutation.size;
    outcome = watchdog_run(fuzz->attempt, fuzz, fuzz->ticks, words,
                           sizeof words);
    mutate_undo(fuzz->copy, &mutation);
    fuzz->row.crashed += outcome == OUTCOME_CRASHED;
    fuzz->row.hung += outcome == OUTCOME_HUNG;
    if (!fuzz->quiet && outcome != OUTCOME_RETURNED)
        kprintf("seed 0x%x: %s\n", seed, words);
    look(fuzz, seed);
}

bool fuzz_clean(const struct fuzz_row *row)
{
    return !row->crashed && !row->hung && !row->mute && !row->strays &&
           !row->leaks && !row->hash;
}
