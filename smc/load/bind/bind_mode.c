// SPDX-License-Identifier: MIT
// What of an image is bound, and how to begin anew in another mode.
//
//   journal   #40 bind  e8 .. -> e8 ..      live, in this image: taken back
//   GOT       | slot | slot | slot |        to the stubs, or to the functions
//
// Targets never outlive their owners: a function is only found in objects that
// this one needs, directly or not, and those stay as long as it does.
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/bind/bind.h"

uint32_t bind_slots(const struct shared *shared)
{
    return shared->jmprel.size / sizeof(struct elf_rel);
}

static const struct elf_rel *rel_at(const struct shared *shared,
                                    uint32_t index)
{
    return (const struct elf_rel *)(const void *)shared->jmprel.at + index;
}

// Lazily bound are only words that stay writable; the others are bound while
// loading, in every mode.
bool bind_has_slot(const struct shared *shared, uint32_t index)
{
    const struct elf_rel *rel = rel_at(shared, index);
    uint32_t offset = rel->r_offset - shared->low;
    const struct shared_segment *segment = shared_segment(shared, offset, 4);

    return (uint8_t)rel->r_info == R_386_JMP_SLOT && segment &&
           (segment->flags & PF_WRITE) &&
           (offset + 4 <= shared->relro_low || offset >= shared->relro_high);
}

uint32_t bind_slot_address(const struct shared *shared, uint32_t index)
{
    return rel_at(shared, index)->r_offset + shared->delta;
}

const char *bind_slot_name(const struct shared *shared, uint32_t index)
{
    const struct elf_symbol *symbol = shared_symbol(
        shared, rel_at(shared, index)->r_info >> 8);
    const char *name = symbol ? shared_string(shared, symbol->st_name) : NULL;

    return name ? name : "?";
}

// The bytes before the patch lead to the slot: a jump names it, a call leads
// to the jump.
uint32_t bind_slot_of(const struct shared *shared,
                      const struct journal_entry *entry)
{
    const struct image *image = shared->image;
    uint32_t site = (uint32_t)(uintptr_t)entry->site, operand, jump, i = 0;
    uint32_t count = bind_slots(shared);

    if (entry->old[0] == 0xe8) {
        memcpy(&operand, entry->old + 1, sizeof operand);
        while (i < count &&
               !bind_is_entry(image, site + 5 + operand,
                              bind_slot_address(shared, i), &jump))
            i++;
        return i;
    }
    memcpy(&operand, entry->old + 2, sizeof operand);
    operand += (uint32_t)(uintptr_t)image->base + shared->pltgot;
    while (i < count && bind_slot_address(shared, i) != operand)
        i++;
    return i;
}

static bool is_ours(const struct journal_entry *entry,
                    const struct image *image)
{
    return entry->kind == JOURNAL_PATCH && entry->state == JOURNAL_LIVE &&
           strcmp(entry->technique, BIND_TECHNIQUE) == 0 &&
           (!image || (size_t)(entry->site - image->base) < image->size);
}

const struct journal_entry *bind_live(const struct image *image,
                                      uint32_t before)
{
    for (uint32_t i = journal_count(); i-- > 0;)
        if (journal_at(i)->number < before && is_ours(journal_at(i), image))
            return journal_at(i);
    return NULL;
}

uint32_t bind_count(const struct image *image)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < journal_count(); i++)
        count += is_ours(journal_at(i), image);
    return count;
}

// What a slot will hold, 0 to leave it. An indirect function stays lazy: only
// its resolver knows, and that runs within a call.
static bool choose(const struct shared *shared, uint32_t index, uint32_t stub,
                   enum binding binding, uint32_t *value,
                   struct load_error *error)
{
    struct shared_found found;

    *value = 0;
    if (!bind_has_slot(shared, index))
        return true;
    if (!stub)
        return load_fail(error, "no stub of its PLT pushes 0x%x, for %s",
                         index * (uint32_t)sizeof(struct elf_rel),
                         bind_slot_name(shared, index));
    *value = stub;
    if (binding != BINDING_NOW)
        return true;
    shared_find(shared, rel_at(shared, index)->r_info >> 8, &found);
    if (found.kind == SHARED_MISSING || found.kind == SHARED_TLS)
        load_missing(error, bind_slot_name(shared, index));
    else if (found.kind == SHARED_ADDRESS)
        *value = found.value;
    return true;
}

// From stubs to what the slots will hold.
static bool choose_all(const struct shared *shared, enum binding binding,
                       uint32_t *values, struct load_error *error)
{
    bind_find_stubs(shared, values);
    for (uint32_t i = 0; i < bind_slots(shared); i++)
        if (!choose(shared, i, values[i], binding, &values[i], error))
            return false;
    return !load_missed(error);
}

// Newest first, as the door demands.
static bool undo_all(const struct image *image, struct load_error *error)
{
    const struct journal_entry *entry;
    struct text_result result;
    char why[120];

    while ((entry = bind_live(image, UINT32_MAX)) != NULL) {
        result = text_undo(entry->number);
        if (result.reason != TEXT_OK)
            return load_fail(error, "a patch stays: %s",
                             text_explain(why, sizeof why, &result));
    }
    return true;
}

static struct word *word_at(uint32_t address)
{
    return (struct word *)(uintptr_t)address;
}

// The words for the resolver: an image that was loaded with all its slots has
// none. They are mostly in RELRO, which is data that is read-only by now; its
// pages are writable for the length of two stores.
static bool store_head(const struct shared *shared, struct load_error *error)
{
    struct image *image = shared->image;
    struct word *head = word_at((uint32_t)(uintptr_t)image->base +
                                shared->pltgot + 4);
    uint32_t low = PAGE_ALIGN_DOWN(shared->pltgot + 4);
    uint32_t high = PAGE_ALIGN_UP(shared->pltgot + 12);

    if (head[1].value == (uint32_t)(uintptr_t)shared_lazy_entry)
        return true;
    if (low < shared->relro_low)
        low = shared->relro_low;
    if (high > shared->relro_high)
        high = shared->relro_high;
    if (low < high &&
        !arena_make_data(image->arena, image->base + low, high - low, true))
        return load_fail(error, "the head of its GOT cannot be written");
    head[0].value = (uint32_t)(uintptr_t)image;
    head[1].value = (uint32_t)(uintptr_t)shared_lazy_entry;
    return low >= high ||
           arena_make_data(image->arena, image->base + low, high - low, false);
}

static void store(struct shared *shared, enum binding binding,
                  const uint32_t *values)
{
    for (uint32_t i = 0; i < bind_slots(shared); i++)
        if (values[i])
            word_at(bind_slot_address(shared, i))->value = values[i];
    shared->binding = binding;
    shared->lazy = binding != BINDING_NOW;
}

// With `ld -z now` all slots become read-only.
static bool may_change(const struct shared *shared, struct load_error *error)
{
    uint32_t slots = 0;

    if (shared->image->broken)
        return load_fail(error, "it is broken");
    if (!shared->jmprel.size || !shared->pltgot)
        return load_fail(error, "it has no PLT whose calls could be bound");
    for (uint32_t i = 0; i < bind_slots(shared); i++)
        slots += bind_has_slot(shared, i);
    return slots || load_fail(error, "its slots are read-only: it was linked "
                                     "to be bound while loading");
}

bool bind_set(struct image *image, enum binding binding,
              struct load_error *error)
{
    struct shared *shared = shared_of(image);
    uint32_t *values;
    bool ok;

    load_clear(error, image->name);
    if (!shared)
        return load_fail(error, "%s images are not called through a PLT",
                         image->format->name);
    if (!may_change(shared, error))
        return false;
    values = heap_zalloc(bind_slots(shared), sizeof *values);
    if (!values)
        return load_fail(error, "no memory for %u slots", bind_slots(shared));
    // All that can be refused comes first.
    ok = choose_all(shared, binding, values, error) &&
         store_head(shared, error) && undo_all(image, error);
    if (ok)
        store(shared, binding, values);
    heap_free(values);
    return ok;
}

const char *bind_mode_name(enum binding binding)
{
    static const char *const names[] = {
        [BINDING_LAZY] = "lazy",
        [BINDING_NOW] = "now",
        [BINDING_DIRECT] = "direct",
        [BINDING_PLT] = "plt",
    };

    return names[binding];
}
