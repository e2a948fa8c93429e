// SPDX-License-Identifier: MIT
// Moving an image that is in use to another base.
//
// Nobody else does this: Windows moves an image before it runs and never
// again. But all that is needed is still there, since .reloc is a part of the
// image. The words that it names are moved once more, from where they are:
//
//        old arena            the staging buffer         new arena
//   +------------------+     +------------------+     +----------------+
//   | .text  moved     |     | .text  moved     | one | .text          |
//   | .data  as it was | --> |  again           |write| .data          |
//   |        left      |     | .data  moved if  | --> |                |
//   | IAT, stubs       |     |  it points there |     | IAT, stubs     |
//   +------------------+     +------------------+     +----------------+
//     freed at the end                                  never rwx
//
// What the loader put in itself is done by hand: slots of the IAT that lead
// to a stub of this image, the stubs' calls, the addresses of the exports.
//
// Addresses that the code has stored anywhere else cannot be known: those in
// blocks of the heap, or in .bss. So a DLL is told to leave before it is moved
// and to come again afterwards, through DllMain: what it holds in between is
// nothing that it has to find.
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/pe/pe.h"

// Where an image lies, and what changes when it goes elsewhere.
struct place {
    struct arena *arena;
    uint8_t *base;
    uint32_t relocations[IMAGE_RELOC_TYPES];
};

static uint32_t base_of(const uint8_t *base)
{
    return (uint32_t)(uintptr_t)base;
}

static struct place place_of(const struct image *image)
{
    struct place place = {.arena = image->arena, .base = image->base};

    memcpy(place.relocations, image->relocations, sizeof place.relocations);
    return place;
}

static void put_back(struct image *image, const struct place *old)
{
    if (image->arena != old->arena)
        arena_destroy(image->arena);
    image->arena = old->arena;
    image->base = old->base;
    memcpy(image->relocations, old->relocations, sizeof old->relocations);
}

// An address in the image before the move is the same place after it. The
// end counts: it is what a pointer behind the last object holds.
static uint32_t follow(const struct image *image, const struct place *old,
                       uint32_t address)
{
    uint32_t offset = address - base_of(old->base);

    return offset <= image->size ? base_of(image->base) + offset : address;
}

// The slots are read where the image still is: relocating may have changed
// those of delayed imports in the stage, which are words of the table, too.
static void move_slots(struct image *image, const struct place *old)
{
    const struct pe_detail *detail = image->detail;

    for (uint32_t i = 0; i < detail->slots; i++) {
        const struct word *slot = (const void *)(old->base + detail->slot[i]);
        build_put(image, detail->slot[i], follow(image, old, slot->value));
    }
}

// Gaps between parts stay what they are in the new arena: INT3.
static bool copy_parts(struct loading *in)
{
    struct image *image = in->image;

    if (!build_stage(in, image->size))
        return false;
    for (uint32_t i = 0; i < image->parts; i++)
        memcpy(image->stage + image->part[i].offset,
               image->base + image->part[i].offset, image->part[i].size);
    return true;
}

// The thread's copy of its variables is made anew, as for a thread that comes:
// the old one holds addresses, and nobody knows where.
static bool commit(struct pe *pe)
{
    struct pe_detail old = *pe->detail;

    if (!pe_add_tls(pe))
        return false;
    if (!build_commit(pe->in)) {
        pe_drop_tls(pe->detail);
        pe->detail->tls_index = old.tls_index;
        return false;
    }
    pe_drop_tls(&old);
    return true;
}

static bool relocate(struct loading *in, const struct place *old)
{
    struct image *image = in->image;
    struct pe_detail *detail = image->detail;
    struct pe pe = {.image = image,
                    .error = in->error,
                    .in = in,
                    .header = &detail->header,
                    .detail = detail};

    in->work = &pe;
    memset(image->relocations, 0, sizeof image->relocations);
    image->arena = NULL;
    image->base = NULL;
    if (!build_place(in, image->size) ||
        !pe_relocate(&pe, base_of(old->base), true))
        return false;
    move_slots(image, old);
    resolve_move_stubs(image);
    return commit(&pe);
}

static bool move(struct image *image, uint32_t base, struct load_error *error)
{
    static const struct load_options options;
    struct loading in = {
        .image = image, .error = error, .options = &options, .base = base};
    struct place old = place_of(image);
    bool ok = copy_parts(&in) && relocate(&in, &old);

    heap_free(in.claimed);
    heap_free(image->stage);
    image->stage = NULL;
    if (!ok) {
        put_back(image, &old);
        return false;
    }
    for (uint32_t i = 0; i < image->exports; i++)
        image->export[i].address = follow(image, &old,
                                          image->export[i].address);
    arena_destroy(old.arena);
    return true;
}

// A failure leaves the image where it was, started again if it was started.
bool pe_rebase(struct image *image, uint32_t base, struct load_error *error)
{
    bool started = image->started, ok;

    load_clear(error, image->name);
    if (image->users)
        return load_fail(error, "%u loaded image%s its address", image->users,
                         image->users == 1 ? " holds" : "s hold");
    if (image->broken)
        return load_fail(error, "its DllMain did not return: it stays");
    if (started && !pe_stop(image, error))
        return false;
    ok = move(image, base, error);
    if (started) {
        image->started = pe_start(image, error);
        image->broken = !image->started;
    }
    return ok && !image->broken;
}
