// SPDX-License-Identifier: MIT
// Who offers a symbol, and the stub that stands in for one nobody offers.
#include "smc/load/resolve.h"
#include "kernel/heap.h"
#include "kernel/string.h"
#include "smc/load/call.h"
#include "smc/load/host/host.h"
#include "smc/load/names.h"

// Where the answer for a name will be. NULL without memory: then nothing is
// remembered. Neither is it while somebody watches, who is told of each name.
static struct answer *answer_for(const struct loading *in, uint32_t hash)
{
    const size_t bytes = (RESOLVE_ANSWERS + 3) * sizeof(struct answer);
    struct load_set *set = in->set;
    struct answer *first;

    if (in->options->watch)
        return NULL;
    if (!set->answers) {
        set->answers = pool_take(&set->pool, bytes);
        if (!set->answers)
            return NULL;
    }
    first = &set->answers[hash % RESOLVE_ANSWERS];
    for (struct answer *answer = first; answer < first + 4; answer++)
        if (!answer->key)
            return answer;
    return first;
}

// Objects name no origin for a symbol. The kernel is asked first, so that no
// image can put itself in front of malloc; then the images of the family,
// those of the same set before all others.
static struct resolved look_up(enum family family, const char *name,
                               uint32_t hash)
{
    const struct image_export *export;
    uint32_t address = family == FAMILY_GRUB ? host_grub_symbol(name, hash)
                                             : host_c_symbol(name, hash);

    if (address)
        return (struct resolved){true, address, NULL};
    export = names_look_up(family, name, hash);
    // An indirect function of a library that was not started has no address.
    if (export && export->rank == EXPORT_PLAIN && !export->address)
        export = NULL;
    return (struct resolved){export, export ? export->address : 0, export};
}

static void tell(const struct loading *in, const char *name,
                 const struct resolved *resolved)
{
    struct lookup lookup = {.name = name, .address = resolved->address};

    if (resolved->found)
        lookup.from = resolved->export ? resolved->export->image->name
                                       : "the kernel";
    build_tell_lookup(in, &lookup);
}

const struct resolved *resolve_anew(struct loading *in, const char *name,
                                    uint32_t hash)
{
    static struct answer only; // if none is remembered
    enum family family = in->image->family;
    struct answer *answer = answer_for(in, hash);

    if (!answer)
        answer = &only;
    *answer = (struct answer){name, resolve_key(family, hash),
                              look_up(family, name, hash)};
    if (in->options->watch)
        tell(in, name, &answer->resolved);
    return &answer->resolved;
}

bool resolve_prepare(struct loading *in, uint32_t stubs, uint32_t imports)
{
    struct image *image = in->image;

    image->stubs = stubs;
    if (imports == 0)
        return true;
    image->refusal = heap_zalloc(imports, sizeof(struct image_refusal));
    return image->refusal || load_fail(in->error, "no memory for the imports");
}

// Writes the stub for a refusal into the stage and returns where it will run.
// The displacement counts from the end of the call, at that address.
static uint32_t make_stub(struct image *image,
                          const struct image_refusal *refusal)
{
    uint32_t number = (uint32_t)(refusal - image->refusal);
    uint32_t offset = image->stubs + number * RESOLVE_STUB_SIZE;
    uint32_t address = (uint32_t)(uintptr_t)image->base + offset;
    uint8_t *stub = image->stage + offset;

    //   0  68 imm32   push $refusal    the argument
    //   5  e8 rel32   call resolve_refused
    //  10             never reached: INT3 up to 16
    //
    // A call and not a jump: the return address in the importing code stays
    // where resolve_refused expects its second argument, `caller`.
    //
    //   at resolve_refused   esp -> | stub + 10 | refusal | caller | ...
    memset(stub, 0xcc, RESOLVE_STUB_SIZE);
    stub[0] = 0x68;
    build_put(image, offset + 1, (uint32_t)(uintptr_t)refusal);
    stub[5] = 0xe8;
    build_put(image, offset + 6,
              (uint32_t)(uintptr_t)resolve_refused - (address + 10));
    return address;
}

void resolve_move_stubs(struct image *image)
{
    for (uint32_t i = 0; i < image->refused; i++)
        make_stub(image, &image->refusal[i]);
}

// The record must outlive the loading: the stub pushes its address. The
// names are kept as offsets, as their block moves while it grows.
bool resolve_refuse(struct loading *in, const char *dll, const char *symbol,
                    uint32_t *address)
{
    struct image *image = in->image;
    struct image_refusal *refusal = &image->refusal[image->refused];

    refusal->image = image;
    refusal->dll = build_name(image, dll);
    refusal->symbol = build_name(image, symbol);
    if (refusal->dll == BUILD_NO_NAME || refusal->symbol == BUILD_NO_NAME)
        return load_fail(in->error, "no memory for the names of imports");
    *address = make_stub(image, refusal);
    image->refused++;
    return true;
}

// Only now is it known how many stubs there are. They are code and get pages
// of their own behind the image, inside its arena.
bool resolve_finish(struct loading *in)
{
    struct image *image = in->image;

    if (image->refused == 0)
        return true;
    return build_part(in, "(stubs)", 7, PART_CODE, image->stubs,
                      image->refused * RESOLVE_STUB_SIZE);
}

// Runs on the stack of the foreign code, two calls deep. It never returns:
// call_end unwinds to the trap_try around the foreign call.
void resolve_refused(const struct image_refusal *refusal, uint32_t caller)
{
    const struct image *image = refusal->image;

    call_end(caller, "%s called %s!%s, which this kernel does not offer",
             image->name, image->names + refusal->dll,
             image->names + refusal->symbol);
}
