// SPDX-License-Identifier: MIT
// relocate: whatever the run, its copy does the same or there is none.
//
//   input: options, 3 bytes of distance, 28 bytes of code at most
//
//   byte 0     bit 0: far away; bit 1: a map of 3; bit 2: calls may move
//   byte 1..3  the distance; of these byte 1 alone if it is near
//   byte 4..   the run
#include "kernel/string.h"
#include "smc/x86/decode.h"
#include "smc/x86/relocate.h"
#include "tests-host/fuzz.h"
#include <stdlib.h>

enum {
    HEAD = 4,
    CODE_MAX = 28,
    ADDRESS = 0xc0100000,
    FILL = 0xa5,
    WIDENED_LOOP = 9, // LOOP rel8, JMP rel8, JMP rel32, less prefixes
};

// Decodes one instruction of the run or of the copy; it must be one.
// Of a run that was taken there is no other kind, nor in its copy.
static struct insn decode(const uint8_t *code, uint32_t at, uint32_t size)
{
    struct insn insn;
    enum insn_status status = insn_decode(&insn, code + at, size - at,
                                          INSN_32);
    fuzz_demand(status == INSN_OK, "at %u: %s", at, insn_status_text(status));
    return insn;
}

// By the operands and not by insn_target, which cuts what is never moved.
static bool is_relative(const struct insn *insn, uint32_t address,
                        uint32_t *target)
{
    struct operand operands[INSN_OPERANDS];
    unsigned n = insn_operands(insn, operands);
    for (unsigned i = 0; i < n; i++) {
        if (operands[i].kind != OPERAND_REL)
            continue;
        *target = address + insn->length + (uint32_t)operands[i].disp;
        return true;
    }
    return false;
}

// Where a branch of the run must lead in the copy: along, if it stays inside.
// relocate_find of the end answers, too, but that is not inside.
static uint32_t expected(const struct relocation *r, uint32_t target)
{
    uint32_t inside = target - r->address, to;
    if (inside >= r->size)
        return target;
    fuzz_demand(relocate_find(r, inside, &to), "target %u is in the middle",
                inside);
    return r->out_address + to;
}

// LOOP over a JMP to the far target: see relocate.h.
//
//   e2 02 | eb 05 | e9 rel32     p is behind the LOOP
//      -1   0  1    end - 5
static void check_widened_loop(const struct relocation *r, uint32_t to,
                               const struct insn *loop, uint32_t target)
{
    const uint8_t *p = r->out + to + loop->length;
    uint32_t end = to + loop->length + WIDENED_LOOP - 2, found;
    struct insn jump = decode(r->out, end - 5, r->out_length);
    fuzz_demand(p[-1] == 2 && p[0] == 0xeb && p[1] == 5, "hops %02x %02x %02x",
                p[-1], p[0], p[1]);
    fuzz_demand(insn_target(&jump, r->out_address + end - 5, &found) &&
                    found == target,
                "a loop leads elsewhere than to %x", target);
}

// In order: there is no gap and no overlap, the bytes are the same unless they
// are relative, and what is relative leads to the same place.
static void check_one(const struct relocation *r, uint32_t i)
{
    const struct moved *m = &r->moved[i];
    struct insn before = decode(r->code, m->from, r->size);
    struct insn after = decode(r->out, m->to, r->out_length);
    uint32_t next = i + 1 < r->count ? m[1].to : r->out_length;
    uint32_t target, found;
    fuzz_demand(m->to + before.length + m->growth == next,
                "instruction %u: %u + %u + %u is not %u", i, m->to,
                before.length, m->growth, next);
    if (!is_relative(&before, r->address + m->from, &target)) {
        fuzz_demand(memcmp(before.bytes, after.bytes, before.length) == 0,
                    "instruction %u has changed", i);
        return;
    }
    target = expected(r, target);
    fuzz_demand(strcmp(insn_name(&before), insn_name(&after)) == 0,
                "%s became %s", insn_name(&before), insn_name(&after));
    if (before.length + m->growth != after.length) {
        check_widened_loop(r, m->to, &after, target);
        return;
    }
    fuzz_demand(is_relative(&after, r->out_address + m->to, &found) &&
                    found == target,
                "instruction %u leads to %x, not %x", i, found, target);
}

// A refusal leaves nothing behind.
// `out` is filled before, so that a byte that was written back counts as well.
static void check_untouched(const struct relocation *r)
{
    for (uint32_t i = 0; i < r->out_size; i++)
        fuzz_demand(r->out[i] == FILL, "refused, but byte %u is written", i);
}

// A block of its own of just that size: the sanitizer sees one byte more.
static enum relocate_status move(struct relocation *r, uint32_t out_size)
{
    r->out = malloc(out_size ? out_size : 1);
    r->out_size = out_size;
    memset(r->out, FILL, out_size);
    enum relocate_status status = relocate(r);
    fuzz_demand(*relocate_text(status), "status %u has no words", status);
    if (status != RELOCATE_OK)
        check_untouched(r);
    for (uint32_t i = 0; status == RELOCATE_OK && i < r->count; i++)
        check_one(r, i);
    free(r->out);
    return status;
}

// Without any room at first: what could be moved must say how much it needs.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moved moved[CODE_MAX];
    if (size <= HEAD)
        return 0;
    fuzz_begin(data, size);
    size = size - HEAD < CODE_MAX ? size - HEAD : CODE_MAX;
    uint8_t *code = fuzz_exact(data + HEAD, size);
    uint32_t distance = data[1] | data[2] << 8 | data[3] << 16;
    struct relocation r = {
        .code = code,
        .size = (uint32_t)size,
        .address = ADDRESS,
        // A few bytes away, where rel8 still reaches, or far.
        .out_address = ADDRESS + (data[0] & 1 ? distance << 8
                                              : (uint32_t)(int8_t)data[1]),
        .moved = moved,
        .moved_max = data[0] & 2 ? 3 : CODE_MAX,
        .calls = data[0] & 4,
    };
    // What is said to be needed must do, and one byte less must not.
    enum relocate_status status = move(&r, 0);
    if (status == RELOCATE_FULL) {
        uint32_t needed = r.out_length;
        fuzz_demand(move(&r, needed - 1) == RELOCATE_FULL, "%u bytes do",
                    needed - 1);
        fuzz_demand(move(&r, needed) == RELOCATE_OK, "%u bytes do not do",
                    needed);
    }
    free(code);
    return 0;
}
