// SPDX-License-Identifier: MIT
// Moving instructions, in three steps: find them, lay them out, write them.
//
// The layout is a fixed point. A branch that is widened pushes everything
// behind it away, and may so put another one's target out of reach. Branches
// only ever grow, so it ends after at most as many passes as there are short
// branches, and one that finds nothing; two are usual.
//
//   find    decode, judge, note where each begins        moved[].from
//   place   add up what all before it have grown by      moved[].to
//   widen   ask each short branch whether it reaches;    moved[].growth
//           if any does not, place again
//   write   copy, with the distances that hold now       out
#include "smc/x86/relocate.h"
#include "kernel/string.h"
#include "smc/x86/decode.h"

enum {
    JMP_REL8 = 0xeb,
    JMP_REL32 = 0xe9,
    LOOP_FIRST = 0xe0, // LOOPNE, LOOPE, LOOP, JECXZ
    LOOP_LAST = 0xe3,
    TWO_BYTE = 0x0f,
    JCC_REL32 = 0x80, // + condition, after 0f
    // What widening adds to the two bytes of opcode and rel8: e9 + rel32 is 5,
    // 0f 8x + rel32 is 6, and a LOOP with its two jumps 9.
    JMP_GROWTH = 3,
    JCC_GROWTH = 4,
    LOOP_GROWTH = 7,
};

const char *relocate_text(enum relocate_status status)
{
    switch (status) {
    case RELOCATE_OK: return "moved";
    case RELOCATE_TRUNCATED: return "the run ends inside an instruction";
    case RELOCATE_UNDEFINED: return "undefined opcode";
    case RELOCATE_UNKNOWN: return "an instruction that is not in the tables";
    case RELOCATE_16_BIT: return "a branch that cuts EIP to 16 bits";
    case RELOCATE_CALL: return "a CALL would push another return address";
    case RELOCATE_MIDDLE: return "a branch into the middle of an instruction";
    case RELOCATE_LONG: return "widened, it would pass 15 bytes";
    case RELOCATE_MANY: return "more instructions than there is room for";
    case RELOCATE_FULL: return "the moved code does not fit";
    }
    return "no status";
}

// The first index whose instruction begins at `from` or behind. By halves: a
// whole function has hundreds, and every pass asks for every branch.
static uint32_t lower_bound(const struct relocation *r, uint32_t from)
{
    uint32_t low = 0, high = r->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (r->moved[mid].from < from)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

// The end counts as a place: a probe wants to know where its jump back goes.
bool relocate_find(const struct relocation *r, uint32_t from, uint32_t *to)
{
    uint32_t i = lower_bound(r, from);
    bool end = from == r->size;
    if (!end && (i == r->count || r->moved[i].from != from))
        return false;
    *to = end ? r->out_length : r->moved[i].to;
    return true;
}

// It has been decoded before: it is INSN_OK. Kept instead, it would be ten
// times the memory that `moved` takes, and that is the caller's, who may be a
// fault handler with a small stack.
static struct insn decode_again(const struct relocation *r, uint32_t from)
{
    struct insn insn;
    insn_decode(&insn, r->code + from, r->size - from, INSN_32);
    return insn;
}

// Asked of the operands, not of the flow: XBEGIN has one, too.
static bool is_relative(const struct insn *insn)
{
    struct operand operands[INSN_OPERANDS];
    unsigned n = insn_operands(insn, operands);
    for (unsigned i = 0; i < n; i++)
        if (operands[i].kind == OPERAND_REL)
            return true;
    return false;
}

// The distance is the immediate, of 1 or 4 bytes. Two do not come here: take()
// has refused them.
static uint32_t old_target(const struct relocation *r, uint32_t from,
                           const struct insn *insn)
{
    uint32_t rel = insn->imm_size == 1 ? (uint32_t)(int8_t)insn->imm
                                       : insn->imm;
    return r->address + from + insn->length + rel;
}

// Finding -----------------------------------------------------------------

// INSN_TOO_LONG counts as undefined: the processor raises a fault for both.
static enum relocate_status judge(enum insn_status status)
{
    switch (status) {
    case INSN_OK: return RELOCATE_OK;
    case INSN_TRUNCATED: return RELOCATE_TRUNCATED;
    case INSN_UNKNOWN: return RELOCATE_UNKNOWN;
    default: return RELOCATE_UNDEFINED;
    }
}

// Adds one instruction, or says why it must stay. What it is comes before
// what there is room for, so that a caller who gets RELOCATE_MANY may try
// again with more room and not meet another refusal at the same place.
static enum relocate_status take(struct relocation *r, struct insn *insn)
{
    enum relocate_status status = judge(
        insn_decode(insn, r->code + r->at, r->size - r->at, INSN_32));
    if (status != RELOCATE_OK)
        return status;
    // With 66 the CPU cuts EIP to 16 bits: it leads below 64 KiB, where no
    // code is, or to a place that was meant so. Nobody could mend either. Not
    // XBEGIN's EIP; but its rel16 might not reach from the copy, and no
    // compiler makes one.
    bool relative = is_relative(insn);
    if (relative && insn->operand_size == 2)
        return RELOCATE_16_BIT;
    enum insn_flow flow = insn_flow(insn);
    bool call = flow == FLOW_CALL || flow == FLOW_CALL_INDIRECT ||
                flow == FLOW_CALL_FAR;
    if (call && !r->calls)
        return RELOCATE_CALL;
    if (r->count == r->moved_max)
        return RELOCATE_MANY;
    r->moved[r->count++] = (struct moved){
        .from = r->at, .relative = relative ? insn->imm_size : 0};
    return RELOCATE_OK;
}

// Fills in `from` and `relative`. r->at walks along, and so stands on the
// instruction that is refused.
static enum relocate_status find(struct relocation *r)
{
    struct insn insn;
    r->count = 0;
    for (r->at = 0; r->at < r->size; r->at += insn.length) {
        enum relocate_status status = take(r, &insn);
        if (status != RELOCATE_OK)
            return status;
    }
    return RELOCATE_OK;
}

// A target in the run that is no instruction's start has no place in the
// copy: lower_bound would answer with the instruction behind it, and the copy
// would skip something in silence. The subtraction makes all that lies before
// the run a great number, so one comparison tells inside from outside.
// Compilers do not make them; hand-written code that jumps over a `lock` does.
static enum relocate_status check_targets(struct relocation *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (!r->moved[i].relative)
            continue;
        r->at = r->moved[i].from;
        struct insn insn = decode_again(r, r->at);
        uint32_t to = old_target(r, r->at, &insn) - r->address;
        uint32_t k = lower_bound(r, to);
        if (to < r->size && (k == r->count || r->moved[k].from != to))
            return RELOCATE_MIDDLE;
    }
    return RELOCATE_OK;
}

// Laying out --------------------------------------------------------------

// Where the branch must lead: along with the run if the target is inside. The
// byte behind the run is outside: it has not moved, so a branch there goes
// back to the original.
static uint32_t new_target(const struct relocation *r, uint32_t from,
                           const struct insn *insn)
{
    uint32_t target = old_target(r, from, insn);
    uint32_t inside = target - r->address;
    if (inside >= r->size)
        return target;
    return r->out_address + r->moved[lower_bound(r, inside)].to;
}

// The distance from the end of the instruction, once it is `length` long.
// Unsigned, modulo 2^32, as the CPU adds: from the top of memory to its bottom
// is a short way, and rel32 reaches everything.
static uint32_t distance(const struct relocation *r, const struct moved *m,
                         const struct insn *insn, uint32_t length)
{
    return new_target(r, m->from, insn) - (r->out_address + m->to + length);
}

//   rel          -129  -128  ...  -1   0  ...  127  128
//   rel + 0x80     -1     0      127  128      255  256
static bool fits_rel8(uint32_t rel)
{
    return rel + 0x80 < 0x100;
}

// Asked only of branches that have rel8: 70..7f, e0..e3 and eb.
static uint8_t growth_of(const struct insn *insn)
{
    if (insn->opcode == JMP_REL8)
        return JMP_GROWTH;
    return insn->opcode >= LOOP_FIRST && insn->opcode <= LOOP_LAST
               ? LOOP_GROWTH
               : JCC_GROWTH;
}

//   from   0    2    4              to   0    2         8
//          xor  je   ret                 xor  je (+4)   ret
static void place(struct relocation *r)
{
    uint32_t shift = 0; // how much longer the code is so far
    for (uint32_t i = 0; i < r->count; i++) {
        r->moved[i].to = r->moved[i].from + shift;
        shift += r->moved[i].growth;
    }
    r->out_length = r->size + shift;
}

// Widens what does not reach its target. Returns true if anything grew: then
// what was placed behind it has moved, and what was found to reach may not.
// A branch that reaches again, because something else has moved towards its
// target, stays wide: shrinking could go round in circles.
static bool widen(struct relocation *r)
{
    bool grew = false;
    for (uint32_t i = 0; i < r->count; i++) {
        struct moved *m = &r->moved[i];
        if (m->relative != 1 || m->growth)
            continue;
        struct insn insn = decode_again(r, m->from);
        if (fits_rel8(distance(r, m, &insn, insn.length)))
            continue;
        m->growth = growth_of(&insn);
        grew = true;
    }
    return grew;
}

// Prefixes go along: 2e and 3e are hints. Too many of them leave no room. A
// LOOP keeps its own length; the JMP that follows has none.
static enum relocate_status check_lengths(struct relocation *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        r->at = r->moved[i].from;
        uint8_t growth = r->moved[i].growth;
        if (!growth || growth == LOOP_GROWTH)
            continue;
        if (decode_again(r, r->at).length + growth > INSN_MAX)
            return RELOCATE_LONG;
    }
    return RELOCATE_OK;
}

// Writing -----------------------------------------------------------------

static uint8_t *put_rel32(uint8_t *p, uint32_t rel)
{
    for (unsigned i = 0; i < 4; i++)
        *p++ = (uint8_t)(rel >> 8 * i);
    return p;
}

// The rel8 form's prefixes and opcode, as rel32.
//
//   2e 74 05      2e 0f 84 rel32           the condition is in both opcodes
//   eb 05         e9 rel32
//   67 e3 05      67 e3 02 eb 05 e9 rel32  67: CX, so it must stay with e3
//
// In each the rel32 ends what is written: distance() may count from there.
static void write_wide(const struct relocation *r, const struct moved *m,
                       const struct insn *insn)
{
    uint8_t *p = r->out + m->to;
    memcpy(p, insn->bytes, insn->opcode_at);
    p += insn->opcode_at;
    if (m->growth == LOOP_GROWTH) {
        // Over the next jump if it branches, into it if not.
        const uint8_t hops[] = {insn->opcode, 2, JMP_REL8, 5, JMP_REL32};
        memcpy(p, hops, sizeof hops);
        p += sizeof hops;
    } else if (m->growth == JMP_GROWTH) {
        *p++ = JMP_REL32;
    } else {
        *p++ = TWO_BYTE;
        *p++ = JCC_REL32 | (insn->opcode & 15);
    }
    put_rel32(p, distance(r, m, insn, insn->length + m->growth));
}

// An instruction without a relative operand is the same bytes anywhere: i386
// knows no other address that counts from EIP.
static void write_one(const struct relocation *r, const struct moved *m)
{
    struct insn insn = decode_again(r, m->from);
    if (m->growth) {
        write_wide(r, m, &insn);
        return;
    }
    uint8_t *p = r->out + m->to;
    memcpy(p, insn.bytes, insn.length);
    if (m->relative == 1)
        p[insn.imm_at] = (uint8_t)distance(r, m, &insn, insn.length);
    else if (m->relative)
        put_rel32(p + insn.imm_at, distance(r, m, &insn, insn.length));
}

// All that can be refused is refused before the first byte is written: half a
// run in `out` might be taken for a whole one.
enum relocate_status relocate(struct relocation *r)
{
    r->out_length = 0;
    enum relocate_status status = find(r);
    if (status == RELOCATE_OK)
        status = check_targets(r);
    if (status != RELOCATE_OK)
        return status;
    do
        place(r);
    while (widen(r));
    status = check_lengths(r);
    if (status == RELOCATE_OK && r->out_length > r->out_size)
        status = RELOCATE_FULL;
    for (uint32_t i = 0; status == RELOCATE_OK && i < r->count; i++)
        write_one(r, &r->moved[i]);
    return status;
}
