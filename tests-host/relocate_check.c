// SPDX-License-Identifier: MIT
// Relocation and boundaries against their own promises: any run of bytes that
// is moved does the same elsewhere, or is refused for a reason that is true.
//
//   relocate_check [--count N] [FLAT...]
//
// Runs are cut out of the files (raw machine code) and out of random bytes.
// What is expected is worked out by plain walks over the code, another way
// than the engine's. Part of it is executed: relocate_native.c.
#include "tests-host/relocate_check.h"
#include "smc/x86/decode.h"
#include <stdlib.h>
#include <string.h>

// ROOM: widened, a Jcc of 2 bytes has 6 and a LOOP 9. Four times is enough for
// any run but one of LOOPs only, and these do not come up.
enum { RUN_MAX = 120, MOVED = 128, ROOM = 4 * RUN_MAX, GUARD = 0xee };

// A bit for each status seen. A refusal that no run reaches is not tested, and
// the test would not know.
static uint32_t reached;

// Asked again for each question: a run is short, and nothing need be kept.
static struct insn decode_at(const uint8_t *code, uint32_t at, uint32_t size)
{
    struct insn insn;
    insn_decode(&insn, code + at, size - at, INSN_32);
    return insn;
}

// The place of an old offset in the copy, by a walk; false: not a start.
static bool new_place(const struct relocation *r, uint32_t from, uint32_t *to)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (r->moved[i].from == from) {
            *to = r->moved[i].to;
            return true;
        }
    return false;
}

// Where the relative operand leads. insn_target works it out anew; the engine
// asks the operands instead.
static bool is_relative(const struct insn *insn, uint32_t address,
                        uint32_t *target)
{
    return insn_target(insn, address, target);
}

static bool leads_to(const struct insn *insn, uint32_t address,
                     uint32_t target)
{
    uint32_t found;
    return insn->row && is_relative(insn, address, &found) && found == target;
}

// Along with the run, or where it led.
static uint32_t wanted_target(const struct relocation *r, uint32_t target)
{
    uint32_t to;
    if (target - r->address < r->size &&
        new_place(r, target - r->address, &to))
        return r->out_address + to;
    return target;
}

// The two jumps behind a LOOP that was widened; `at` is behind the LOOP.
//
//   loop +2    over the next
//   jmp  +5    out, behind the last
//   jmp  rel32 to the target
static bool is_hop(const struct relocation *r, const struct insn *loop,
                   uint32_t at, uint32_t target)
{
    struct insn past = decode_at(r->out, at, r->out_length);
    struct insn jump = decode_at(r->out, at + past.length, r->out_length);
    uint32_t end = r->out_address + at + past.length + jump.length;
    return loop->imm == past.length && past.opcode == 0xeb &&
           jump.opcode == 0xe9 && leads_to(&past, r->out_address + at, end) &&
           leads_to(&jump, r->out_address + at + past.length, target);
}

// One instruction: the same bytes, or the same branch to the right place.
static bool same_there(const struct relocation *r, const struct moved *m,
                       uint32_t new_end)
{
    struct insn old = decode_at(r->code, m->from, r->size);
    struct insn new = decode_at(r->out, m->to, r->out_length);
    uint32_t target;
    if (!is_relative(&old, r->address + m->from, &target))
        return new_end - m->to == old.length &&
               !memcmp(r->code + m->from, r->out + m->to, old.length);
    target = wanted_target(r, target);
    if (!new.row || strcmp(insn_name(&old), insn_name(&new)) != 0 ||
        old.prefixes != new.prefixes)
        return false;
    if (new_end - m->to != new.length)
        return is_hop(r, &new, m->to + new.length, target);
    return leads_to(&new, r->out_address + m->to, target);
}

// The map is walked in step with the old code: nothing left out, nothing
// doubled, each where relocate_find says.
// One instruction lost or doubled, and `from` is out of step.
static bool judge_moved(const struct relocation *r)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct moved *m = &r->moved[i];
        uint32_t end = i + 1 < r->count ? m[1].to : r->out_length;
        uint32_t found;
        if (m->from != from || !same_there(r, m, end) ||
            !relocate_find(r, from, &found) || found != m->to)
            return false;
        from += decode_at(r->code, from, r->size).length;
    }
    return from == r->size;
}

// Refusals ----------------------------------------------------------------

// From the beginning each time: no marks that could be wrong.
static bool is_start(const struct relocation *r, uint32_t offset)
{
    uint32_t at = 0;
    while (at < offset)
        at += decode_at(r->code, at, r->size).length;
    return at == offset;
}

// The same request with all the room there is. A refusal for want of room must
// be that and nothing else, and must have told how much is needed.
static bool succeeds_with_room(const struct relocation *r)
{
    static uint8_t out[ROOM];
    static struct moved moved[MOVED];
    struct relocation again = *r;
    again.out = out;
    again.out_size = ROOM;
    again.moved = moved;
    again.moved_max = MOVED;
    return relocate(&again) == RELOCATE_OK &&
           again.out_length == r->out_length;
}

// Is the reason true of the instruction it names?
//
//   status     must hold
//   _16_BIT    a relative operand, and operands of 16 bits
//   _MIDDLE    the target is in the run, and nothing begins there
//   _LONG      a short branch with so many prefixes that 15 bytes do not do
//   _MANY      `moved` is full
//   _FULL      out_length is more than the room, and enough
//
// Relative to r->at: the run is taken as if it stood at 0, so `to` is an
// offset.
static bool judge_refusal(const struct relocation *r,
                          enum relocate_status status)
{
    struct insn insn;
    enum insn_status decoded = insn_decode(&insn, r->code + r->at,
                                           r->size - r->at, INSN_32);
    uint32_t to = 0;
    bool relative = insn.row && is_relative(&insn, r->at, &to);
    switch (status) {
    case RELOCATE_TRUNCATED: return decoded == INSN_TRUNCATED;
    case RELOCATE_UNDEFINED:
        return decoded == INSN_UNDEFINED || decoded == INSN_TOO_LONG;
    case RELOCATE_UNKNOWN: return decoded == INSN_UNKNOWN;
    case RELOCATE_16_BIT: return relative && insn.operand_size == 2;
    case RELOCATE_CALL: return !r->calls && is_call(&insn);
    case RELOCATE_MIDDLE: return relative && to < r->size && !is_start(r, to);
    case RELOCATE_LONG: {
        unsigned growth = insn.opcode == 0xeb ? 3 : 4; // rel8 to rel32
        return relative && insn.imm_size == 1 && insn.length + growth > 15;
    }
    case RELOCATE_MANY: return r->count == r->moved_max;
    case RELOCATE_FULL:
        return r->out_length > r->out_size && succeeds_with_room(r);
    default: return false;
    }
}

// One run, moved to where the random values say. The buffers are as large as
// they claim to be and no larger, so that the sanitizer sees an overrun.
// One copy of four has little room, one of eight a small map. Half go close
// by, where rel8 still reaches, half anywhere.
//
// The byte behind the room is watched as well, and all of it if the run is
// refused: nothing may be in `out` then.
static void judge_run(const uint8_t *code, uint32_t size)
{
    uint32_t room = host_random_below(4) ? ROOM : host_random_below(size + 9);
    uint32_t many = host_random_below(8) ? MOVED : host_random_below(20);
    uint32_t near = 0x8000 + host_random_below(600) - 300;
    struct relocation r = {
        .code = code,
        .size = size,
        .address = 0x8000,
        .out = malloc(room + 1),
        .out_size = room,
        .out_address = host_random_below(2) ? near : host_random_edge(),
        .moved = malloc((many + 1) * sizeof *r.moved),
        .moved_max = many,
        .calls = host_random_below(2),
    };
    memset(r.out, GUARD, room + 1);
    enum relocate_status status = relocate(&r);
    reached |= 1u << status;
    bool good = status == RELOCATE_OK ? judge_moved(&r)
                                      : judge_refusal(&r, status);
    uint32_t clean = status == RELOCATE_OK ? r.out_length : 0;
    good &= clean <= room;
    for (; clean <= room; clean++)
        good &= r.out[clean] == GUARD;
    char bytes[3 * RUN_MAX];
    host_judge(good, "%s at %u, to %x: %s", relocate_text(status), r.at,
               r.out_address, hex_bytes(bytes, sizeof bytes, code, size));
    free(r.out);
    free(r.moved);
}

// Real code begins anywhere; half of the runs end at a boundary.
// The others are cut anywhere, and mostly truncated.
static void judge_slice(const uint8_t *code, size_t available)
{
    uint32_t size = host_random_below(RUN_MAX) + 1, at = 0;
    if (size > available)
        size = (uint32_t)available;
    while (host_random_below(2) == 0 && at < size) {
        struct insn insn = decode_at(code, at, size);
        if (!insn.row || at + insn.length > size)
            break;
        at += insn.length;
    }
    judge_run(code, at ? at : size);
}

// Random bytes with more branches and prefixes than chance would give.
// The others are small, so that as rel8 they lead into the run, often into the
// middle of an instruction.
static void judge_random(void)
{
    static const uint8_t likely[] = {0xeb, 0xe2, 0xe3, 0x74, 0x7f, 0xe8,
                                     0xe9, 0x0f, 0x84, 0x66, 0x2e, 0x90,
                                     0x40, 0xc3, 0x67, 0x3e};
    uint8_t code[RUN_MAX];
    uint32_t size = host_random_below(24) + 1;
    for (uint32_t i = 0; i < size; i++)
        code[i] = host_random_below(2) ? likely[host_random_below(16)]
                                       : (uint8_t)host_random_below(20);
    // Newer than the tables.
    if (size > 4 && !host_random_below(16))
        memcpy(code + host_random_below(size - 4), "\xc5\xf8\x04\xc0", 4);
    judge_run(code, size);
}

// Prefixes that say nothing, as many as there is room for, and a branch.
// From 12 bytes on a widened Jcc has more than 15: RELOCATE_LONG, which random
// bytes hardly ever reach.
static void judge_prefixed(void)
{
    static const uint8_t idle[] = {0x2e, 0x3e, 0x36, 0x67};
    uint8_t code[INSN_MAX];
    uint32_t size = 9 + host_random_below(INSN_MAX - 8);
    for (uint32_t i = 0; i < size - 2; i++)
        code[i] = idle[host_random_below(sizeof idle)];
    code[size - 2] = host_random_below(2) ? 0x74 : 0xeb;
    code[size - 1] = (uint8_t)host_random();
    judge_run(code, size);
}

// A twentieth of the runs for boundaries: each function is asked 594 times.
int main(int argc, char **argv)
{
    host_begin(argc, argv, "relocation and boundaries");
    uint64_t count = host.count ? host.count : 20000;
    for (int i = 0; i < host.file_count; i++) {
        size_t size;
        uint8_t *code = host_read_file(host.files[i], &size);
        for (uint64_t k = 0; size && k < count; k++) {
            uint32_t at = host_random_below((uint32_t)size);
            judge_slice(code + at, size - at);
        }
        free(code);
    }
    for (uint64_t k = 0; k < count; k++)
        if (host_random_below(8))
            judge_random();
        else
            judge_prefixed();
    host_judge(reached == (1u << (RELOCATE_FULL + 1)) - 1,
               "not every outcome was reached: %#x", reached);
    check_boundaries(count / 20);
    check_native();
    return host_end();
}
