// SPDX-License-Identifier: MIT
// Moved code, executed. All functions below lie in a section of their own,
// which is moved as one run: their calls of each other move along, their
// branches are whatever the compiler has made of them.
#include "tests-host/relocate_check.h"
#include <string.h>

enum { ROOM = 1 << 16, MOVED = 8192 };

// noclone and noinline: a copy of the function elsewhere would be called, and
// the moved one never. Without sanitizers: what they put in is code and data
// that the source does not tell of.
// clang makes no copies and has no such word.
#ifndef __clang__
#define NO_COPY noclone
#else
#define NO_COPY
#endif
#define MOVABLE                                                 \
    __attribute__((section("movable"), noinline, NO_COPY, used, \
                   no_sanitize("address", "undefined")))

// The linker makes these for a section whose name is a C name.
extern const uint8_t __start_movable[], __stop_movable[];

// No data of their own: under PIC its address would come from a call that
// looks at where it was made.
MOVABLE static uint32_t movable_gcd(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

// Branches forward and back, many of them short.
MOVABLE static uint32_t movable_hash(uint32_t a, uint32_t b)
{
    uint32_t h = 2166136261u;
    for (uint32_t i = 0; i < (b & 31); i++) {
        h = (h ^ (a >> i % 24 & 0xff)) * 16777619u;
        if (h & 0x40)
            h += b;
        else if (h % 3 == 1)
            h ^= a << 3;
    }
    return h;
}

MOVABLE static uint32_t movable_collatz(uint32_t a, uint32_t b)
{
    uint32_t steps = 0;
    for (a &= 0xffff; a > 1 && steps < (b & 0xff); steps++)
        a = a & 1 ? 3 * a + 1 : a / 2;
    return steps * 65536 + a;
}

// Calls of three others in the section.
MOVABLE static uint32_t movable_all(uint32_t a, uint32_t b)
{
    return movable_gcd(a, b | 1) ^
           (movable_hash(a, b) + movable_collatz(b, a));
}

// Recursion: the call's target moves along, too.
MOVABLE static uint32_t movable_fibonacci(uint32_t a, uint32_t b)
{
    a &= 15;
    return a < 2 ? a + (b & 1)
                 : movable_fibonacci(a - 1, b) + movable_fibonacci(a - 2, b);
}

// LOOP, LOOPNE and JECXZ, forward and back. Its head is moved on its own
// below: then their targets are far away.
//
//   movable_head   jecxz 3f       alone: its target stays behind
//                  1: ... loop 1b  leads into the run, moves along
//   movable_tail   2: ... loopne 2b
//                  3: ret
__asm__(".pushsection movable, \"ax\"\n"
        "movable_loops:\n\t"
        "movl 4(%esp), %ecx\n\t"
        "andl $63, %ecx\n\t"
        "movl 8(%esp), %eax\n\t"
        "movable_head:\n\t"
        "jecxz 3f\n"
        "1:\taddl %ecx, %eax\n\t"
        "roll $3, %eax\n\t"
        "loop 1b\n\t"
        "movable_tail:\n\t"
        "movl $40, %ecx\n"
        "2:\tincl %eax\n\t"
        "testb $31, %al\n\t"
        "loopne 2b\n"
        "3:\tret\n"
        ".popsection");
extern const uint8_t movable_loops[], movable_head[], movable_tail[];

// Both arguments are on the stack, as the assembly above expects.
typedef uint32_t function(uint32_t a, uint32_t b);

static const struct {
    const char *name;
    function *run;
} functions[] = {
    {"gcd", movable_gcd},
    {"hash", movable_hash},
    {"collatz", movable_collatz},
    {"all", movable_all},
    {"fibonacci", movable_fibonacci},
    {"loops", (function *)(uintptr_t)movable_loops},
};

static uint32_t guest(const void *at)
{
    return (uint32_t)(uintptr_t)at;
}

// Edge values first of all: 0 ends loops at once, -1 takes every branch.
static void compare(const char *name, function *here, function *there)
{
    for (int i = 0; i < 200; i++) {
        uint32_t a = host_random_edge(), b = host_random_edge();
        uint32_t x = here(a, b), y = there(a, b);
        host_judge(x == y, "%s(%x, %x): %x here, %x there", name, a, b, x, y);
    }
}

// Padding between the functions and whatever the compiler has put out of line
// goes along.
// The answers here are those of the compiler's code at its own place. One
// wrong distance would be a crash, or another number.
static void check_section(uint8_t *pages)
{
    static struct moved moved[MOVED];
    struct relocation r = {
        .code = __start_movable,
        .size = (uint32_t)(__stop_movable - __start_movable),
        .address = guest(__start_movable),
        .out = pages,
        .out_size = ROOM,
        .out_address = guest(pages),
        .moved = moved,
        .moved_max = MOVED,
        .calls = true,
    };
    enum relocate_status status = relocate(&r);
    if (!host_judge(status == RELOCATE_OK, "the section: %s at %#x",
                    relocate_text(status), r.at))
        return;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        uint32_t to;
        uint32_t from = guest((void *)functions[i].run) - r.address;
        if (host_judge(relocate_find(&r, from, &to), "%s is not found",
                       functions[i].name))
            compare(functions[i].name, functions[i].run,
                    (function *)(uintptr_t)(pages + to));
    }
}

// The part from `from` to `to` alone, then a jump to what follows. With
// everything in front of it copied by hand, since no branch leads there.
//
//   pages    [ lead, as it is ][ the part, longer ][ jmp ] --+
//   original [ lead ][ the part ][ what follows <------------+
static void check_part(uint8_t *pages, const uint8_t *from, const uint8_t *to)
{
    struct moved moved[16];
    uint32_t lead = (uint32_t)(from - movable_loops);
    struct relocation r = {
        .code = from,
        .size = (uint32_t)(to - from),
        .address = guest(from),
        .out = pages + lead,
        .out_size = ROOM - lead,
        .out_address = guest(pages) + lead,
        .moved = moved,
        .moved_max = 16,
    };
    memcpy(pages, movable_loops, lead);
    enum relocate_status status = relocate(&r);
    host_judge(status == RELOCATE_OK && r.out_length > r.size,
               "a part of %u bytes: %s, %u bytes", r.size,
               relocate_text(status), r.out_length);
    uint8_t *jump = r.out + r.out_length;
    uint32_t distance = guest(to) - guest(jump) - 5;
    *jump = 0xe9;
    memcpy(jump + 1, &distance, sizeof distance);
    compare("loops in part", (function *)(uintptr_t)movable_loops,
            (function *)(uintptr_t)pages);
}

void check_native(void)
{
    uint8_t *pages = host_code_pages(ROOM);
    check_section(pages);
    // JECXZ alone leads out of the run; so it does with the loop behind it.
    check_part(pages, movable_head, movable_head + 2);
    check_part(pages, movable_head, movable_tail);
}
