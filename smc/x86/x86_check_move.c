// SPDX-License-Identifier: MIT
// Suite `x86`: instructions that were moved, and run where they are now.
//
// Running is the judge: a distance that is wrong by one leads into the middle
// of an instruction, and the result, if there is one, is another.
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/x86/assemble.h"
#include "smc/x86/relocate.h"
#include "smc/x86/x86_check.h"
#include "smc/x86/x86_sample.h"
#include "smc/x86/x86_show.h"

enum { ROOM = 4096, MOVED = 1024, HOP_AT = 0x100000 };
static uint8_t room[ROOM];
static struct moved moved[MOVED];

// Padding goes along: it is code as far as the symbols tell, and does no harm.
static struct relocation whole_function(const void *function)
{
    struct relocation r = {.out = room,
                           .out_size = ROOM,
                           .moved = moved,
                           .moved_max = MOVED,
                           .calls = true};
    symbol_range(function, &r.code, &r.size);
    r.address = (uint32_t)r.code;
    return r;
}

// Returns where the copy may be called, or NULL. The place must be known
// before the code is made. Half as much again is room enough: few branches
// grow. room[] is free again when this returns: the door has copied it.
static void *move_to(struct arena *arena, const void *function,
                     uint32_t *length)
{
    struct relocation r = whole_function(function);
    uint8_t *place = arena_reserve(arena, r.size + r.size / 2, 16);
    if (!place)
        return NULL;
    r.out_address = (uint32_t)place;
    if (relocate(&r) != RELOCATE_OK || r.out_length > r.size + r.size / 2)
        return NULL;
    *length += r.out_length;
    struct text_result written = arena_write(arena, place, room, r.out_length,
                                             "x86-chk");
    return written.reason == TEXT_OK ? place : NULL;
}

// With calls into the rest of the kernel, loops and branches both ways. A call
// that was copied as it stood would miss its target by as much as the copy is
// away from the original.
// Each is called with what takes it through its loops, and parse_u32 once more
// with what it refuses.
static bool same_when_moved(struct arena *arena, uint32_t *length)
{
    char here[64], there[64];
    int (*print)(char *, size_t, const char *,
                 ...) = move_to(arena, (const void *)ksnprintf, length);
    uint32_t (*divide)(uint64_t *, uint32_t) = move_to(
        arena, (const void *)u64_divmod, length);
    bool (*parse)(const char *, uint32_t *) = move_to(
        arena, (const void *)parse_u32, length);
    uint32_t (*sum)(uint32_t) = move_to(arena, (const void *)x86_sum, length);
    if (!print || !divide || !parse || !sum)
        return false;
    int n = ksnprintf(here, sizeof here, "%08x %s %-5d|", 0xbeef, "text", -7);
    bool same = print(there, sizeof there, "%08x %s %-5d|", 0xbeef, "text",
                      -7) == n &&
                strcmp(here, there) == 0;
    uint64_t a = 1234567890123ull, b = a;
    same &= divide(&a, 1000) == u64_divmod(&b, 1000) && a == b;
    // Reports know where a generated block begins, so the operand's byte is
    // found to be in the instruction before it.
    const uint8_t *block = (const uint8_t *)(uintptr_t)sum;
    same &= x86_instruction_at(block + 5) == block + 4;
    uint32_t value = 0;
    same &= parse("0x12345678", &value) && value == 0x12345678;
    return same && !parse("12x", &value) && sum(1000) == x86_sum(1000);
}

// The arena goes in any case; what was generated there goes with it.
enum check_result x86_check_moved(void)
{
    uint32_t length = 0;
    if (x86_check_patched((const void *)x86_sum))
        return CHECK_SKIP;
    struct arena *arena = arena_create("x86 check", 2 * PAGE_SIZE);
    if (!arena)
        return CHECK_FAIL;
    bool same = same_when_moved(arena, &length);
    arena_destroy(arena);
    judged("ksnprintf, u64_divmod, parse_u32 and x86_sum, %u bytes", length);
    return verdict(same);
}

// Byte by byte, as drawn below, and where the last jump leads.
static bool is_hop(const uint8_t *code, uint8_t opcode, uint32_t target)
{
    const uint8_t hop[] = {opcode, 2, 0xeb, 5};
    struct insn jump;
    uint32_t at = HOP_AT + sizeof hop, to;
    return memcmp(code, hop, sizeof hop) == 0 &&
           insn_decode(&jump, code + sizeof hop, 5, INSN_32) == INSN_OK &&
           insn_target(&jump, at, &to) && to == target;
}

// One instruction at a time, so that every target is outside and far.
//
//   00001000   e2 f6    loop 0xff8      00100000   e2 02      loop  1f
//                                                  eb 05      jmp   2f
//                                                  e9 rel32   1: jmp 0xff8
//                                       00100009              2:
enum check_result x86_check_hops(void)
{
    static const char *const lines[] = {"loop .", "loope .", "loopne .",
                                        "jecxz ."};
    char text[X86_SHOW_MAX] = "";
    uint32_t right = 0;
    for (unsigned i = 0; i < 4; i++) {
        struct assembled a;
        struct relocation r = {.address = 0x1000,
                               .out = room,
                               .out_size = ROOM,
                               .out_address = HOP_AT,
                               .moved = moved,
                               .moved_max = MOVED};
        // "." is itself, fe. 8 bytes less is in front of the run, outside it.
        if (!assemble(&a, lines[i], 0x1000, NULL))
            break;
        a.bytes[1] -= 8;
        r.code = a.bytes;
        r.size = a.len;
        right += relocate(&r) == RELOCATE_OK && r.out_length == 9 &&
                 is_hop(room, a.bytes[0], 0xff8);
        x86_show_all(text, sizeof text, room, r.out_length, HOP_AT);
    }
    judged("%u of 4; the last is %s", right, text);
    return verdict(right == 4);
}

// The run, and the words that its refusal must have. The buffer is looked at
// behind its end, too: 0xee is what no run here would write.
static bool refuses(const char *bytes, uint32_t size, const char *word)
{
    struct relocation r = {.code = (const uint8_t *)bytes,
                           .size = size,
                           .address = 0x1000,
                           .out = room,
                           .out_size = 16,
                           .out_address = 0x100000,
                           .moved = moved,
                           .moved_max = 8};
    memset(room, 0xee, ROOM);
    enum relocate_status status = relocate(&r);
    bool untouched = true;
    for (unsigned i = 0; i < ROOM; i++)
        untouched &= room[i] == 0xee;
    return status != RELOCATE_OK && untouched &&
           strcmp(relocate_text(status), word) == 0;
}

// One thing is wrong with each run. Seven of the nine refusals: prefixes that
// leave no room for rel32, and instructions that no table has, are left to
// tests-host/.
enum check_result x86_check_move_refusals(void)
{
    uint32_t right = 0;
    right += refuses("\xb8\x01", 2, "the run ends inside an instruction");
    // The NOP in front could be moved: it must not be in the buffer either.
    right += refuses("\x90\x0f\x0a", 3, "undefined opcode");
    right += refuses("\x66\x0f\x84\x10\x00", 5,
                     "a branch that cuts EIP to 16 bits");
    right += refuses("\xe8\x00\x01\x00\x00", 5,
                     "a CALL would push another return address");
    right += refuses("\xeb\x01\xb8\x01\x00\x00\x00", 7,
                     "a branch into the middle of an instruction");
    right += refuses("\x90\x90\x90\x90\x90\x90\x90\x90\x90", 9,
                     "more instructions than there is room for");
    // Two LOOPs with far targets need 18 bytes; there are 16.
    right += refuses("\xe2\x7f\xe2\x7d", 4, "the moved code does not fit");
    judged("%u of 7 refusals, the buffer untouched", right);
    return verdict(right == 7);
}
