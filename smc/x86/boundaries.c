// SPDX-License-Identifier: MIT
// One walk over a function finds everything; a verdict looks at the marks.
//
//   offset               end = offset + length
//   | insn | insn | insn |
//   |      |      |      START, or behind the last instruction
//   |      no TARGET in between, no RETURN before the last one (somebody may
//   |      come back to here), no indirect jump in the function, and nothing
//   START  that could not be decoded (it might lead here)
//
// Unknown is refused: a patch that is wrongly allowed is met as a crash much
// later, in code that nobody has touched.
#include "smc/x86/boundaries.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/x86/decode.h"

// The next instruction's length, or 0: nothing that can be decoded.
// An instruction that is not in the tables has a length and no row.
static uint32_t next(struct insn *insn, const uint8_t *code, uint32_t at,
                     uint32_t size)
{
    enum insn_status status = insn_decode(insn, code + at, size - at, INSN_32);
    return insn_has_length(status) ? insn->length : 0;
}

// Without a row nothing can be asked. Taken as going on, an instruction newer
// than the tables ends no function too early.
static enum insn_flow flow_of(const struct insn *insn)
{
    return insn->row ? insn_flow(insn) : FLOW_NEXT;
}

static bool is_call(enum insn_flow flow)
{
    return flow == FLOW_CALL || flow == FLOW_CALL_INDIRECT ||
           flow == FLOW_CALL_FAR;
}

// Will somebody come back to what is behind it? From a CALL, or from a handler
// that may stop there as long as it likes: a HLT waits for one, and INT 3 is a
// debugger's. SYSENTER counts too, though its way back is agreed on.
static bool is_return(enum insn_flow flow)
{
    return is_call(flow) || flow == FLOW_INTERRUPT || flow == FLOW_HALT ||
           flow == FLOW_SYSTEM;
}

// Does control never go on behind it? A CALL of a function that does not
// return counts as going on, and so does HLT: padding behind them is then
// taken for code. That way the function seems longer, and a patch of padding
// does no harm; the other way round the end of it could not be patched.
static bool is_last(enum insn_flow flow)
{
    return flow == FLOW_JUMP || flow == FLOW_JUMP_INDIRECT ||
           flow == FLOW_JUMP_FAR || flow == FLOW_RETURN ||
           flow == FLOW_RETURN_FAR || flow == FLOW_IRET ||
           flow == FLOW_UNDEFINED;
}

// What assemblers and linkers put between functions: INT3, any NOP, and the
// LEA of a register into itself. `lea 0x0,%ebp` is no padding: with mod 0,
// base 5 is no register.
static bool is_padding(const struct insn *insn)
{
    if (!insn->row)
        return false;
    if (insn->opcode == 0xcc && insn->map == MAP_1)
        return true;
    const char *name = insn_name(insn);
    if (strcmp(name, "nop") == 0 || strcmp(name, "xchg") == 0)
        return insn->opcode == 0x90 || insn->opcode == 0x1f;
    // lea 0(%esi),%esi, with a SIB byte or without: reg and base are one.
    uint8_t base = insn->sib_at ? insn->sib & 7 : insn->modrm & 7;
    return insn->opcode == 0x8d && insn->map == MAP_1 && insn->disp == 0 &&
           (!insn->sib_at || (insn->sib >> 3 & 7) == 4) &&
           base == (insn->modrm >> 3 & 7) && (insn->modrm >> 6 || base != 5) &&
           insn->address_size == 4; // else the register is cut
}

// Tail calls through a pointer leave the function and do no harm here, but
// their bytes are those of a jump inside it. So all of them count.
static void note_indirect(struct boundaries *b, uint32_t at)
{
    if (!b->indirect)
        b->indirect_at = at;
    b->indirect = true;
}

// Targets outside are somebody else's: x86_poke.c asks all functions for what
// leads here. A target is marked even where no instruction begins: then the
// code was misread, or overlaps itself.
static void note(struct boundaries *b, const struct insn *insn, uint32_t at)
{
    enum insn_flow flow = flow_of(insn);
    uint32_t target;
    b->marks[at] |= BOUNDARY_START;
    b->count++;
    if (is_return(flow))
        b->marks[at] |= BOUNDARY_RETURNS;
    b->calls += is_call(flow);
    if (flow == FLOW_JUMP_INDIRECT || flow == FLOW_JUMP_FAR)
        note_indirect(b, at);
    if (!insn->row || !insn_target(insn, b->address + at, &target) ||
        target - b->address >= b->size)
        return;
    // It may lie ahead: the marks were cleared before, and are only added to.
    uint8_t *mark = &b->marks[target - b->address];
    b->targets += !(*mark & BOUNDARY_TARGET);
    *mark |= BOUNDARY_TARGET;
}

// Padding is what stands where control cannot arrive, neither from above nor
// by a branch, up to the end. If something follows, `end` has been moved
// behind it.
void boundaries_find(struct boundaries *b, const uint8_t *code, uint32_t size,
                     uint32_t address, uint8_t *marks)
{
    struct insn insn;
    bool unreachable = false;
    *b = (struct boundaries){
        .code = code, .size = size, .address = address, .marks = marks};
    memset(marks, 0, size);
    for (uint32_t length; b->decoded < size; b->decoded += length) {
        length = next(&insn, code, b->decoded, size);
        if (!length)
            return;
        note(b, &insn, b->decoded);
        if (b->marks[b->decoded] & BOUNDARY_TARGET)
            unreachable = false;
        if (unreachable && is_padding(&insn))
            continue;
        b->end = b->decoded + length;
        unreachable = is_last(flow_of(&insn));
    }
}

// Verdicts ----------------------------------------------------------------

// For BOUNDARY_OK as well, which has no instruction in the way: `at` is the
// site then.
static struct boundary_verdict refuse(const struct boundaries *b,
                                      enum boundary_reason reason, uint32_t at)
{
    return (struct boundary_verdict){reason, b->address + at, 0};
}

// The start of the instruction that the byte at `offset` belongs to. Offset 0
// always is one if anything was decoded.
static uint32_t start_of(const struct boundaries *b, uint32_t offset)
{
    while (offset && !(b->marks[offset] & BOUNDARY_START))
        offset--;
    return offset;
}

// Or b->decoded if it was the last. The caller's loops end by that.
static uint32_t next_start(const struct boundaries *b, uint32_t offset)
{
    do
        offset++;
    while (offset < b->decoded && !(b->marks[offset] & BOUNDARY_START));
    return offset;
}

// Both ends on boundaries: what is between them? The branches are looked for
// again, though their targets are marked, to name the one that is in the way.
// A branch to the first byte is fine: it meets the new code from its start.
static struct boundary_verdict judge_middle(const struct boundaries *b,
                                            uint32_t offset, uint32_t end)
{
    struct boundary_verdict v;
    uint32_t second = next_start(b, offset);
    // Not in the tables: who knows what arrives behind it?
    for (uint32_t at = offset; at < end; at = next_start(b, at)) {
        struct insn insn;
        next(&insn, b->code, at, b->size);
        if (!insn.row)
            return refuse(b, BOUNDARY_UNKNOWN, at);
    }
    if (boundaries_branch_into(b->code, b->decoded, b->address,
                               b->address + offset + 1, b->address + end, &v))
        return v;
    if (second < end && b->indirect)
        return refuse(b, BOUNDARY_INDIRECT, b->indirect_at);
    // What could not be decoded may branch here as well.
    if (second < end && b->decoded < b->size)
        return refuse(b, BOUNDARY_UNKNOWN, b->decoded);
    // The last one may be a call: it returns to the end.
    for (uint32_t at = offset; next_start(b, at) < end; at = next_start(b, at))
        if (b->marks[at] & BOUNDARY_RETURNS)
            return refuse(b, BOUNDARY_RETURN, at);
    return refuse(b, BOUNDARY_OK, offset);
}

//   code   55 | 89 e5 | 85 c0 | c3 | 90 90 | ff ff ...
//                                  ^ end   ^ decoded      ^ size
//
//   length 0                                BOUNDARY_EMPTY
//   reaches what is not decoded             BOUNDARY_UNKNOWN
//   reaches padding, or behind the size     BOUNDARY_OVER
//   begins, or ends, inside an instruction  BOUNDARY_INSIDE, BOUNDARY_CUT
//
// In this order: the marks may only be read where there are any.
struct boundary_verdict boundaries_may_patch(const struct boundaries *b,
                                             uint32_t offset, uint32_t length)
{
    if (!length)
        return refuse(b, BOUNDARY_EMPTY, offset);
    // Compared by subtraction: offset + length may wrap, and then "the end is
    // inside" would be true of a patch over half the memory.
    bool inside = offset < b->size && length <= b->size - offset;
    if (inside && offset + length > b->decoded)
        return refuse(b, BOUNDARY_UNKNOWN, b->decoded);
    if (!inside || offset + length > b->end)
        return refuse(b, BOUNDARY_OVER, b->end);
    // `end` may be the function's own: nothing begins there, nothing is cut.
    uint32_t end = offset + length;
    if (!(b->marks[offset] & BOUNDARY_START))
        return refuse(b, BOUNDARY_INSIDE, start_of(b, offset));
    if (end < b->decoded && !(b->marks[end] & BOUNDARY_START))
        return refuse(b, BOUNDARY_CUT, start_of(b, end));
    return judge_middle(b, offset, end);
}

char *boundaries_explain(char *out, size_t size,
                         const struct boundary_verdict *v)
{
    static const char *const reasons[] = {
        [BOUNDARY_OK] = "may be replaced",
        [BOUNDARY_EMPTY] = "no bytes to replace",
        [BOUNDARY_UNKNOWN] = "at %x is no instruction that is known",
        [BOUNDARY_OVER] = "the function ends before, at %x",
        [BOUNDARY_INSIDE] = "no instruction begins here: one is at %x",
        [BOUNDARY_CUT] = "the instruction at %x would be cut",
        [BOUNDARY_BRANCH] = "a branch leads to %x, from %x",
        [BOUNDARY_RETURN] = "who returns to behind %x would be in the middle",
        [BOUNDARY_INDIRECT] = "the indirect jump at %x may lead anywhere",
    };
    // Each takes the arguments it names, and no other: first `at`, `from`.
    ksnprintf(out, size, reasons[v->reason], v->at, v->from);
    return out;
}

// Decodes anew, without marks: of other functions there are none, and of this
// one they do not tell who branches. The range is tested by one subtraction,
// which is false of everything if low = high: one byte has no middle.
bool boundaries_branch_into(const uint8_t *code, uint32_t size,
                            uint32_t address, uint32_t low, uint32_t high,
                            struct boundary_verdict *v)
{
    struct insn insn;
    uint32_t target;
    for (uint32_t at = 0, length; at < size; at += length) {
        length = next(&insn, code, at, size);
        if (!length) {
            *v = (struct boundary_verdict){BOUNDARY_UNKNOWN, address + at, 0};
            return low != high;
        }
        if (!insn.row || !insn_target(&insn, address + at, &target) ||
            target - low >= high - low)
            continue;
        *v = (struct boundary_verdict){BOUNDARY_BRANCH, target, address + at};
        return true;
    }
    return false;
}
