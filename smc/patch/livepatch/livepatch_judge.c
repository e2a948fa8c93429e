// SPDX-License-Identifier: MIT
// What may be replaced, and the words for what may not.
//
//   at the entry                      verdict
//   the NOP                           yes
//   our jump, of another patch        yes: the new one lies over it
//   a call of the tracer              no: two techniques, one site
//   INT3                              no: a debugger's breakpoint?
//   code that ends within 5 bytes     no: the jump would run into the
//                                     neighbour. Xen has a test of its own
//   other code                        no: a jump over several instructions,
//                                     and somebody may be between them
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/arena.h"
#include "smc/patch/livepatch/livepatch_inside.h"
#include "smc/patch/trace/trace.h"
#include "smc/x86/decode.h"

enum { INT3 = 0xcc, CALL = 0xe8, JMP = 0xe9 };

// How many bytes from the start to the end of the first instruction that does
// not go on; more than ENTRY_LEN if there is none before that.
static uint32_t length_to_end(const uint8_t *code)
{
    uint32_t at = 0;
    while (at < ENTRY_LEN) {
        struct insn insn;
        if (insn_decode(&insn, code + at, INSN_MAX, INSN_32) != INSN_OK)
            break;
        at += insn.length;
        enum insn_flow flow = insn_flow(&insn);
        if (flow == FLOW_RETURN || flow == FLOW_JUMP)
            return at;
    }
    return ENTRY_LEN + 1;
}

static bool is_text(const void *at)
{
    return (const uint8_t *)at >= text_start && (const uint8_t *)at < text_end;
}

static bool is_door(const void *at)
{
    return (const uint8_t *)at >= door_start && (const uint8_t *)at < door_end;
}

static const char *judge_code(const uint8_t *code, const char *owner)
{
    if (code[0] == INT3)
        return "has INT3 at its entry: a debugger's breakpoint?";
    if (code[0] == CALL && owner)
        return owner;
    uint32_t length = length_to_end(code);
    if (length < ENTRY_LEN)
        return "is shorter than a jump, which would run into its neighbour";
    return "does not begin with the NOP that a jump can replace";
}

// Who has changed this entry last, by the journal.
static const char *traced_words(const uint8_t *code)
{
    uint8_t call[POKE_MAX];
    poke_branch(call, CALL, code, trace_target());
    return memcmp(code, call, ENTRY_LEN) == 0 ? "is being traced (trace off)"
                                              : NULL;
}

// Whoever looks at stacks would otherwise look for the gate, and not for the
// function that runs.
static bool leads_to_new(const uint8_t *code, const struct livepatch *top)
{
    uint8_t jump[POKE_MAX];
    for (uint32_t i = 0; i < top->count; i++) {
        if (top->changes[i].old != code)
            continue;
        poke_branch(jump, JMP, code, top->changes[i].replacement);
        return memcmp(code, jump, ENTRY_LEN) == 0;
    }
    return false;
}

bool livepatch_judge(const struct livepatch_change *change,
                     const struct livepatch *top, char *why, size_t size)
{
    char where[64];
    const uint8_t *code = change->old;
    const char *words = NULL;
    if (!is_text(code))
        words = "is no function of the kernel";
    else if (is_door(code))
        words = "runs in the middle of a patch and has no entry";
    else if (!is_text(change->replacement) &&
             !arena_of(change->replacement, 1))
        words = "would be replaced by what is no code";
    else if (!top && memcmp(code, entry_nop, ENTRY_LEN) != 0)
        words = judge_code(code, traced_words(code));
    else if (top && code[0] != JMP)
        words = "was given back behind the patch's back (undo)";
    else if (top && !leads_to_new(code, top))
        words = "goes by a gate still (livepatch off, then on)";
    if (words)
        ksnprintf(why, size, "%s %s", symbol_format(where, sizeof where, code),
                  words);
    return !words;
}
