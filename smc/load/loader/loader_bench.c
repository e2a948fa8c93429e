// SPDX-License-Identifier: MIT
// What relocation costs: against not needing it, and against patching the
// code word by word. And what a bound call costs through the IAT.
#include "smc/load/loader/loader_bench.h"
#include "kernel/bench.h"
#include "kernel/heap.h"
#include "kernel/module.h"
#include "kernel/pages.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/load/image.h"
#include "smc/load/loader/walk.h"
#include "smc/load/pe/pe_format.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

// Unloading is in all rows alike, and so drops out of every difference.
static void load_once(void *arg)
{
    struct load_error error;
    struct image *image = image_load(arg, &error);

    if (image)
        image_unload(image, &error);
}

// What a loader does that has no stage: the word is fixed where it lies.
static void write_word(const struct walk_word *word, void *arg)
{
    struct image *image = arg;
    uint8_t *at = image->base + word->rva;
    uint32_t value = word->value + ADDRESS(image->base) - image->preferred;

    if (word->code)
        text_write(at, &word->value, &value, sizeof value, "bench");
    else
        memcpy(at, &value, sizeof value);
}

// Relocating in place writes to read-only data as well: those pages must be
// writable for as long as it takes.
static void open_data(const struct image *image, bool writable)
{
    for (uint32_t i = 0; i < image->parts; i++) {
        const struct image_part *part = &image->part[i];
        if (part->kind == PART_READ_ONLY)
            arena_make_data(image->arena, image->base + part->offset,
                            PAGE_ALIGN_UP(part->size), writable);
    }
}

static void load_in_place(void *arg)
{
    struct load_error error;
    struct image *image = image_load(arg, &error);

    if (!image)
        return;
    // It was loaded from the copy without a table, so that its words are
    // still those of the file, as the door expects them.
    open_data(image, true);
    walk_relocations(module_find("zlib1.dll"), write_word, image);
    open_data(image, false);
    image_unload(image, &error);
}

// A copy of the file without thread-local storage, whose directory holds
// addresses: unrelocated they would be refused. Without its relocation table
// as well, loading it costs what loading at the preferred base costs. No copy
// is ever run.
static bool make_copy(const struct module *file, bool table,
                      struct module *copy)
{
    const struct pe_header *header = walk_header(file);
    uint8_t *data = heap_alloc(file->size);
    uint8_t *directory = data + ((const uint8_t *)header->Directory -
                                 (const uint8_t *)file->data);
    struct load_error error;
    struct image *image;

    *copy = *file;
    copy->data = data;
    if (!data)
        return false;
    memcpy(data, file->data, file->size);
    memset(directory + DIR_TLS * sizeof(struct pe_directory), 0,
           sizeof(struct pe_directory));
    if (!table)
        memset(directory + DIR_RELOC * sizeof(struct pe_directory), 0,
               sizeof(struct pe_directory));
    // A refusal would be timed like a load.
    image = image_load(copy, &error);
    if (!image)
        kprintf("bench loader: %s\n", error.text);
    return image && image_unload(image, &error);
}

// The first row is the way that modifies nothing. It cannot be had for two
// DLLs that were linked for the same address.
static void bench_copies(struct module *bare, struct module *whole)
{
    uint32_t table = walk_header(whole)->Directory[DIR_RELOC].Size;
    const struct bench_way ways[] = {
        {"at the preferred base: none", NULL, load_once, bare, 0},
        {"in the stage, one door write", NULL, load_once, whole, table},
        {"in place, a door write per word", NULL, load_in_place, bare, table},
    };

    bench_begin("loader", "loading and unloading zlib1.dll, 786 words");
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        // Exact counts do not get better by repeating.
        bench_way(&ways[i], 4);
    bench_end("the difference to the first row is the price of choosing the "
              "address; `bytes` is the table that it needs");
}

static void bench_loading(const struct module *file)
{
    struct module bare, whole;
    bool made = make_copy(file, false, &bare);

    if (make_copy(file, true, &whole) && made)
        bench_copies(&bare, &whole);
    heap_free((void *)bare.data);
    heap_free((void *)whole.data);
}

// Two callers and a callee in a small arena, the IAT slot on a data page.
struct caller {
    struct arena *arena;
    uint8_t *via_slot, *direct, *callee;
    uint32_t *slot;
};

static void call_via_slot(void *arg)
{
    struct caller *caller = arg;

    ((void (*)(void))(uintptr_t)caller->via_slot)();
}

static void call_direct(void *arg)
{
    struct caller *caller = arg;

    ((void (*)(void))(uintptr_t)caller->direct)();
}

static void bind_slot(void *arg)
{
    struct caller *caller = arg;

    *caller->slot = ADDRESS(caller->callee);
}

// The direct call is bound by writing its displacement: code is changed.
static void bind_direct(void *arg)
{
    struct caller *caller = arg;
    uint8_t bound[5] = {0xe8};
    uint32_t displacement = ADDRESS(caller->callee - caller->direct - 5);

    memcpy(bound + 1, &displacement, sizeof displacement);
    text_write(caller->direct, caller->direct, bound, sizeof bound, "bench");
}

//   base +  0  ff 15 slot    call *slot     via_slot
//        +  6  c3            ret
//        + 16  e8 rel32      call callee    direct
//        + 21  c3            ret
//        + 32  c3            ret            callee
//   base + 4096              slot, a data page
static bool make_callers(struct caller *caller)
{
    uint8_t code[64];
    uint32_t slot;

    caller->arena = arena_create("call bench", 2 * PAGE_SIZE);
    if (!caller->arena)
        return false;
    caller->via_slot = arena_reserve(caller->arena, sizeof code, 16);
    caller->direct = caller->via_slot + 16;
    caller->callee = caller->via_slot + 32;
    caller->slot = (uint32_t *)(void *)(caller->arena->base + PAGE_SIZE);
    slot = ADDRESS(caller->slot);
    memset(code, 0x90, sizeof code);
    memcpy(code, "\xff\x15....\xc3", 7); // call *slot; ret
    memcpy(code + 2, &slot, sizeof slot);
    memcpy(code + 16, "\xe8\xfc\xff\xff\xff\xc3", 6); // call ?; ret
    code[32] = 0xc3;                                  // ret
    return arena_make_data(caller->arena, caller->slot, PAGE_SIZE, true) &&
           arena_write(caller->arena, caller->via_slot, code, sizeof code,
                       "bench")
                   .reason == TEXT_OK;
}

static void bench_calling(void)
{
    struct caller caller;

    if (make_callers(&caller)) {
        const struct bench_way ways[] = {
            {"call *slot, bound as data", bind_slot, call_via_slot, &caller,
             10},
            {"call function, bound as code", bind_direct, call_direct, &caller,
             5},
        };
        bench_begin("loader", "one call of a bound import");
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
            bench_way(&ways[i], 10000);
        bench_end("the same instructions: binding in code saves 5 bytes and "
                  "a load per call, and costs a door write per call site");
    }
    arena_destroy(caller.arena);
}

void loader_bench(void)
{
    const struct module *file = module_find("zlib1.dll");

    if (file)
        bench_loading(file);
    else
        kprintf("bench loader: zlib1.dll is not among the boot modules; only "
                "calls are measured\n");
    bench_calling();
    loader_bench_set();
}
