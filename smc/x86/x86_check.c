// SPDX-License-Identifier: MIT
// Suite `x86`: the engines against the one program that is always at hand,
// this kernel. Other people's decoders are asked in tests-host/.
//
// Each check compares two things that were made by different means:
//
//   decoded lengths        the linker's symbols: where functions end
//   targets of CALL        the linker's symbols: where functions begin
//   text -> assembler      the bytes that GCC's assembler made
//   verdicts               a function whose bytes are written down here
//
// The counts that verdict() asks for guard against a loop that has seen
// nothing and so found nothing wrong.
#include "smc/x86/x86_check.h"
#include "kernel/layout.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/x86/assemble.h"
#include "smc/x86/boundaries.h"
#include "smc/x86/decode.h"
#include "smc/x86/print.h"
#include "smc/x86/x86_poke.h"
#include "smc/x86/x86_sample.h"
#include "smc/x86/x86_show.h"

enum { LONGEST_FUNCTION = 0x4000, EVERY = 61 };

static bool is_unknown(const uint8_t *at)
{
    struct insn insn;
    return insn_decode(&insn, at, INSN_MAX, INSN_32) == INSN_UNKNOWN;
}

// A decoder that is wrong by one byte is out of step for a while and meets
// something undefined, or an instruction that the next symbol cuts. So the
// last byte of a function is a check on all lengths before it.
static enum check_result check_every_function(void)
{
    static uint8_t marks[LONGEST_FUNCTION];
    const uint8_t *start = text_start, *bad = NULL;
    uint32_t size = 0, functions = 0, instructions = 0, unknown = 0;
    struct boundaries b;
    char where[64];
    for (; symbol_range(start, &start, &size); start += size, functions++) {
        if (size <= LONGEST_FUNCTION)
            boundaries_find(&b, start, size, (uint32_t)start, marks);
        if (size > LONGEST_FUNCTION || b.decoded != size) {
            bad = start + b.decoded;
            break;
        }
        // Not in the tables: the kernel has none such, so it was misread.
        for (uint32_t at = 0; at < size; at++)
            unknown += marks[at] & BOUNDARY_START && is_unknown(start + at);
        instructions += b.count;
    }
    judged("%u functions, %u instructions, %u unknown, %u bytes%s%s",
           functions, instructions, unknown, (uint32_t)(text_end - text_start),
           bad ? "; not decoded: " : "",
           bad ? symbol_format(where, sizeof where, bad) : "");
    return verdict(!bad && !unknown && functions > 300 &&
                   instructions > 10000);
}

// What x86_each's callbacks share: a tally and the first failure.
struct tally {
    uint32_t seen, tried, shorter;
    char bad[100];
};

// Without symbols: "<name+0x12>" is a comment. One in EVERY, because each
// takes the assembler many rows to try. tests-host/test_emit.py takes all
// of the C library.
//
// Not the same bytes, but no more of them: of two forms with one length GNU as
// may take the other one, and this assembler takes the shortest of all.
// tests-host/ asks whether the bytes mean the same.
static bool reassemble(const struct insn *insn, void *arg)
{
    struct tally *t = arg;
    struct assembled code;
    char line[INSN_TEXT_MAX];
    if (t->seen++ % EVERY)
        return true;
    insn_print(line, sizeof line, insn, (uint32_t)insn->bytes, NULL);
    t->tried++;
    bool good = assemble(&code, line, (uint32_t)insn->bytes, NULL) &&
                code.len <= insn->length;
    if (!good)
        ksnprintf(t->bad, sizeof t->bad, "; %s: %s", line,
                  code.error[0] ? code.error : "longer than before");
    t->shorter += good && code.len < insn->length;
    return good;
}

static enum check_result check_reassembles(void)
{
    struct tally t = {0};
    x86_each(reassemble, &t);
    judged("%u instructions printed and assembled again, %u became "
           "shorter%s",
           t.tried, t.shorter, t.bad);
    return verdict(!t.bad[0] && t.tried > 1000);
}

// A call into the middle of a function, which the compiler never makes, would
// say that a displacement was read wrongly. The call targets are known from
// elsewhere: the linker's symbols.
static bool calls_a_symbol(const struct insn *insn, void *arg)
{
    struct tally *t = arg;
    uint32_t target, offset = 1;
    if (insn_flow(insn) != FLOW_CALL)
        return true;
    t->tried++;
    // A call of the next instruction only asks where it is.
    if (insn_target(insn, (uint32_t)insn->bytes, &target) &&
        ((symbol_name((const void *)target, &offset) && !offset) ||
         target == (uint32_t)insn->bytes + insn->length))
        return true;
    ksnprintf(t->bad, sizeof t->bad, "; at %p: to %08x", insn->bytes, target);
    return false;
}

// Only E8: the target of an indirect call is in a register or in memory.
static enum check_result check_calls(void)
{
    struct tally t = {0};
    x86_each(calls_a_symbol, &t);
    judged("%u direct calls%s", t.tried, t.bad);
    return verdict(!t.bad[0] && t.tried > 500);
}

bool x86_check_patched(const void *function)
{
    const uint8_t *start;
    uint32_t size;
    symbol_range(function, &start, &size);
    const struct journal_entry *e = journal_overlap(start, size, UINT32_MAX);
    if (e)
        judged("patched by #%u: undo it first", e->number);
    return e;
}

// A rule that refuses too much would go unnoticed if only refusals were
// tested, and one that refuses too little if only patches were. So both, at
// every byte offset of x86_sum, with the length of one instruction. The bytes
// are known, so the answer is, too: 8b 4c 24 04, 31 c0, e3, 01 c8, e2, c3.
static enum check_result check_every_offset(void)
{
    static const uint8_t lengths[] = {4, 2, 2, 2, 2, 1};
    uint32_t accepted = 0, wrong = 0, at = 0, size;
    const uint8_t *start;
    if (x86_check_patched((const void *)x86_sum))
        return CHECK_SKIP;
    symbol_range((const void *)x86_sum, &start, &size);
    for (unsigned i = 0; i < sizeof lengths; at += lengths[i++])
        for (uint32_t k = 0; k < lengths[i]; k++) {
            uint32_t length = 1;
            struct boundary_verdict v = x86_may_patch(start + at + k, &length);
            bool may = v.reason == BOUNDARY_OK;
            accepted += may;
            wrong += may != (k == 0) || (may && length != lengths[i]) ||
                     (!may && v.at != (uint32_t)start + at) ||
                     x86_instruction_at(start + at + k) != start + at;
        }
    judged("%u offsets, %u accepted, %u wrong", at, accepted, wrong);
    return verdict(at == size && accepted == sizeof lengths && !wrong);
}

// The order is that of the parts: what reads code, moves it, does it, replaces
// it. A wrong decoder fails at the top, and the rest follows.
static const struct check x86_checks[] = {
    {"every function of the kernel decodes to its end", check_every_function},
    {"every direct call leads to a symbol", check_calls},
    {"what is printed can be assembled, and is no longer", check_reassembles},
    {"a patch may begin exactly where an instruction does",
     check_every_offset},
    {"functions moved to an arena give the same results", x86_check_moved},
    {"LOOP and JECXZ reach far targets by a hop", x86_check_hops},
    {"what cannot be moved is refused in words", x86_check_move_refusals},
    {"functions emulated give the results of the processor",
     x86_check_emulated},
    {"poke replaces whole instructions, undo restores the text",
     x86_check_poke},
    {"poke refuses what would break the function", x86_check_poke_refusals},
    {"several instructions change under fire", x86_check_poke_under_fire},
    {"padding is one instruction of any length", x86_check_pads},
};
CHECK_SUITE(x86, x86_checks);
