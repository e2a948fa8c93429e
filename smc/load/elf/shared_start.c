// SPDX-License-Identifier: MIT
// What a shared object runs when it comes and when it goes, and the functions
// that choose functions.
//
//   settle   IRELATIVE and STT_GNU_IFUNC: sin() has a variant for processors
//            with SSE2; a resolver looks and answers with an address
//   start    DT_INIT, then DT_INIT_ARRAY in order      (argc, argv, envp)
//   stop     DT_FINI_ARRAY backwards, then DT_FINI
//
// What an object needs is settled and started before it, circles aside.
// [ELF 2-19 "Initialization and Termination Functions"], [glibc dl-init.c]
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/elf/shared.h"
#include "smc/load/elf/shared_tls.h"

// Array entries that are none: 0, and -1, which old linkers put at the ends.
static bool is_function(uint32_t address)
{
    return address != 0 && address != 0xffffffff;
}

// Runs one function of the object.
static bool run(struct image *image, uint32_t address, const char *what,
                uint32_t *result, struct load_error *error)
{
    static const char *const none[] = {NULL};
    const char *const argv[] = {image->name, NULL};
    struct shared *shared = image->detail;
    struct call call = {.image = image, .entry = address, .argc = 3};

    call.args[0] = 1;
    call.args[1] = (uint32_t)(uintptr_t)argv;
    call.args[2] = (uint32_t)(uintptr_t)none;
    load_clear(error, image->name);
    if (!shared_is_code(shared, address - shared->delta))
        return load_fail(error, "%s: 0x%x is not in its code", what, address);
    if (!call_image(&call))
        return load_fail(error, "%s %s", what, call.text);
    if (result)
        *result = call.result;
    return true;
}

// Writes a word of the image. If it is in a page that was made read-only when
// all words were right, the page is writable for the length of the store: it
// is data, so that no code page ever is.
static bool write_word(struct image *image, uint32_t offset, uint32_t value)
{
    struct shared *shared = image->detail;
    uint32_t low = PAGE_ALIGN_DOWN(offset), high = PAGE_ALIGN_UP(offset + 4);
    bool fixed;

    // Only what is RELRO: a word may lie across its end.
    if (low < shared->relro_low)
        low = shared->relro_low;
    if (high > shared->relro_high)
        high = shared->relro_high;
    fixed = low < high;
    if (fixed &&
        !arena_make_data(image->arena, image->base + low, high - low, true))
        return false;
    ((struct word *)(image->base + offset))->value = value;
    return !fixed ||
           arena_make_data(image->arena, image->base + low, high - low, false);
}

static bool settle_one(struct image *image,
                       const struct shared_pending *pending,
                       struct load_error *error)
{
    struct image *owner = image_of(pending->resolver);
    uint32_t address;

    if (!owner || !shared_of(owner))
        return load_fail(error, "a resolver at 0x%x is in no object",
                         pending->resolver);
    if (!run(owner, pending->resolver, "a resolver", &address, error))
        return false;
    if (pending->kind == PENDING_EXPORT) {
        image->export[pending->at].address = address;
        return true;
    }
    return write_word(image, pending->at, address) ||
           load_fail(error, "the word at 0x%x of the image cannot be written",
                     pending->at);
}

// Those that it needs come first: their resolvers may be asked for it. The
// mark comes before the walk, so that a circle ends.
static bool settle(struct image *image, struct load_error *error)
{
    struct shared *shared = shared_of(image);

    if (!shared || shared->settled)
        return true;
    shared->settled = true;
    for (uint32_t i = 0; i < image->uses_count; i++)
        if (!settle(image->uses[i], error))
            return false;
    shared_fill_tls(shared);
    for (uint32_t i = 0; i < shared->pendings; i++)
        if (!settle_one(image, &shared->pending[i], error))
            return false;
    return true;
}

static uint32_t entry_of(const struct shared_table *array, uint32_t index)
{
    return ((const struct word *)array->at)[index].value;
}

bool shared_start(struct image *image, struct load_error *error)
{
    struct shared *shared = image->detail;
    const struct shared_table *array = &shared->init_array;

    if (!settle(image, error))
        return false;
    if (shared->init && !run(image, shared->init, "DT_INIT", NULL, error))
        return false;
    for (uint32_t i = 0; i < array->size / 4; i++)
        if (is_function(entry_of(array, i)) &&
            !run(image, entry_of(array, i), "DT_INIT_ARRAY", NULL, error))
            return false;
    return true;
}

bool shared_stop(struct image *image, struct load_error *error)
{
    struct shared *shared = image->detail;
    const struct shared_table *array = &shared->fini_array;

    for (uint32_t i = array->size / 4; i-- > 0;)
        if (is_function(entry_of(array, i)) &&
            !run(image, entry_of(array, i), "DT_FINI_ARRAY", NULL, error))
            return false;
    return !shared->fini || run(image, shared->fini, "DT_FINI", NULL, error);
}
