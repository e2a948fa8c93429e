// SPDX-License-Identifier: MIT
// Checks of binding on libz.so.1, as Debian ships it.
#include "kernel/heap.h"
#include "kernel/module.h"
#include "kernel/string.h"
#include "smc/load/bind/bind.h"
#include "smc/load/bind/bind_check.h"
#include "smc/load/call.h"
#include "smc/x86/boundaries.h"
#include "smc/x86/decode.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

enum { INPUT = 100000, ROOM = 101000 };

// Debian 12's libz.so.1.2.13, of which the figures are known by other tools
// (objdump -d libz.so.1 | grep -c 'call.*@plt>', less one that calls
// __cxa_finalize by .plt.got, which is not lazy). Of another one less is
// judged.
static bool is_known(const struct module *file)
{
    return file->size == 112220;
}

static struct image *load(enum binding binding, enum check_result *result)
{
    const struct load_options options = {.binding = binding};
    const struct module *file = module_find("libz.so.1");
    struct load_error error;
    struct image *image;

    *result = CHECK_SKIP;
    judged("libz.so.1 is not among the boot modules");
    if (!file)
        return NULL;
    *result = CHECK_FAIL;
    image = image_load_set(&file, 1, &options, &error);
    if (!image)
        judged("%s", error.text);
    return image;
}

// True if this CALL leads to an entry of any slot.
static bool calls_plt(const struct shared *shared, uint32_t caller)
{
    uint32_t jump;

    for (uint32_t i = 0; i < bind_slots(shared); i++)
        if (bind_leads_to_entry(shared->image, caller,
                                bind_slot_address(shared, i), &jump))
            return true;
    return false;
}

// From the first byte of code to the last, instruction by instruction. Where
// none can be read, padding, the next byte is tried.
static uint32_t count_sites(const struct image *image,
                            const struct image_part *part)
{
    const uint8_t *at = image->base + part->offset, *end = at + part->size;
    struct insn insn;
    uint32_t count = 0;

    while (at < end) {
        bool ok = insn_has_length(
            insn_decode(&insn, at, (size_t)(end - at), INSN_32));
        at += ok ? insn.length : 1;
        count += ok && insn.bytes[0] == 0xe8 && insn.length == 5 &&
                 calls_plt(shared_of(image), ADDRESS(at));
    }
    return count;
}

enum check_result check_bind_sites(void)
{
    enum check_result result;
    struct image *image = load(BINDING_LAZY, &result);
    uint32_t sites = 0, slots = 0, found = 0, *stubs;
    bool known;

    if (!image)
        return result;
    known = is_known(image->file);
    for (uint32_t i = 0; i < image->parts; i++)
        if (image->part[i].kind == PART_CODE)
            sites += count_sites(image, &image->part[i]);
    slots = bind_slots(shared_of(image));
    stubs = heap_zalloc(slots, sizeof *stubs);
    if (stubs)
        bind_find_stubs(shared_of(image), stubs);
    for (uint32_t i = 0; stubs && i < slots; i++)
        found += stubs[i] != 0;
    heap_free(stubs);
    judged("%u call sites for %u slots, %u stubs found", sites, slots, found);
    return bind_check_done(image,
                           found == slots && sites > slots &&
                               (!known || (sites == 208 && slots == 48)));
}

// What compress2 and uncompress need: text in, bytes, text out.
struct trip {
    uint8_t *input, *packed, *output;
    uint32_t packed_size, output_size;
};

static bool make_trip(struct trip *trip)
{
    *trip = (struct trip){.input = heap_alloc(INPUT),
                          .packed = heap_zalloc(1, ROOM),
                          .output = heap_zalloc(1, ROOM),
                          .packed_size = ROOM,
                          .output_size = ROOM};
    // Repeats, but not exactly.
    for (uint32_t i = 0; trip->input && i < INPUT; i++)
        trip->input[i] = (uint8_t)(i % 61 ^ i / 700);
    return trip->input && trip->packed && trip->output;
}

static void free_trip(struct trip *trip)
{
    heap_free(trip->input);
    heap_free(trip->packed);
    heap_free(trip->output);
}

static bool run_trip(struct image *image, struct trip *trip)
{
    struct call call;

    return call_symbol(&call, image, "compress2", 5, trip->packed,
                       &trip->packed_size, trip->input, INPUT, 6) &&
           call.result == 0 &&
           call_symbol(&call, image, "uncompress", 4, trip->output,
                       &trip->output_size, trip->packed, trip->packed_size) &&
           call.result == 0 && trip->output_size == INPUT &&
           memcmp(trip->input, trip->output, INPUT) == 0;
}

enum check_result check_bind_lazy_count(void)
{
    enum check_result result;
    struct image *image = load(BINDING_LAZY, &result);
    uint32_t before, binds;
    struct trip trip;
    bool ok, known;

    if (!image)
        return result;
    known = is_known(image->file);
    before = image->bound;
    ok = make_trip(&trip) && run_trip(image, &trip);
    binds = image->bound - before;
    judged("%u bytes, packed %u; %u calls met the resolver", INPUT,
           trip.packed_size, binds);
    free_trip(&trip);
    return bind_check_done(image, ok && binds && (!known || binds == 20));
}

// Each patch must replace one whole instruction of the code as it was loaded,
// by a sweep over all of it that knows nothing of returns and of the PLT.
static uint32_t whole_calls(const struct image *image,
                            const struct image_part *part)
{
    const struct journal_entry *entry = NULL;
    uint8_t *marks = heap_alloc(part->size);
    struct boundaries b;
    uint32_t whole = 0;

    if (!marks)
        return 0;
    boundaries_find(&b, image->base + part->offset, part->size,
                    ADDRESS(image->base) + part->offset, marks);
    while ((entry = bind_live(image, entry ? entry->number : UINT32_MAX))) {
        uint32_t at = (uint32_t)(entry->site - image->base) - part->offset;
        whole += at < b.decoded && (marks[at] & BOUNDARY_START) &&
                 boundaries_may_patch(&b, at, 5).reason == BOUNDARY_OK &&
                 entry->old[0] == 0xe8 && entry->new[0] == 0xe8;
    }
    heap_free(marks);
    return whole;
}

enum check_result check_bind_direct_count(void)
{
    enum check_result result;
    struct image *image = load(BINDING_DIRECT, &result);
    uint32_t first, second, whole = 0;
    struct trip trip;
    bool ok;

    if (!image)
        return result;
    ok = make_trip(&trip) && run_trip(image, &trip);
    first = bind_count(image);
    trip.packed_size = trip.output_size = ROOM;
    // Nothing new: every call of the second trip goes where it must at once.
    ok = ok && run_trip(image, &trip);
    second = bind_count(image);
    for (uint32_t i = 0; i < image->parts; i++)
        if (image->part[i].kind == PART_CODE)
            whole += whole_calls(image, &image->part[i]);
    judged("%u call sites rewritten by one round trip, %u by two; %u are "
           "whole instructions",
           first, second, whole);
    free_trip(&trip);
    return bind_check_done(image, ok && first >= 21 && second == first &&
                                      whole == first);
}

enum check_result check_bind_same_result(void)
{
    uint32_t hash[BINDING_PLT + 1];
    enum check_result result;
    bool pass = true;

    for (unsigned i = BINDING_LAZY; i <= BINDING_PLT; i++) {
        struct image *image = load((enum binding)i, &result);
        struct trip trip;
        if (!image)
            return result;
        pass &= make_trip(&trip) && run_trip(image, &trip);
        hash[i] = 2166136261u;
        for (uint32_t k = 0; trip.packed && k < trip.packed_size; k++)
            hash[i] = (hash[i] ^ trip.packed[k]) * 16777619;
        pass &= hash[i] == hash[0];
        free_trip(&trip);
        pass &= bind_check_done(image, true) == CHECK_PASS;
    }
    judged("FNV-1a of the packed bytes: lazy %08x, now %08x, direct %08x, "
           "plt %08x",
           hash[0], hash[1], hash[2], hash[3]);
    return verdict(pass);
}
