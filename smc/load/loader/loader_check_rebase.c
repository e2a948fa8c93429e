// SPDX-License-Identifier: MIT
// Checks of moving an image that has been used: it must work as before, with
// every word where it belongs and nothing left behind.
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/load/loader/loader_check.h"
#include "smc/load/loader/zip.h"
#include "smc/load/pe/pe.h"

#define MOVES 3

// Something of everything: a table by address, the heap, imports. Stubs are
// moved in tests-qemu/test_pe_rebase.py.
static bool works(struct image *image)
{
    const struct module *file = module_find("zlib1.dll");
    struct load_error error;
    struct zip zip;

    return zlib_agree(image, image) &&
           zip_round_trip(image, file->data, 20000, &zip, &error) &&
           zip.identical &&
           image_of((uint32_t)(uintptr_t)image->base) == image;
}

// The same places at every run, as arena_draw promises.
static bool move(struct image *image, uint32_t *seed, char *way, size_t size)
{
    uint32_t base = (uint32_t)arena_draw(image->size, seed), listed;
    struct load_error error;
    size_t len = strlen(way);

    if (!pe_format.rebase(image, base, &error)) {
        judged("%s", error.text);
        return false;
    }
    ksnprintf(way + len, size - len, " 0x%08x", base);
    return (uint32_t)(uintptr_t)image->base == base && works(image) &&
           zlib_words_right(image, &listed) == listed &&
           image->relocations[PE_REL_HIGHLOW] == listed;
}

enum check_result check_rebase(void)
{
    struct memory_mark before = memory_mark();
    enum check_result result;
    struct image *image = zlib_load(&result);
    uint32_t seed = 1, moved = 0;
    char way[60] = "";

    if (!image)
        return result;
    if (works(image))
        while (moved < MOVES && move(image, &seed, way, sizeof way))
            moved++;
    result = zlib_verdict(image, moved == MOVES);
    if (moved == MOVES)
        judged("at%s: used, every word right, memory %s", way,
               memory_same(before, memory_mark()) ? "as before" : "LEAKED");
    return memory_same(before, memory_mark()) ? result : CHECK_FAIL;
}

// Where it cannot go, and when it may not: it stays where it was, and works.
enum check_result check_rebase_refused(void)
{
    enum check_result result;
    struct image *image = zlib_load(&result);
    struct load_error odd, kernel, used;
    uint8_t *base = image ? image->base : NULL;
    bool refused;

    if (!image)
        return result;
    refused = !pe_format.rebase(image, 0x10000800, &odd) &&
              !pe_format.rebase(
                  image, (uint32_t)(uintptr_t)check_rebase & ~0xfffu, &kernel);
    image->users++;
    refused = refused && !pe_format.rebase(image, 0, &used);
    image->users--;
    judged("%s; %s; %s", odd.text, kernel.text, used.text);
    return zlib_verdict(image, refused && image->base == base &&
                                   works(image) &&
                                   check_says(used.text, "holds its address"));
}
