// SPDX-License-Identifier: MIT
// The table of alternatives: choosing, writing, taking back.
//
//   .alternatives      site  replacement  feature
//                      A     a1           erms        one entry
//                      B     b1           lab-a       two entries, one
//                      B     b2           lab-b       site: the last that is
//                                                     met wins
//
// Each site is written at most once, whatever the number of its entries, so
// the journal has one line for it and one undo brings the old bytes back.
#include "smc/patch/alternative/alternative.h"
#include "boot/info.h"
#include "kernel/log.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"

// Written once, by alternatives_open.
static uint32_t features;

uint32_t alternatives_features(void)
{
    return features;
}

const struct alternative *alternative_next(const struct alternative *a)
{
    const uint8_t *site = a->site;
    while (a < alternatives_end && a->site == site)
        a++;
    return a;
}

const struct alternative *alternative_choice(const struct alternative *a,
                                             uint32_t set)
{
    const struct alternative *chosen = NULL;
    const struct alternative *end = alternative_next(a);
    for (; a < end; a++)
        if (feature_met(a->feature, set))
            chosen = a;
    return chosen;
}

static const char *build(uint8_t *out, const struct alternative *a,
                         uint32_t set, char *why, size_t size)
{
    struct alternative_block block = {.code = a->replacement,
                                      .len = a->new_len,
                                      .address = (uint32_t)a->replacement,
                                      .site = (uint32_t)a->site,
                                      .site_len = a->site_len};
    return alternative_build(out, &block, set, why, size);
}

// No choice: the old instructions stay, but the 90s that the assembler put
// behind them become one NOP.
static void build_old(uint8_t *out, const struct alternative *a, uint32_t set)
{
    memcpy(out, a->site, a->old_len);
    feature_nop(out + a->old_len, a->site_len - a->old_len, set);
}

// The old bytes are read here and handed to the door as what it is to expect:
// the site has not been written since the link, or was taken back. Bytes that
// are as they should be already are no reason to write, and none to complain.
const char *alternative_apply(const struct alternative *a, uint32_t set,
                              char *why, size_t size)
{
    uint8_t old[ALTERNATIVE_MAX], new[ALTERNATIVE_MAX];
    const struct alternative *chosen = alternative_choice(a, set);
    if (chosen && build(new, chosen, set, why, size))
        return why;
    if (!chosen)
        build_old(new, a, set);
    memcpy(old, a->site, a->site_len);
    if (memcmp(old, new, a->site_len) == 0)
        return NULL;
    struct text_result r = text_write(a->site, old, new, a->site_len,
                                      "alternative");
    return r.reason == TEXT_OK ? NULL : text_explain(why, size, &r);
}

// Newest first: a site that was patched twice gets its oldest bytes back.
bool alternative_restore(const struct alternative *a)
{
    const struct journal_entry *e = journal_overlap(a->site, a->site_len,
                                                    UINT32_MAX);
    return e && text_undo(e->number).reason == TEXT_OK;
}

// A site that was refused stays as it was: right, but not the best. So a
// refusal is a line of the log and nothing more.
static void open_site(const struct alternative *a)
{
    char why[160], where[64];
    if (alternative_apply(a, features, why, sizeof why))
        log_print("alternative at %s: %s\n",
                  symbol_format(where, sizeof where, a->site), why);
}

void alternatives_open(void)
{
    features = features_probe();
    if (boot_word("noalt", NULL, 0)) {
        log_note("noalt: code stays as it was assembled\n");
        return;
    }
    const struct alternative *a = alternatives_start;
    for (; a < alternatives_end; a = alternative_next(a))
        open_site(a);
}

// Backwards, as the last wins. Two with the same bytes are one answer.
const struct alternative *alternative_current(const struct alternative *a)
{
    uint8_t bytes[ALTERNATIVE_MAX];
    char why[160];
    const struct alternative *e = alternative_next(a);
    while (e-- > a)
        if (!build(bytes, e, features, why, sizeof why) &&
            memcmp(e->site, bytes, e->site_len) == 0)
            return e;
    return NULL;
}
