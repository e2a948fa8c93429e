// SPDX-License-Identifier: MIT
// From a key's state to the bytes of its sites.
//
// The bytes decide what a site is, not a flag of ours: a flag would be wrong
// after an `undo` from the shell. A site that is already as it should be is
// left out of the batch, so a key heals with its next change; one that is
// neither goes into the batch as if it were in the other state, and the door
// refuses in words.
#include "kernel/cpu.h"
#include "kernel/panic.h"
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/patch/static_key/static_key_inside.h"
#include "smc/x86/nop.h"

enum { JMP_REL8 = 0xeb, JMP_REL32 = 0xe9 };

// The batch in the making. The lock of static_key.c, or boot, keeps others
// out.
static struct poke pokes[POKE_BATCH_MAX];

static void make_jump(const struct static_key_site *s, uint8_t *bytes)
{
    uint8_t opcode = s->len == 2 ? JMP_REL8 : JMP_REL32;
    if (poke_branch(bytes, opcode, s->site, s->site + s->len + s->distance) !=
        s->len)
        panic("static key %s: the site at %p does not reach its block",
              s->key->name, s->site);
}

// As the assembler has made it: see static_key_site.h.
static const uint8_t *image_nop(const struct static_key_site *s)
{
    return nop_prefixed(s->len);
}

// The long NOP, where the processor has it.
static const uint8_t *best_nop(const struct static_key_site *s)
{
    return cpu.long_nop ? poke_nop(s->len) : image_nop(s);
}

static bool holds(const struct static_key_site *s, const uint8_t *bytes)
{
    return memcmp(s->site, bytes, s->len) == 0;
}

enum static_key_state static_key_site_state(const struct static_key_site *s)
{
    uint8_t jump[POKE_MAX];
    make_jump(s, jump);
    if (holds(s, jump))
        return s->likely ? STATIC_KEY_OFF : STATIC_KEY_ON;
    if (holds(s, best_nop(s)) || holds(s, image_nop(s)))
        return s->likely ? STATIC_KEY_ON : STATIC_KEY_OFF;
    return STATIC_KEY_FOREIGN;
}

// A jump while the key is on, or while it is off: by the kind of the branch.
static void make(const struct static_key_site *s, bool on, uint8_t *bytes)
{
    if (on != s->likely)
        make_jump(s, bytes);
    else
        memcpy(bytes, best_nop(s), s->len);
}

// What is expected is one of our own two instructions. If it is the NOP, which
// of the NOPs does not matter.
static void add(struct poke *poke, const struct static_key_site *s, bool on)
{
    *poke = (struct poke){.site = s->site, .len = s->len};
    make(s, on, poke->replacement);
    make(s, !on, poke->expected);
    if (holds(s, image_nop(s)))
        memcpy(poke->expected, image_nop(s), s->len);
}

struct text_result static_key_patch(const struct static_key *key, bool on)
{
    size_t count = 0;
    const struct static_key_site *s = key->sites;
    for (uint32_t i = 0; i < key->count; i++, s++)
        if (static_key_site_state(s) != (on ? STATIC_KEY_ON : STATIC_KEY_OFF))
            add(&pokes[count++], s, on);
    if (!count)
        return (struct text_result){0};
    return text_poke_batch(pokes, count, "static_key", NULL);
}

uint32_t static_key_astray(const struct static_key *key)
{
    enum static_key_state wanted = static_key_enabled(key) ? STATIC_KEY_ON
                                                           : STATIC_KEY_OFF;
    uint32_t astray = 0;
    for (uint32_t i = 0; i < key->count; i++)
        astray += static_key_site_state(&key->sites[i]) != wanted;
    return astray;
}

// From now on the door refuses everybody else, by our name.
static void reserve(const struct static_key_site *s)
{
    char text[200];
    struct text_result r = text_reserve(s->site, s->len, "static_key");
    if (r.reason != TEXT_OK)
        panic("static key %s at %p: %s", s->key->name, s->site,
              text_explain(text, sizeof text, &r));
}

// The linker has sorted them: each key's sites are one run.
static void find_sites(void)
{
    const struct static_key_site *s = static_key_sites_start;
    while (s < static_key_sites_end) {
        struct static_key *key = s->key;
        if (key->sites)
            panic("static key %s: its sites are in two places", key->name);
        for (key->sites = s; s < static_key_sites_end && s->key == key; s++) {
            reserve(s);
            key->count++;
        }
        if (key->count > POKE_BATCH_MAX)
            panic("static key %s has %u sites", key->name, key->count);
    }
}

// Also those whose NOP is right, but not the best one.
struct text_result static_key_patch_all(void)
{
    struct text_result r = {0};
    size_t count = 0;
    find_sites();
    for (const struct static_key_site *s = static_key_sites_start;
         s < static_key_sites_end && r.reason == TEXT_OK; s++) {
        uint8_t bytes[POKE_MAX];
        bool on = static_key_enabled(s->key);
        make(s, on, bytes);
        if (holds(s, bytes))
            continue;
        add(&pokes[count++], s, on);
        if (count == POKE_BATCH_MAX) {
            r = text_poke_batch(pokes, count, "static_key", NULL);
            count = 0;
        }
    }
    return count ? text_poke_batch(pokes, count, "static_key", NULL) : r;
}
