// SPDX-License-Identifier: MIT
// Checks of binding: each mode on an object whose every byte is known.
#include "smc/load/bind/bind_check.h"
#include "kernel/string.h"
#include "smc/load/bind/bind.h"
#include "smc/load/bind/bind_sample.h"
#include "smc/load/call.h"

struct image *bind_check_load(enum binding binding)
{
    struct load_error error;
    struct image *image = bind_sample_load(binding, &error);

    if (!image)
        judged("%s", error.text);
    return image;
}

enum check_result bind_check_done(struct image *image, bool pass)
{
    struct load_error error;

    if (image_unload(image, &error))
        return verdict(pass);
    judged("%s", error.text);
    return CHECK_FAIL;
}

uint32_t bind_check_call(struct image *image, const char *function)
{
    struct call call;

    return call_symbol(&call, image, function, 1, "palimpsest") ? call.result
                                                                : UINT32_MAX;
}

static uint32_t address(const struct image *image, uint32_t offset)
{
    return (uint32_t)(uintptr_t)image->base + offset;
}

static uint32_t word(const struct image *image, uint32_t offset)
{
    return ((const struct word *)(image->base + offset))->value;
}

// Where a CALL or JMP of five bytes leads.
static uint32_t leads_to(const struct image *image, uint32_t offset)
{
    return address(image, offset) + 5 + word(image, offset + 1);
}

static bool slot_is_lazy(const struct image *image)
{
    return word(image, BIND_SAMPLE_SLOT) ==
           address(image, BIND_SAMPLE_ENTRY + 6);
}

// How many functions answer rightly, called twice: before and after binding.
static uint32_t right_answers(struct image *image)
{
    static const char *const functions[] = {"once",   "twice",   "noplt",
                                            "iat",    "direct",  "tail",
                                            "unsure", "pointer", "once"};
    uint32_t right = 0;

    for (unsigned i = 0; i < sizeof functions / sizeof functions[0]; i++)
        right += bind_check_call(image, functions[i]) == BIND_SAMPLE_ANSWER;
    // The argument lies where the PLT and the resolver have passed by.
    return right + (bind_check_call(image, "length") == 10);
}

static enum check_result check_answers(void)
{
    uint32_t right[BINDING_PLT + 1];
    bool pass = true;

    for (unsigned i = BINDING_LAZY; i <= BINDING_PLT; i++) {
        struct image *image = bind_check_load((enum binding)i);
        if (!image)
            return CHECK_FAIL;
        right[i] = right_answers(image) + right_answers(image);
        pass &= right[i] == 20 && bind_check_done(image, true) == CHECK_PASS;
    }
    judged("of 20 calls lazy %u, now %u, direct %u, plt %u right", right[0],
           right[1], right[2], right[3]);
    return verdict(pass);
}

// The classical way: a word of data changes, no code, and once.
static enum check_result check_lazy(void)
{
    struct image *image = bind_check_load(BINDING_LAZY);
    uint32_t writes, bound, before, after;

    if (!image)
        return CHECK_FAIL;
    writes = journal_writes();
    bound = image->bound;
    before = word(image, BIND_SAMPLE_SLOT);
    bind_check_call(image, "twice");
    after = word(image, BIND_SAMPLE_SLOT);
    bound = image->bound - bound;
    judged("slot %08x, then %08x; %u binding for two calls, %u code writes",
           before, after, bound, journal_writes() - writes);
    return bind_check_done(image,
                           before == address(image, BIND_SAMPLE_ENTRY + 6) &&
                               after == image_symbol(image, "leaf") &&
                               bound == 1 && journal_writes() == writes);
}

static enum check_result check_now(void)
{
    struct image *image = bind_check_load(BINDING_NOW);
    uint32_t slot, bound;

    if (!image)
        return CHECK_FAIL;
    slot = word(image, BIND_SAMPLE_SLOT);
    bound = image->bound;
    bind_check_call(image, "once");
    judged("slot %08x before any call; %u bindings at the first call", slot,
           image->bound - bound);
    return bind_check_done(image, slot == image_symbol(image, "leaf") &&
                                      image->bound == bound);
}

static enum check_result check_direct(void)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    char before[16], after[16];
    uint32_t bound;
    bool pass;

    if (!image)
        return CHECK_FAIL;
    bound = image->bound;
    hex_bytes(before, sizeof before, image->base + BIND_SAMPLE_ONCE, 5);
    bind_check_call(image, "once");
    hex_bytes(after, sizeof after, image->base + BIND_SAMPLE_ONCE, 5);
    bind_check_call(image, "once");
    pass = image->base[BIND_SAMPLE_ONCE] == 0xe8 &&
           leads_to(image, BIND_SAMPLE_ONCE) == image_symbol(image, "leaf") &&
           slot_is_lazy(image) && image->bound == bound + 1;
    judged("%s, then %s; the slot is %s; %u binding for two calls", before,
           after, slot_is_lazy(image) ? "lazy" : "BOUND",
           image->bound - bound);
    return bind_check_done(image, pass);
}

// Each place is bound when it is reached, and not with another one's call.
static enum check_result check_two_sites(void)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    uint32_t first, second, leaf, entry, other;

    if (!image)
        return CHECK_FAIL;
    leaf = image_symbol(image, "leaf");
    entry = address(image, BIND_SAMPLE_ENTRY);
    bind_check_call(image, "once");
    other = leads_to(image, BIND_SAMPLE_FIRST);
    bind_check_call(image, "twice");
    first = leads_to(image, BIND_SAMPLE_FIRST);
    second = leads_to(image, BIND_SAMPLE_SECOND);
    judged("first %08x, then %08x; second %08x; %u patches", other, first,
           second, bind_count(image));
    return bind_check_done(image, other == entry && first == leaf &&
                                      second == leaf &&
                                      bind_count(image) == 3);
}

static enum check_result check_plt(void)
{
    struct image *image = bind_check_load(BINDING_PLT);
    const uint8_t *entry;
    char after[20];
    bool pass;

    if (!image)
        return CHECK_FAIL;
    entry = image->base + BIND_SAMPLE_ENTRY;
    bind_check_call(image, "twice");
    bind_check_call(image, "once");
    hex_bytes(after, sizeof after, entry, 6);
    pass = entry[0] == 0xe9 && entry[5] == 0x90 &&
           leads_to(image, BIND_SAMPLE_ENTRY) == image_symbol(image, "leaf") &&
           leads_to(image, BIND_SAMPLE_ONCE) ==
               address(image, BIND_SAMPLE_ENTRY) &&
           slot_is_lazy(image) && bind_count(image) == 1;
    judged("%s for three call sites, %u patch", after, bind_count(image));
    return bind_check_done(image, pass);
}

// Bound, taken back, bound again: what undo leaves is what was loaded.
static bool undo_restores(enum binding binding, uint32_t *bound)
{
    struct image *image = bind_check_load(binding);
    uint8_t loaded[0x150];
    bool pass = false;

    if (!image)
        return false;
    *bound = image->bound;
    memcpy(loaded, image->base + 0x1000, sizeof loaded);
    bind_check_call(image, "once");
    if (memcmp(loaded, image->base + 0x1000, sizeof loaded) != 0 &&
        text_undo(bind_live(image, UINT32_MAX)->number).reason == TEXT_OK)
        pass = memcmp(loaded, image->base + 0x1000, sizeof loaded) == 0;
    pass = pass && bind_check_call(image, "once") == BIND_SAMPLE_ANSWER &&
           bind_count(image) == 1;
    *bound = image->bound - *bound;
    return bind_check_done(image, pass) == CHECK_PASS;
}

static enum check_result check_undo(void)
{
    uint32_t direct = 0, plt = 0;
    bool pass = undo_restores(BINDING_DIRECT, &direct) &&
                undo_restores(BINDING_PLT, &plt);

    judged("resolved %u times with an undo between two calls, %u times in "
           "mode plt",
           direct, plt);
    return verdict(pass && direct == 2 && plt == 2);
}

// From each mode to each other; after each change the image must be as if it
// had been loaded so, and answer.
static enum check_result check_modes(void)
{
    struct image *image = bind_check_load(BINDING_NOW);
    struct load_error error;
    uint32_t right = 0, as_loaded = 0;

    if (!image)
        return CHECK_FAIL;
    for (unsigned i = 0; i < 16; i++) {
        enum binding to = (enum binding)(i % 2 ? i / 4 : i / 2 % 4);
        uint32_t slot = to == BINDING_NOW
                            ? image_symbol(image, "leaf")
                            : address(image, BIND_SAMPLE_ENTRY + 6);
        if (!bind_set(image, to, &error)) {
            judged("%s", error.text);
            return bind_check_done(image, false);
        }
        as_loaded += !bind_count(image) &&
                     word(image, BIND_SAMPLE_SLOT) == slot;
        right += right_answers(image);
    }
    judged("16 changes: %u times as loaded, %u of 160 calls right", as_loaded,
           right);
    return bind_check_done(image, as_loaded == 16 && right == 160);
}

// The lines stay, as history: no undo may write where the pages are another's.
static enum check_result check_unload(void)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    struct text_result result;
    uint32_t number;

    if (!image)
        return CHECK_FAIL;
    bind_check_call(image, "once");
    if (!bind_live(image, UINT32_MAX))
        return bind_check_done(image, false);
    number = bind_live(image, UINT32_MAX)->number;
    if (bind_check_done(image, true) != CHECK_PASS)
        return CHECK_FAIL;
    result = text_undo(number);
    judged("undo of line %u after the image has gone: reason %u", number,
           result.reason);
    return verdict(result.reason == TEXT_FREED);
}

static const struct check checks[] = {
    {"nine ways to call have one answer, in four modes", check_answers},
    {"lazy: a word of data, at the first call", check_lazy},
    {"now: no call meets the resolver", check_now},
    {"direct: the CALL itself, and not the slot", check_direct},
    {"direct: each call site when it is reached", check_two_sites},
    {"plt: one entry for all call sites", check_plt},
    {"undo restores laziness", check_undo},
    {"from every mode to others, as if loaded so", check_modes},
    {"unloading makes live patches history", check_unload},
    {"jumps, pointers and doubtful bytes are left alone", check_bind_shapes},
    {"a breakpoint at the call site is kept", check_bind_breakpoint},
    {"a caller outside of the image is left alone", check_bind_foreign},
    {"an entry that is none is left alone", check_bind_entry},
    {"half of the journal is for others", check_bind_limit},
    {"libz.so.1: its calls of the PLT, counted", check_bind_sites},
    {"libz.so.1: lazy binds of a round trip", check_bind_lazy_count},
    {"libz.so.1: every patched byte belongs to a CALL",
     check_bind_direct_count},
    {"libz.so.1: the same bytes in every mode", check_bind_same_result},
};
CHECK_SUITE(bind, checks);
