// SPDX-License-Identifier: MIT
// `bind`: what of a shared object is bound, and in which bytes.
#include "kernel/command.h"
#include "kernel/heap.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/load/bind/bind.h"
#include "smc/load/report.h"

static uint32_t slot_value(const struct shared *shared, uint32_t index)
{
    const struct word *slot = (const void *)(uintptr_t)bind_slot_address(
        shared, index);

    return slot->value;
}

// A slot is lazy as long as it leads back into the image's own stubs.
static bool is_bound(const struct shared *shared, uint32_t index,
                     const uint32_t *stubs)
{
    return slot_value(shared, index) != stubs[index];
}

static void print_slot(const struct shared *shared, uint32_t index)
{
    uint32_t slot = bind_slot_address(shared, index);
    uint32_t target = slot_value(shared, index);
    const struct bind_refusal *refusal = bind_refusal_of(shared->image, slot);
    char where[80], why[120];

    kprintf(
        "  slot  0x%08x  %-16s -> %s\n", slot, bind_slot_name(shared, index),
        symbol_format(where, sizeof where, (const void *)(uintptr_t)target));
    if (refusal && shared->binding != BINDING_LAZY &&
        shared->binding != BINDING_NOW)
        kprintf("        %s\n", bind_explain(why, sizeof why, refusal));
}

static void print_patch(const struct shared *shared,
                        const struct journal_entry *entry)
{
    uint32_t site = (uint32_t)(uintptr_t)entry->site, distance;
    uint32_t index = bind_slot_of(shared, entry);
    char where[80];

    memcpy(&distance, entry->new + 1, sizeof distance);
    kprintf("  %s  0x%08x  %-16s -> %s, #%u\n",
            entry->old[0] == 0xe8 ? "call" : "plt ", site,
            index < bind_slots(shared) ? bind_slot_name(shared, index) : "?",
            symbol_format(where, sizeof where,
                          (const void *)(uintptr_t)(site + 5 + distance)),
            entry->number);
}

static void print_all(const struct shared *shared, const uint32_t *stubs)
{
    const struct image *image = shared->image;
    const struct journal_entry *entry;
    uint32_t slots = 0, bound = 0;

    for (uint32_t i = 0; i < bind_slots(shared); i++) {
        slots += bind_has_slot(shared, i);
        bound += bind_has_slot(shared, i) && is_bound(shared, i, stubs);
    }
    kprintf("%s: %s; slots: %u of %u bound; patches: %u\n", image->name,
            bind_mode_name(shared->binding), bound, slots, bind_count(image));
    for (uint32_t i = 0; i < bind_slots(shared); i++)
        if (bind_has_slot(shared, i) && is_bound(shared, i, stubs))
            print_slot(shared, i);
    for (entry = bind_live(image, UINT32_MAX); entry;
         entry = bind_live(image, entry->number))
        print_patch(shared, entry);
}

static int show(struct image *image)
{
    const struct shared *shared = shared_of(image);
    struct load_error error;
    uint32_t *stubs;

    load_clear(&error, image->name);
    if (!shared || !shared->jmprel.size) {
        load_fail(&error, "no calls of it go through a PLT");
        return report_error(&error);
    }
    stubs = heap_zalloc(bind_slots(shared), sizeof *stubs);
    if (!stubs) {
        load_fail(&error, "no memory for %u slots", bind_slots(shared));
        return report_error(&error);
    }
    bind_find_stubs(shared, stubs);
    print_all(shared, stubs);
    heap_free(stubs);
    return 0;
}

static int change(struct image *image, const char *mode)
{
    struct load_error error;

    for (unsigned i = BINDING_LAZY; i <= BINDING_PLT; i++)
        if (strcmp(mode, bind_mode_name((enum binding)i)) == 0)
            return bind_set(image, (enum binding)i, &error)
                       ? show(image)
                       : report_error(&error);
    kprintf("%s: lazy, now, direct or plt\n", mode);
    return 1;
}

static int run_bind(int argc, char **argv)
{
    struct image *image;

    if (argc != 2 && argc != 3)
        return command_usage("bind");
    image = report_find(argv[1]);
    if (!image)
        return 1;
    return argc == 3 ? change(image, argv[2]) : show(image);
}

COMMAND(bind, "NAME [lazy|now|direct|plt]",
        "how an object's calls are bound, or other", run_bind);
