// SPDX-License-Identifier: MIT
// Checks of binding: what must not be rewritten, and goes on all the same.
#include "kernel/pages.h"
#include "kernel/string.h"
#include "smc/load/bind/bind.h"
#include "smc/load/bind/bind_check.h"
#include "smc/load/bind/bind_sample.h"

#define ADDRESS(p) ((uint32_t)(uintptr_t)(p))

// One of them, in an image of its own: the others would come by the slot that
// it has made the resolver write.
static bool falls_back(const char *function, enum bind_reason wanted,
                       char *text, size_t size)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    const struct bind_refusal *refusal;
    uint32_t slot, answer, writes = journal_writes();
    size_t used = strlen(text);
    bool pass;

    if (!image)
        return false;
    writes = journal_writes();
    slot = ADDRESS(image->base) + BIND_SAMPLE_SLOT;
    answer = bind_check_call(image, function);
    refusal = bind_refusal_of(image, slot);
    pass = answer == BIND_SAMPLE_ANSWER && refusal &&
           refusal->reason == wanted && journal_writes() == writes &&
           ((struct word *)(uintptr_t)slot)->value ==
               image_symbol(image, "leaf");
    ksnprintf(text + used, size - used, "%s%s %u, reason %u", used ? "; " : "",
              function, answer, refusal ? refusal->reason : BIND_OK);
    return bind_check_done(image, pass) == CHECK_PASS;
}

// The jump's return address is its caller's, which is the kernel here.
enum check_result check_bind_shapes(void)
{
    char text[120] = "";
    bool pass = falls_back("tail", BIND_FOREIGN, text, sizeof text);

    pass &= falls_back("pointer", BIND_NO_CALL, text, sizeof text);
    pass &= falls_back("unsure", BIND_UNSURE, text, sizeof text);
    judged("%s", text);
    return verdict(pass);
}

// As the resolver would ask, for a call that returns to `caller`.
static bool ask(struct image *image, enum binding binding, uint32_t caller)
{
    const struct shared_frame frame = {.image = image, .caller = caller};
    const struct shared_bound bound = {
        .image = image,
        .slot = ADDRESS(image->base) + BIND_SAMPLE_SLOT,
        .target = image_symbol(image, "leaf"),
        .frame = &frame,
    };

    return shared_patch(binding, &bound);
}

static const struct bind_refusal *last_refusal(const struct image *image)
{
    return bind_refusal_of(image, ADDRESS(image->base) + BIND_SAMPLE_SLOT);
}

// A plain write finds other bytes; a poke names the INT3.
static bool is_foreign(uint8_t reason)
{
    return reason == TEXT_MISMATCH || reason == TEXT_BREAKPOINT;
}

// A debugger takes its INT3 away to step over the instruction, and puts it
// back. Had the call been rewritten in between, it would restore e8, and that
// would be right by chance; a patch over the INT3 would lose the breakpoint.
enum check_result check_bind_breakpoint(void)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    const struct bind_refusal *refusal;
    uint8_t *site;
    char why[120] = "";
    bool asked, kept;

    if (!image)
        return CHECK_FAIL;
    site = image->base + BIND_SAMPLE_ONCE;
    text_write(site, "\xe8", "\xcc", 1, "bind-chk");
    asked = ask(image, BINDING_DIRECT, ADDRESS(site + 5));
    kept = *site == 0xcc;
    refusal = last_refusal(image);
    if (refusal)
        bind_explain(why, sizeof why, refusal);
    text_write(site, "\xcc", "\xe8", 1, "bind-chk");
    judged("first byte %s; %s", kept ? "cc" : "LOST", why);
    return bind_check_done(
        image, !asked && kept && refusal && refusal->reason == BIND_DOOR &&
                   is_foreign(journal_find(refusal->entry)->reason) &&
                   bind_check_call(image, "once") == BIND_SAMPLE_ANSWER);
}

// Code that went astray, or a function of the kernel: the return address is
// not in the image. So are the last bytes of address space and the first of
// the image's code, whose five bytes before are in no part.
enum check_result check_bind_foreign(void)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    uint32_t writes, refused = 0, entered;

    if (!image)
        return CHECK_FAIL;
    writes = journal_writes();
    const uint32_t callers[] = {ADDRESS(check_bind_foreign) + 5, 0, 4,
                                UINT32_MAX, ADDRESS(image->base) + 0x1004};
    for (unsigned i = 0; i < sizeof callers / sizeof callers[0]; i++)
        refused += !ask(image, BINDING_DIRECT, callers[i]) &&
                   last_refusal(image)->reason == BIND_FOREIGN;
    entered = ask(image, BINDING_DIRECT,
                  ADDRESS(image->base) + BIND_SAMPLE_ONCE + 5);
    judged("%u of 5 left alone, %u code writes; the right one was %s", refused,
           journal_writes() - writes - entered,
           entered ? "rewritten" : "REFUSED");
    return bind_check_done(image, refused == 5 && entered &&
                                      journal_writes() == writes + 1);
}

// An entry whose jump goes through another word: not what is being bound.
enum check_result check_bind_entry(void)
{
    struct image *image = bind_check_load(BINDING_PLT);
    uint8_t *entry;
    uint32_t answer;
    bool pass;

    if (!image)
        return CHECK_FAIL;
    entry = image->base + BIND_SAMPLE_ENTRY;
    // The word at 20(%ebx) holds leaf as well, bound while loading: the call
    // does not even meet the resolver. So the resolver is asked by hand.
    text_write(entry, "\xff\xa3\x0c", "\xff\xa3\x14", 3, "bind-chk");
    pass = !ask(image, BINDING_PLT,
                ADDRESS(image->base) + BIND_SAMPLE_ONCE + 5) &&
           last_refusal(image)->reason == BIND_NO_ENTRY && entry[2] == 0x14;
    text_write(entry, "\xff\xa3\x14", "\xff\xa3\x0c", 3, "bind-chk");
    answer = bind_check_call(image, "once");
    judged("%s with another slot; then %u, %u patch",
           pass ? "refused" : "NOT refused", answer, bind_count(image));
    return bind_check_done(image, pass && answer == BIND_SAMPLE_ANSWER &&
                                      bind_count(image) == 1);
}

// Patches of the same name in an arena of their own, as many as there may be.
static struct arena *fill_journal(void)
{
    struct arena *arena = arena_create("bind check", PAGE_SIZE);
    uint32_t count = bind_count(NULL);

    for (uint32_t i = 0; arena && count + i < BIND_MAX; i++)
        text_write(arena->base + i, "\xcc", "\x90", 1, BIND_TECHNIQUE);
    return arena;
}

enum check_result check_bind_limit(void)
{
    struct image *image = bind_check_load(BINDING_DIRECT);
    struct arena *arena = image ? fill_journal() : NULL;
    uint32_t answer, live, later;
    bool pass;

    if (!arena)
        return image ? bind_check_done(image, false) : CHECK_FAIL;
    live = bind_count(NULL);
    answer = bind_check_call(image, "once");
    pass = last_refusal(image) && last_refusal(image)->reason == BIND_MANY &&
           !bind_count(image);
    arena_destroy(arena);
    // The slot is bound by now; the two calls are of another image.
    pass &= bind_check_done(image, true) == CHECK_PASS;
    image = bind_check_load(BINDING_DIRECT);
    if (!image)
        return CHECK_FAIL;
    bind_check_call(image, "twice");
    later = bind_count(image);
    judged("%u live: answer %u by the slot; with room again %u patches", live,
           answer, later);
    return bind_check_done(image, pass && answer == BIND_SAMPLE_ANSWER &&
                                      live == BIND_MAX && later == 2);
}
