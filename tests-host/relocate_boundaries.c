// SPDX-License-Identifier: MIT
// Every patch of every random function, judged twice: by the engine's marks,
// and by asking one byte after the other.
#include "smc/x86/decode.h"
#include "tests-host/relocate_check.h"
#include <string.h>

// Short, so that all 594 pairs of offset and length can be asked.
enum { SIZE = 32, ADDRESS = 0x4000 };

// The function as a list, which the engine does not have.
struct code {
    uint8_t bytes[SIZE];
    uint32_t starts[SIZE + 1], count; // the last is the end of what decodes
    bool unknown[SIZE];               // is the instruction of this start?
    bool indirect;
};

// May somebody come back to what is behind it?
static bool is_returned_to(const struct insn *insn)
{
    enum insn_flow flow = insn_flow(insn);
    return is_call(insn) || flow == FLOW_INTERRUPT || flow == FLOW_HALT ||
           flow == FLOW_SYSTEM;
}

// What is unknown has a length, and so a start, but no flow to ask for.
static void walk(struct code *c)
{
    struct insn insn;
    uint32_t at = 0;
    c->count = 0;
    c->indirect = false;
    while (at < SIZE) {
        enum insn_status status = insn_decode(&insn, c->bytes + at, SIZE - at,
                                              INSN_32);
        if (!insn_has_length(status))
            break;
        if (insn.row) {
            enum insn_flow flow = insn_flow(&insn);
            c->indirect |= flow == FLOW_JUMP_INDIRECT || flow == FLOW_JUMP_FAR;
        }
        c->unknown[c->count] = status == INSN_UNKNOWN;
        c->starts[c->count++] = at;
        at += insn.length;
    }
    c->starts[c->count] = at;
}

// `<=`: the end of what decodes is a boundary, too.
static bool is_start(const struct code *c, uint32_t offset)
{
    for (uint32_t i = 0; i <= c->count; i++)
        if (c->starts[i] == offset)
            return true;
    return false;
}

// Does a branch lead behind the first byte, or a call return there?
// A call whose end is the end of the patch returns behind it: that is fine.
static bool is_entered(const struct code *c, uint32_t offset, uint32_t end)
{
    uint32_t target;
    for (uint32_t i = 0; i < c->count; i++) {
        struct insn insn;
        uint32_t at = c->starts[i], next = c->starts[i + 1];
        insn_decode(&insn, c->bytes + at, SIZE - at, INSN_32);
        if (!insn.row)
            continue;
        if (is_returned_to(&insn) && at >= offset && next < end)
            return true;
        if (insn_target(&insn, ADDRESS + at, &target) &&
            target > ADDRESS + offset && target < ADDRESS + end)
            return true;
    }
    return false;
}

// Padding is the engine's own notion: its `end` is taken over.
// All conditions at once, where the engine asks one after the other: whether
// it may be patched must agree, the first reason need not.
static bool may_patch(const struct code *c, uint32_t code_end, uint32_t offset,
                      uint32_t length)
{
    uint32_t end = offset + length, inside = 0;
    if (!length || end > code_end || !is_start(c, offset) || !is_start(c, end))
        return false;
    for (uint32_t i = 0; i < c->count; i++) {
        bool touched = c->starts[i] >= offset && c->starts[i] < end;
        inside += touched;
        if (touched && c->unknown[i])
            return false;
    }
    // What does not decode, and what jumps anywhere, may lead anywhere.
    bool is_clear = !c->indirect && c->starts[c->count] == SIZE;
    return !is_entered(c, offset, end) && (inside == 1 || is_clear);
}

// One length more than there are bytes: that must be refused as well.
static void judge_function(struct code *c)
{
    uint8_t marks[SIZE];
    struct boundaries b;
    char why[100], bytes[3 * SIZE];
    hex_bytes(bytes, sizeof bytes, c->bytes, SIZE);
    walk(c);
    boundaries_find(&b, c->bytes, SIZE, ADDRESS, marks);
    host_judge(b.count == c->count && b.decoded == c->starts[c->count] &&
                   b.end <= b.decoded && b.indirect == c->indirect,
               "%u instructions to %u: %s", b.count, b.decoded, bytes);
    for (uint32_t offset = 0; offset <= SIZE; offset++)
        for (uint32_t length = 0; length <= SIZE - offset + 1; length++) {
            struct boundary_verdict v = boundaries_may_patch(&b, offset,
                                                             length);
            host_judge((v.reason == BOUNDARY_OK) ==
                           may_patch(c, b.end, offset, length),
                       "%u bytes at %u: %s: %s", length, offset,
                       boundaries_explain(why, sizeof why, &v), bytes);
        }
}

// One- and two-byte instructions, short branches, calls, and the rest.
//
//   55 push   c3 ret      74 je     eb jmp    e2 loop   31 xor
//   90 nop    cc int3     8d lea    ff group  40 inc    04 add
//
// One byte of four is below 16, a distance that stays inside. Every second
// function has a CALL of what follows it, put anywhere, and every fourth
// something that is not in the tables.
static void make_function(struct code *c)
{
    static const uint8_t likely[] = {0x55, 0x90, 0xc3, 0x74, 0xeb, 0xe2,
                                     0x31, 0xcc, 0x8d, 0xff, 0x40, 0x04};
    for (uint32_t i = 0; i < SIZE; i++)
        c->bytes[i] = host_random_below(4)
                          ? likely[host_random_below(sizeof likely)]
                          : (uint8_t)host_random_below(16);
    if (!host_random_below(2))
        memcpy(c->bytes + host_random_below(20), "\xe8\x00\x00\x00\x00", 5);
    if (!host_random_below(4))
        memcpy(c->bytes + host_random_below(20), "\xc5\xf8\x04\xc0", 4);
}

// The model takes `end` over from the engine, so it is asked here: bytes, how
// many, and where padding begins.
static void check_end(void)
{
    static const struct {
        const char *bytes;
        uint32_t size, end;
    } known[] = {
        {"\xc3\x90\xcc", 3, 1},           // ret; nop; int3
        {"\x90\xc3\x66\x90", 4, 2},       // ret; xchg %ax,%ax
        {"\xc3\x8d\x76\x00", 4, 1},       // ret; lea 0(%esi),%esi
        {"\xc3\x8d\x2d\0\0\0\0", 7, 7},   // ret; lea 0,%ebp
        {"\xc3\x67\x8d\x76\x00", 5, 5},   // ret; lea 0(%bp),%esi
        {"\x74\x01\xc3\x90\xcc", 5, 5},   // je to the NOP
        {"\xeb\x00\x90", 3, 3},           // jmp to the NOP
        {"\xc3\x90\x40\xc3", 4, 4},       // more code behind the NOP
        {"\xcf\x90", 2, 1},               // iret
        {"\xea\0\0\0\0\x08\0\x90", 8, 7}, // ljmp
        {"\x9a\0\0\0\0\x08\0\x90", 8, 8}, // lcall comes back
        {"\xff\xe0\x90", 3, 2},           // jmp *%eax
        {"\xf4\x90", 2, 2},               // hlt goes on
    };
    for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t marks[SIZE];
        struct boundaries b;
        boundaries_find(&b, (const uint8_t *)known[i].bytes, known[i].size,
                        ADDRESS, marks);
        host_judge(b.end == known[i].end && b.decoded == known[i].size,
                   "padding, case %u: end %u of %u", i, b.end, b.decoded);
    }
}

// Each refusal has words of its own.
// A user who is refused reads nothing else.
static void check_words(void)
{
    char one[100], other[100];
    for (unsigned i = 0; i <= BOUNDARY_INDIRECT; i++)
        for (unsigned k = 0; k < i; k++) {
            struct boundary_verdict a = {i, 0x10, 0x20}, b = {k, 0x10, 0x20};
            host_judge(strcmp(boundaries_explain(one, sizeof one, &a),
                              boundaries_explain(other, sizeof other, &b)),
                       "%u and %u both say %s", i, k, one);
        }
}

void check_boundaries(uint64_t count)
{
    struct code c;
    check_words();
    check_end();
    for (uint64_t i = 0; i < count; i++) {
        make_function(&c);
        judge_function(&c);
    }
}
