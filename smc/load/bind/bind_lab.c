// SPDX-License-Identifier: MIT
// Lab `bind`: watch one call lose its detour, and get it back.
//
// Shown on a call in libz.so.1, if that file is there, else on the sample.
// Every address is read from memory when it is told.
#include "kernel/lab.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/load/bind/bind.h"
#include "smc/load/bind/bind_bench.h"
#include "smc/load/bind/bind_sample.h"
#include "smc/load/call.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

// A function whose only call by the PLT is to be watched, and its argument.
struct scene {
    const struct module *file;
    const char *function;
    const char *text;
    uint32_t size;
    struct image *image;
    uint8_t *site, *entry; // found in the bytes
    uint32_t slot;
};

static uint32_t call_it(const struct scene *scene)
{
    struct call call;

    if (call_symbol(&call, scene->image, scene->function, 3, 0, scene->text,
                    scene->size))
        return call.result;
    tell("%s", call.text);
    return 0;
}

// The first CALL in the function that leads to an entry, and which slot that
// is. Functions of this size have 64 bytes.
static bool find_site(struct scene *scene)
{
    const struct shared *shared = shared_of(scene->image);
    uint32_t at = image_symbol(scene->image, scene->function), jump;

    for (uint32_t end = at + 64; at < end; at++)
        for (uint32_t i = 0; i < bind_slots(shared); i++)
            if (*(uint8_t *)(uintptr_t)at == 0xe8 &&
                bind_in_code(scene->image, at, 5) &&
                bind_leads_to_entry(scene->image, at + 5,
                                    bind_slot_address(shared, i), &jump)) {
                scene->site = (uint8_t *)(uintptr_t)at;
                scene->entry = (uint8_t *)(uintptr_t)jump;
                scene->slot = bind_slot_address(shared, i);
                return true;
            }
    tell("%s calls nothing through the PLT.", scene->function);
    return false;
}

static void tell_slot(const struct scene *scene)
{
    uint32_t value = ((const struct word *)(uintptr_t)scene->slot)->value;
    char where[64];

    tell_bytes(
        "slot", (const void *)(uintptr_t)scene->slot, 4,
        symbol_format(where, sizeof where, (const void *)(uintptr_t)value));
}

static void show_before(const struct scene *scene)
{
    tell("%s was loaded with bind=direct. Its function %s calls",
         scene->image->name, scene->function);
    tell("another one through the procedure linkage table:");
    tell_code("before", scene->site, 5);
    tell("which jumps through a word of data, back to behind the jump:");
    tell_code("entry", scene->entry, 16);
    tell_slot(scene);
}

static void show_direct(const struct scene *scene)
{
    const struct journal_entry *entry;
    uint32_t bound = scene->image->bound;

    uint32_t answer = call_it(scene);

    tell("First call: %s returns %08x. The resolver has found",
         scene->function, answer);
    tell("the function, and rewritten the call that brought it here:");
    tell_code("after", scene->site, 5);
    tell_slot(scene);
    answer = call_it(scene);
    tell("Second call: %08x; %u binding in all. The journal has it:", answer,
         scene->image->bound - bound);
    entry = bind_live(scene->image, UINT32_MAX);
    if (entry)
        journal_print(entry);
}

static void show_undo(const struct scene *scene)
{
    const struct journal_entry *entry = bind_live(scene->image, UINT32_MAX);
    uint32_t bound = scene->image->bound, answer;

    if (!entry || text_undo(entry->number).reason != TEXT_OK)
        return;
    tell("Taken back, the call is lazy again: the slot has never changed.");
    tell_code("undone", scene->site, 5);
    answer = call_it(scene);
    tell("Third call: %08x; %u binding more.", answer,
         scene->image->bound - bound);
}

static void show_plt(const struct scene *scene)
{
    struct load_error error;

    if (!bind_set(scene->image, BINDING_PLT, &error)) {
        tell("%s", error.text);
        return;
    }
    tell(
        "The way of SPARC: bind=plt rewrites the entry, for all its callers.");
    tell_code("before", scene->entry, 6);
    call_it(scene);
    tell_code("after", scene->entry, 6);
    tell_code("site", scene->site, 5);
}

static void demo(void)
{
    const struct load_options options = {.binding = BINDING_DIRECT};
    struct scene scene = {.file = module_find("libz.so.1"),
                          .function = "crc32",
                          .text = "123456789",
                          .size = 9};
    struct load_error error;

    if (!scene.file) {
        tell("libz.so.1 is not among the boot modules. Debian has it in the");
        tell("package lib32z1; a small object made by hand stands in.");
        scene.file = &bind_sample;
        scene.function = "once";
    }
    scene.image = image_load_set(&scene.file, 1, &options, &error);
    if (!scene.image) {
        tell("%s", error.text);
        return;
    }
    if (find_site(&scene)) {
        show_before(&scene);
        show_direct(&scene);
        show_undo(&scene);
        show_plt(&scene);
    }
    if (image_unload(scene.image, &error))
        tell("What it bought, at the call site: a jump and a load less "
             "a call.");
}

LAB(bind, "a call's first use makes it direct: call site, slot or PLT entry",
    "smc/load/bind/bind.h", demo, bind_bench);
