// SPDX-License-Identifier: MIT
// The search: every row that bears the mnemonic is encoded, decoded and
// compared; the shortest that says what was typed wins.
//
// Of several equally short ones the shorter immediate wins (66 before an
// immediate of two bytes makes decoders stall), then the first in the tables:
// 89 rather than 8b between two registers. GNU as chooses the same.
//
//   add $1,%eax   04 01            AL: not what was typed
//                 05 01 00 00 00   right, 5 bytes
//                 80 c0 01         AL again
//                 81 c0 01 ..      right, 6 bytes
//                 83 c0 01         right, 3 bytes: taken
//
// Nobody has to know which form is the shortest, and a row that is added to
// the tables for the decoder's sake can be assembled at once.
#include "kernel/string.h"
#include "smc/x86/assemble_line.h"
#include "smc/x86/table.h"

// How far the best attempt that failed has come: its error is the one to
// tell. Higher is further.
enum stage {
    STAGE_NAME,    // nothing is called so
    STAGE_COUNT,   // ... takes another number of operands
    STAGE_KIND,    // ... other kinds
    STAGE_PREFIX,  // the operands fit, a prefix does not
    STAGE_OPERAND, // + the number of operands that fit
    STAGE_RANGE = STAGE_OPERAND + INSN_OPERANDS,
    STAGE_SUFFIX,
};

struct search {
    struct line *line;
    unsigned stage;
    uint8_t best[INSN_MAX];
    uint8_t length, imm_size; // length 0: none yet
};

// Most attempts fail, and nearly all say nothing of interest: that 05 has %eax
// where %ebx was typed, say. The one that got furthest knows what was meant.
// Tells an error if it is further on than the one told before.
static void fail(struct search *s, unsigned stage, const char *word,
                 size_t length, const char *what)
{
    if (stage <= s->stage)
        return;
    s->stage = stage;
    line_error(s->line, word, length, what);
}

static void fail_mnemonic(struct search *s, unsigned stage, const char *what)
{
    fail(s, stage, s->line->word, s->line->word_length, what);
}

// Which operands go where ----------------------------------------------------

// MOVS and its family, and XLAT: memory at fixed registers.
static bool is_string(const struct opcode *row)
{
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        uint8_t spec = row->operands[i];
        if (spec == BBb || (spec >= Xb && spec <= Yz))
            return true;
    }
    return false;
}

// FADDP, FCOMI, FXCH and FUCOM alone mean %st(1). FADD alone is FADDP for
// GNU as, FLD is nothing: these we leave be.
static bool implies_st1(const struct opcode *row)
{
    char last = row->name[strlen(row->name) - 1], second = row->name[1];
    if (row->operands[1] != _)
        return last == 'p' || last == 'i';
    return second == 'x' || second == 'c' || second == 'u';
}

// May the operand be left out of a line with `count` others? Those that can be
// nothing else always; accumulators of strings only with all the others:
//
//   stosb          both left out: %al and %es:(%edi)
//   shl (%eax)     One: d1
//   fadd %st(1)    ST0: the other one is the top
static bool may_miss(const struct opcode *row, uint8_t spec, unsigned count)
{
    switch (spec) {
    case Xb:
    case Xv:
    case Xz:
    case Yb:
    case Yv:
    case Yz:
    case BBb:
    case DIq:
    case DIx:
    case AXmem:
    case One:
    case XMM0:
    case ST0: return true;
    case AL:
    case eAX:
    case DXmem: return count == 0 && is_string(row);
    case STi: return count == 0 && implies_st1(row);
    }
    return false;
}

// AT&T order is Intel's reversed, but for ENTER and BOUND.
static bool keeps_order(const struct attempt *a)
{
    return a->map == MAP_1 && (a->opcode == 0xc8 || a->opcode == 0x62);
}

// Fills in `given`, by the row's order. Returns false if the number is wrong.
// All or nothing: either every operand was typed, or all that may be missing
// are. `straight`: the typed order is the row's, else it is reversed.
static bool assign(const struct line *l, struct attempt *a, bool straight)
{
    unsigned total = 0, missing = 0;
    bool all = true; // given; else those that may be missing, are
    for (; total < INSN_OPERANDS && a->row->operands[total] != _; total++)
        missing += may_miss(a->row, a->row->operands[total], l->count);
    if (total != l->count) {
        all = false;
        if (total != l->count + missing)
            return false;
    }
    unsigned next = 0;
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        a->given[i] = NULL;
        if (i >= total ||
            (!all && may_miss(a->row, a->row->operands[i], l->count)))
            continue;
        unsigned at = straight ? next : l->count - 1 - next;
        a->given[i] = &l->operands[at];
        next++;
    }
    return true;
}

// All operands; the error is about the first that differs. One that is only
// out of range has to give way to a later one of the wrong kind: with that,
// this row was not meant at all.
static bool compare_all(struct search *s, const struct attempt *a,
                        const struct insn *insn,
                        const struct operand got[INSN_OPERANDS])
{
    bool same = true;
    unsigned fitting = 0;
    const struct typed *wrong = NULL;
    enum verdict why = SAME;
    for (unsigned i = 0; i < INSN_OPERANDS; i++) {
        if (!a->given[i])
            continue;
        enum verdict v = line_compare(s->line, insn, a->given[i], &got[i],
                                      a->row->operands[i]);
        fitting += v != DIFFERENT;
        if (v == SAME || why == DIFFERENT)
            continue;
        same = false;
        why = v;
        wrong = a->given[i];
    }
    if (!same)
        fail(s, why == OUT_OF_RANGE ? STAGE_RANGE : STAGE_OPERAND + fitting,
             wrong->word, wrong->length,
             why == OUT_OF_RANGE ? "is out of range here"
                                 : "does not fit this instruction");
    return same;
}

// One attempt ----------------------------------------------------------------

// The candidate is right if decoding leads to the row it was made from, and to
// what was typed. A prefix typed before it may have led elsewhere: with "rep"
// the bytes of NOP are PAUSE. Bytes beyond 15 are refused by the status.
static void judge(struct search *s, const struct attempt *a,
                  const uint8_t *code, unsigned length)
{
    struct insn insn;
    struct operand operands[INSN_OPERANDS];
    enum insn_status status = insn_decode(&insn, code, length, INSN_32);
    if (status != INSN_OK || insn.row != a->row || insn.length != length) {
        if (s->line->prefix_count)
            fail_mnemonic(s, STAGE_PREFIX, "does not take this prefix");
        return;
    }
    unsigned count = insn_operands(&insn, operands);
    if (!compare_all(s, a, &insn, operands))
        return;
    switch (line_compare_name(s->line, a, &insn, operands, count)) {
    case NAME_WRONG:
        fail_mnemonic(s, STAGE_OPERAND, "does not go with these operands");
        return;
    case NAME_UNCLEAR:
        fail_mnemonic(s, STAGE_SUFFIX, "needs a size: b, w or l behind it");
        return;
    case NAME_RIGHT: break;
    }
    bool is_better = !s->length || length < s->length ||
                     (length == s->length && insn.imm_size < s->imm_size);
    if (!is_better)
        return;
    memcpy(s->best, code, length);
    s->imm_size = insn.imm_size;
    s->length = (uint8_t)length;
}

// Without 66 and with it: which one is meant, the comparison tells. Not both
// where a fork asks for 66 anyway, or for a mandatory prefix; but F3 and F2
// may be part of the opcode and 66 be a size all the same: POPCNT, CRC32.
static void try_encodings(struct search *s, struct attempt a)
{
    bool sized = !a.mandatory || a.row->operands[0] == Gv ||
                 a.row->operands[1] == Ev;
    bool both = !a.small_operand && a.mandatory != 0x66 && sized;
    for (unsigned small = 0; small < 1u + both; small++) {
        uint8_t code[CODE_MAX];
        if (small)
            a.small_operand = true;
        unsigned length = line_build(s->line, &a, code);
        if (length)
            judge(s, &a, code, length);
        else
            fail_mnemonic(s, STAGE_KIND, "does not take these operands");
    }
}

// Opcodes that do the same as another one of the same length, earlier in the
// tables than the one that everybody uses: 0f 0d and 0f 18 with a register
// before 0f 1f, and d9 d8 before dd d8. And a row for a prefix that changes
// nothing: f2 90 is for who types the f2.
static bool is_double(const struct line *l, const struct attempt *a)
{
    return (a->mandatory == 0xf2 && a->row->more & IGNORES_PREFIX &&
            !line_has_prefix(l, 0xf2)) ||
           (a->map == MAP_0F && a->opcode != 0x1f &&
            strcmp(a->row->name, "nop") == 0) ||
           (a->map == MAP_1 && a->opcode == 0xd9 &&
            strcmp(a->row->name, "fstp") == 0);
}

static void try_row(struct search *s, struct attempt a)
{
    const struct line *l = s->line;
    size_t length = strlen(a.row->name);
    if (strncmp(l->mnemonic, a.row->name, length) != 0 ||
        !line_is_suffix(a.row, l->mnemonic + length) || is_double(l, &a))
        return;
    // LOOPW and the like count in %cx: not the operand's size.
    if (a.row->suffix == SUFFIX_ADDRESS && l->mnemonic[length] == 'w')
        a.small_address = true;
    // TEST and XCHG do not care for the order.
    bool commutes = strcmp(a.row->name, "xchg") == 0 ||
                    strcmp(a.row->name, "test") == 0;
    bool straight = keeps_order(&a);
    if (!assign(l, &a, straight)) {
        fail_mnemonic(s, STAGE_COUNT, "takes another number of operands");
        return;
    }
    try_encodings(s, a);
    if (commutes && l->count == 2 && assign(l, &a, !straight))
        try_encodings(s, a);
}

// Nearly all rows go by their first letter, before anything is copied for
// them.
static bool is_other(const struct search *s, const struct opcode *row)
{
    return row->kind == ROW_INSN && row->name[0] != s->line->mnemonic[0];
}

// Follows a fork's rows with what each of them asks for. FORK_MODE asks for
// nothing: the operands make a register or memory of it, and the decoder finds
// out if they made the other one. Forks nest four deep at most.
static void visit(struct search *s, struct attempt a)
{
    static const uint8_t mandatory[] = {0, 0x66, 0xf3, 0xf2};
    const struct opcode *row = a.row;
    if (row->kind == ROW_INSN)
        try_row(s, a);
    if (row->kind <= ROW_INSN)
        return;
    for (uint8_t i = 0; i < row->rows; i++) {
        if (is_other(s, &row->fork[i]))
            continue;
        struct attempt next = a;
        next.row = &row->fork[i];
        switch (row->kind) {
        case FORK_PREFIX: next.mandatory = mandatory[i]; break;
        case FORK_SIZE: next.small_operand = i == 0; break;
        case FORK_ADDRESS: next.small_address = i == 0; break;
        case FORK_REG: next.reg = i; break;
        case FORK_RM: next.rm = i; break;
        }
        visit(s, next);
    }
}

// All maps, all opcodes: about 2 000 names, well under a millisecond, for a
// person who types.
bool line_encode(struct line *l)
{
    static const struct opcode *const maps[] = {
        [MAP_1] = map_1,       [MAP_0F] = map_0f,       [MAP_0F38] = map_0f38,
        [MAP_0F3A] = map_0f3a, [MAP_3DNOW] = map_3dnow,
    };
    struct search s = {.line = l};
    bool small_address = line_has_prefix(l, 0x67);
    for (uint8_t map = MAP_1; map <= MAP_3DNOW; map++)
        for (unsigned i = 0; i < 256; i++)
            if (!is_other(&s, &maps[map][i]))
                visit(&s, (struct attempt){.row = &maps[map][i],
                                           .map = map,
                                           .opcode = (uint8_t)i,
                                           .small_address = small_address,
                                           .reg = REG_NONE,
                                           .rm = REG_NONE});
    if (!s.length) {
        if (s.stage == STAGE_NAME)
            line_error(l, l->word, l->word_length, "is not an instruction");
        return false;
    }
    *l->out = (struct assembled){.len = s.length};
    memcpy(l->out->bytes, s.best, s.length);
    return true;
}
