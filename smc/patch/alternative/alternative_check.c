// SPDX-License-Identifier: MIT
// Suite `alternative`: what a site does before, with each replacement, and
// after the undo. Blocks that are only built, not run, are in
// alternative_check_build.c, the kernel's own uses in alternative_check_use.c.
#include "smc/patch/alternative/alternative_check.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/patch/alternative/alternative_subject.h"

enum { LAB_A = 1 << FEATURE_LAB_A, LAB_B = 1 << FEATURE_LAB_B };

// A site's bytes, and what its function makes of three values.
struct seen {
    uint8_t bytes[ALTERNATIVE_MAX];
    uint32_t results[3];
};

static const uint32_t asked[3] = {0, 41, (uint32_t)-7};

static struct seen look(const struct alternative *a, uint32_t (*f)(uint32_t))
{
    struct seen seen = {0};
    memcpy(seen.bytes, a->site, a->site_len);
    for (unsigned i = 0; i < 3; i++)
        seen.results[i] = f(asked[i]);
    return seen;
}

static bool gave(const struct seen *seen, uint32_t a, uint32_t b, uint32_t c)
{
    return seen->results[0] == a && seen->results[1] == b &&
           seen->results[2] == c;
}

// Applies, looks and takes back. Whether all of that went well, and the site
// is as it was, is in *ok; what was found in the middle is returned.
static struct seen trial(const struct alternative *a, uint32_t (*f)(uint32_t),
                         uint32_t features, bool *ok)
{
    char why[160];
    struct seen before = look(a, f);
    const char *refused = alternative_apply(
        a, alternatives_features() | features, why, sizeof why);
    struct seen seen = look(a, f);
    bool same = memcmp(seen.bytes, before.bytes, a->site_len) == 0;
    bool restored = same || alternative_restore(a);
    struct seen after = look(a, f);
    *ok = !refused && restored && memcmp(&before, &after, sizeof after) == 0;
    return seen;
}

// The distance of a CALL that stands second. Linux 2006..2023 mended only one
// that stood first.
static enum check_result check_call(void)
{
    const struct alternative *a = alternative_in(alternative_calls);
    bool ok;
    char bytes[64];
    struct seen old = look(a, alternative_calls);
    struct seen new = trial(a, alternative_calls, LAB_A, &ok);
    judged("%s: 0, 41, -7 -> %u, %u, %u; undone: %s",
           hex_bytes(bytes, sizeof bytes, new.bytes, a->site_len),
           new.results[0], new.results[1], new.results[2], ok ? "yes" : "no");
    return verdict(ok && gave(&old, 1, 1, 1) && gave(&new, 11, 52, 4));
}

// One site, two features: of four sets, the last entry that is met. The first
// replacement is shorter than the site, and its branch leads to its own end:
// into the padding, not to where the replacement ended in rodata.
static enum check_result check_two(void)
{
    const struct alternative *a = alternative_in(alternative_branches);
    bool ok[4];
    struct seen s[4];
    char one[64];
    for (unsigned i = 0; i < 4; i++)
        s[i] = trial(a, alternative_branches,
                     (i & 1 ? LAB_A : 0) | (i & 2 ? LAB_B : 0), &ok[i]);
    judged("-7 with neither, a, b, both -> %d, %u, %u, %u; a: %s",
           (int)s[0].results[2], s[1].results[2], s[2].results[2],
           s[3].results[2],
           hex_bytes(one, sizeof one, s[1].bytes, a->site_len));
    return verdict(ok[0] && ok[1] && ok[2] && ok[3] &&
                   gave(&s[0], 0, 41, (uint32_t)-7) && gave(&s[1], 0, 41, 7) &&
                   gave(&s[2], 10, 51, 17) && gave(&s[3], 10, 51, 17));
}

// A JMP out of the site, backwards; what is left of the site is never reached
// and becomes INT3. The old instructions come from the macro for assembler.
static enum check_result check_jump(void)
{
    const struct alternative *a = alternative_in(alternative_jumps);
    bool ok;
    char bytes[64];
    struct seen old = look(a, alternative_jumps);
    struct seen new = trial(a, alternative_jumps, LAB_A, &ok);
    int32_t rel;
    memcpy(&rel, new.bytes + 1, sizeof rel);
    judged("%s: 41 -> %u, before %u",
           hex_bytes(bytes, sizeof bytes, new.bytes, a->site_len),
           new.results[1], old.results[1]);
    return verdict(ok && gave(&old, 1, 42, (uint32_t)-6) &&
                   gave(&new, 0, 82, (uint32_t)-14) && rel < 0 &&
                   new.bytes[5] == 0xcc && new.bytes[6] == 0xcc);
}

// A refusal must be a refusal: the bytes stay, and the words say where.
static enum check_result check_foreign(void)
{
    const struct alternative *a = alternative_in(alternative_calls);
    struct alternative wrong = *a;
    uint8_t before[ALTERNATIVE_MAX];
    char why[160] = "not refused";
    wrong.new_len = (uint8_t)(a->site_len + 1);
    memcpy(before, a->site, a->site_len);
    struct alternative_block block = {.code = wrong.replacement,
                                      .len = wrong.new_len,
                                      .address = (uint32_t)wrong.replacement,
                                      .site = (uint32_t)wrong.site,
                                      .site_len = wrong.site_len};
    uint8_t out[ALTERNATIVE_MAX];
    const char *refused = alternative_build(
        out, &block, alternatives_features(), why, sizeof why);
    judged("%s", why);
    return verdict(refused && memcmp(before, a->site, a->site_len) == 0);
}

static const struct check alternative_checks[] = {
    {"a CALL that is not first still calls, and the undo restores",
     check_call},
    {"of two features the last wins; a branch to the end stays inside",
     check_two},
    {"a JMP backwards leads where it did, with INT3 behind it", check_jump},
    {"a replacement longer than its site is refused in words", check_foreign},
    {"a CALL leads to one place from anywhere", check_distances},
    {"a rel8 that does not reach is refused, one that does is not",
     check_short_branch},
    {"what is left of a site is one instruction, of either kind of NOP",
     check_padding},
    {"code that cannot be moved is refused by the place in it",
     check_unmovable},
    {"every site of the kernel is as its features want it", check_kernel},
    {"bits are counted alike by loop and by instruction", check_popcount},
    {"blocks are copied and filled, and nothing beside them", check_blocks},
    {"lock prefixes come and go, and mean the same to one CPU", check_locks},
};
CHECK_SUITE(alternative, alternative_checks);
