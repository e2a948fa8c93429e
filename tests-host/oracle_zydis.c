// SPDX-License-Identifier: MIT
// Oracle: Zydis, another decoder, is asked about the same bytes.
//
// Length, parts, operands, registers and flags, memory, control flow and
// privilege must agree, or the difference has a reason in
// oracle_zydis_quirks.c.
//
//   oracle_zydis FILE...            real code, flat, walked from end to end
//   oracle_zydis --count 1000000    random strings, and strings made so that
//                                   every opcode of every map comes as often
#include "tests-host/oracle_zydis.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

// 16: one byte more than the longest instruction, so that a string that is too
// long can be told from one that is cut.
enum { COUNT = 10 * 1000 * 1000, LENGTH_GIVEN = 16 };

static uint64_t strings, valid, unknown, unexplained;

// One report for each kind of difference that an opcode shows.
// A wrong row of a table shows in thousands of strings: one of them is enough.
static bool is_new(const struct insn *insn, uint32_t differences)
{
    static uint32_t seen[ENCODING_EVEX + 1][MAP_FP16 + 1][256];
    uint32_t *kinds = &seen[insn->encoding][insn->map][insn->opcode];
    bool new = differences & ~*kinds;
    *kinds |= differences;
    return new;
}

// Returns the length to go on with.
static unsigned judge(const uint8_t *bytes, size_t available,
                      enum insn_mode mode)
{
    static struct pair pair;
    pair_decode(&pair, bytes, available, mode);
    uint32_t differences = pair_compare(&pair);
    strings++;
    valid += pair.ours.valid && pair.theirs.valid;
    unknown += pair.status == INSN_UNKNOWN && pair.theirs.valid;
    differences = quirks_explain(&pair, differences);
    if (differences) {
        unexplained++;
        if (is_new(&pair.insn, differences))
            differences_print(&pair, differences);
    }
    // Where theirs is longer or shorter it has been counted; both start again
    // from here.
    return pair.ours.valid ? pair.ours.length : 1;
}

// Without its last byte an instruction is cut off, for both.
//
//   0f 84 3a 10 00 00    je     an instruction for both
//   0f 84 3a 10 00       --     INSN_TRUNCATED, NO_MORE_DATA
//
// A decoder that read the last byte nevertheless would answer as before.
static void judge_cut(const uint8_t *bytes, enum insn_mode mode)
{
    static struct pair pair;
    pair_decode(&pair, bytes, LENGTH_GIVEN, mode);
    if (!pair.ours.valid || !pair.theirs.valid || pair.ours.length < 2)
        return;
    pair_decode(&pair, bytes, pair.ours.length - 1u, mode);
    host_judge(pair.status == INSN_TRUNCATED &&
                   pair.their_status == ZYDIS_STATUS_NO_MORE_DATA,
               "one byte less: %s here, status %x there",
               insn_status_text(pair.status),
               ZYAN_STATUS_CODE(pair.their_status));
}

static void walk(const char *path)
{
    size_t size;
    const uint8_t *code = host_read_file(path, &size);
    for (size_t at = 0; at < size;)
        at += judge(code + at, size - at, INSN_32);
}

// Random strings ----------------------------------------------------------

static void fill(uint8_t out[LENGTH_GIVEN])
{
    for (int i = 0; i < LENGTH_GIVEN; i += 4) {
        uint32_t r = host_random();
        memcpy(out + i, &r, 4);
    }
}

// Each prefix is half as likely as the one before it.
// Up to four of them; 66 stands twice: it is a size and a mandatory prefix.
static unsigned random_prefixes(uint8_t *out)
{
    static const uint8_t all[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e,
                                  0x36, 0x3e, 0x26, 0x64, 0x65, 0x66};
    unsigned n = 0;
    while (n < 4 && host_random() & 1)
        out[n++] = all[host_random_below(sizeof all)];
    return n;
}

// The maps in turn, and in each the opcodes in turn; the rest is random.
//
//   [prefixes] [0f [38 | 3a]] opcode ......      4 maps
//   [prefixes] 0f 0f ModRM opcode ..........     3DNow!
static void by_opcode(uint8_t out[LENGTH_GIVEN], uint64_t number)
{
    static const uint8_t escapes[][2] = {
        {0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}, {0x0f, 0x0f}};
    enum { MAPS = sizeof escapes / sizeof escapes[0] };
    fill(out);
    unsigned at = random_prefixes(out), map = number % MAPS;
    for (unsigned i = 0; i < 2 && escapes[map][i]; i++)
        out[at++] = escapes[map][i];
    if (map == MAPS - 1)
        at += 1; // 3DNow!: behind ModRM of the register form
    out[at] = (uint8_t)(number / MAPS);
    if (map == MAPS - 1)
        out[at - 1] |= 0xc0;
}

// VEX, EVEX and XOP: the escape, a map that exists, any opcode.
// In 32-bit code the two bits behind the escape must be set: else these are
// LES, LDS and BOUND with an operand in memory. 8f with a map below 8 is POP.
// [SDM2 2.3.5]
static void by_vector(uint8_t out[LENGTH_GIVEN], uint64_t number)
{
    static const uint8_t escapes[] = {0xc4, 0xc5, 0x62, 0x8f};
    static const uint8_t maps[] = {1, 2, 3, 5, 6}; // 5 and 6: EVEX only
    fill(out);
    uint8_t escape = escapes[number & 3];
    out[0] = escape;
    if (escape == 0x8f)
        out[1] = (uint8_t)(0xe0 | (8 + host_random_below(3)));
    else if (escape != 0xc5)
        out[1] = (uint8_t)(0xf0 * (escape == 0x62) | 0xc0 | (out[1] & 0x20) |
                           maps[host_random_below(escape == 0x62 ? 5 : 3)]);
    else
        out[1] |= 0xc0;
}

// Of four strings one is any bytes, one a vector, two go by opcode: their
// numbers have no gap, so no opcode is left out. One of four is 16-bit code.
static void random_strings(uint64_t count)
{
    uint8_t bytes[LENGTH_GIVEN];
    for (uint64_t i = 0; i < count && !host_time_is_up(); i++) {
        switch (i % 4) {
        case 0: fill(bytes); break;
        case 1: by_vector(bytes, i / 4); break;
        default: by_opcode(bytes, i / 4 * 2 + i % 4 - 2);
        }
        enum insn_mode mode = host_random() & 3 ? INSN_32 : INSN_16;
        judge(bytes, sizeof bytes, mode);
        if (i % 16 < 4)
            judge_cut(bytes, mode);
    }
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "our decoder and Zydis on the same bytes");
    for (int i = 0; i < host.file_count; i++)
        walk(host.files[i]);
    if (host.file_count == 0 || host.count)
        random_strings(host.count ? host.count : COUNT);
    quirks_print();
    printf("%llu byte strings, %llu valid in both (%llu not in our "
           "tables), %llu unexplained differences\n",
           (unsigned long long)strings, (unsigned long long)valid,
           (unsigned long long)unknown, (unsigned long long)unexplained);
    host_judge(unexplained == 0, "%llu unexplained differences",
               (unsigned long long)unexplained);
    return host_end();
}
