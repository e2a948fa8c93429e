// SPDX-License-Identifier: MIT
// Blocks that are built for sites that do not exist, so that any distance may
// be asked for, and judged by decoding them.
#include "kernel/string.h"
#include "smc/patch/alternative/alternative.h"
#include "smc/patch/alternative/alternative_check.h"
#include "smc/x86/decode.h"

enum {
    LONG_NOPS = 1 << FEATURE_ALWAYS | 1 << FEATURE_LONG_NOP,
    SHORT_NOPS = 1 << FEATURE_ALWAYS,
    SITE = 8,
};

// Where the direct branch at out + at leads when it runs at site + at.
static uint32_t target_of(const uint8_t *out, uint32_t at, uint32_t site)
{
    struct insn insn;
    insn_decode(&insn, out + at, INSN_MAX, INSN_32);
    uint32_t rel = insn.imm_size == 1 ? (uint32_t)(int8_t)insn.imm : insn.imm;
    return site + at + insn.length + rel;
}

// Below, above, and round the end of the address space: distances are
// reckoned modulo 2^32, as the processor adds them. A CALL to the block's own
// start moves along with the block.
enum check_result check_distances(void)
{
    static const uint32_t places[] = {0x1000, 0x7ffffff0, 0x80000000,
                                      0xc0101000, 0xfffffff0};
    enum { COUNT = sizeof places / sizeof places[0] };
    uint8_t code[] = {0x40, 0xe8, 0, 0, 0, 0}; // inc, call
    uint8_t out[ALTERNATIVE_MAX + INSN_MAX];
    char why[160];
    unsigned right = 0, backwards = 0;
    for (unsigned i = 0; i < COUNT * COUNT * COUNT; i++) {
        uint32_t from = places[i % COUNT], to = places[i / COUNT % COUNT];
        uint32_t target = places[i / COUNT / COUNT];
        uint32_t rel = target - (from + sizeof code);
        memcpy(code + 2, &rel, sizeof rel);
        struct alternative_block block = {code, sizeof code, from, to, SITE};
        const char *refused = alternative_build(out, &block, LONG_NOPS, why,
                                                sizeof why);
        right += !refused &&
                 target_of(out, 1, to) == (target == from ? to : target);
        backwards += out[5] >> 7;
    }
    judged("%u of %u pairs of places, %u with a negative distance", right,
           COUNT * COUNT * COUNT, backwards);
    return verdict(right == COUNT * COUNT * COUNT && backwards > 0);
}

// A short jump out of the block: from a site nearby it reaches, with another
// distance; from one far away it would need three bytes that are not there.
enum check_result check_short_branch(void)
{
    static const uint8_t code[] = {0x90, 0xeb, 0x20}; // nop, jmp
    struct alternative_block block = {code, sizeof code, 0x5000, 0x5010,
                                      sizeof code};
    uint8_t out[ALTERNATIVE_MAX + INSN_MAX];
    char near[160], far[160] = "not refused";
    const char *near_refused = alternative_build(out, &block, LONG_NOPS, near,
                                                 sizeof near);
    uint32_t target = target_of(out, 1, block.site);
    block.site = 0x5200;
    const char *far_refused = alternative_build(out, &block, LONG_NOPS, far,
                                                sizeof far);
    judged("from 0x5010 it leads to 0x%x; from 0x5200: %s", target, far);
    return verdict(!near_refused && target == 0x5023 && far_refused &&
                   strncmp(far, "replacement + 1: a rel8", 23) == 0);
}

// One instruction of `len` bytes, and one that goes on behind itself.
static bool is_one_nop(const uint8_t *bytes, size_t len)
{
    struct insn insn;
    return insn_decode(&insn, bytes, len, INSN_32) == INSN_OK &&
           insn.length == len && insn_flow(&insn) == FLOW_NEXT;
}

static bool is_int3(const uint8_t *bytes, size_t len)
{
    while (len--)
        if (*bytes++ != 0xcc)
            return false;
    return true;
}

// A replacement that falls through, one that does not, and one that does not
// but for a branch to its end, in sites of every
// length, for processors with and without the long NOP.
enum check_result check_padding(void)
{
    static const uint8_t inc[] = {0x40}, ret[] = {0xc3};
    static const uint8_t both[] = {0x74, 0x01, 0xc3}; // je to the end; ret
    uint8_t out[ALTERNATIVE_MAX];
    char why[160], bytes[24], seen[64] = "";
    unsigned wrong = 0;
    for (uint8_t len = 2; len <= ALTERNATIVE_MAX; len++)
        for (int i = 0; i < 2; i++) {
            uint32_t set = i ? LONG_NOPS : SHORT_NOPS;
            struct alternative_block b = {inc, 1, 0x1000, 0x2000, len};
            wrong += alternative_build(out, &b, set, why, sizeof why) != NULL;
            wrong += !is_one_nop(out + 1, len - 1u);
            wrong += !i && len > 3 && out[1] != 0x66;
            if (len == 6)
                ksnprintf(seen + strlen(seen), 32, "%s%s", i ? ", " : "",
                          hex_bytes(bytes, sizeof bytes, out, len));
            b.code = ret;
            wrong += alternative_build(out, &b, set, why, sizeof why) != NULL;
            wrong += !is_int3(out + 1, len - 1u);
            b = (struct alternative_block){both, 3, 0x1000, 0x2000, len};
            wrong += len > 3 &&
                     (alternative_build(out, &b, set, why, sizeof why) ||
                      !is_one_nop(out + 3, len - 3u));
        }
    judged("2 to 15 bytes, %u wrong; 6 without and with long NOPs: %s", wrong,
           seen);
    return verdict(!wrong);
}

// What relocate() refuses: each is named with its offset in the replacement.
enum check_result check_unmovable(void)
{
    static const struct {
        uint8_t code[6], len;
        const char *words;
    } bad[] = {
        {{0x40, 0xe8, 0}, 3, "replacement + 1: "},    // half a CALL
        {{0x90, 0x0f, 0xff}, 3, "replacement + 1: "}, // UD0 without modrm
        {{0xeb, 0x01, 0xb8, 1, 2, 3}, 6, "replacement + "}, // into the MOV
        {{0x66, 0xe9, 0, 0}, 4, "replacement + 0: "},       // cuts EIP
    };
    uint8_t out[ALTERNATIVE_MAX];
    char why[160], last[160] = "";
    unsigned refused = 0;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct alternative_block b = {bad[i].code, bad[i].len, 0x1000, 0x2000,
                                      SITE};
        const char *r = alternative_build(out, &b, LONG_NOPS, why, sizeof why);
        refused += r && strncmp(r, bad[i].words, strlen(bad[i].words)) == 0;
        strlcpy(last, r ? r : "not refused", sizeof last);
    }
    judged("%u of %u refused; the last: %s", refused,
           (unsigned)(sizeof bad / sizeof bad[0]), last);
    return verdict(refused == sizeof bad / sizeof bad[0]);
}
