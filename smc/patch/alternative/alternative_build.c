// SPDX-License-Identifier: MIT
// A replacement made ready for its site: relocated and padded. Nothing is
// written to code here, and nothing is read of the site.
//
//   replacement, in rodata         as it runs at the site
//   40           inc  %eax         40
//   e8 rel32     call f            e8 rel32 + replacement - site
//   74 00        je   end          74 00           inside: moves along
//   end:                           0f 1f 40 00     one NOP
//
// Linux patched only a CALL at the very start of a replacement until 2023:
// one that stood second called an address that was wrong by the distance of
// the two sections. [Linux apply_relocation]
#include "kernel/printf.h"
#include "kernel/string.h"
#include "smc/patch/alternative/alternative.h"
#include "smc/x86/decode.h"
#include "smc/x86/relocate.h"

enum { INT3 = 0xcc, NOP = 0x90 };

// The run that is moved: the replacement and one byte behind it. A branch to
// the replacement's end is one inside then and moves along, as it must: the
// site's padding is there. Without that byte it would lead into rodata.
struct run {
    uint8_t code[ALTERNATIVE_MAX + 1];
    uint8_t out[2 * (ALTERNATIVE_MAX + 1)];
    struct moved moved[ALTERNATIVE_MAX + 1];
    struct relocation r;
};

static enum relocate_status move(struct run *run,
                                 const struct alternative_block *block)
{
    memcpy(run->code, block->code, block->len);
    run->code[block->len] = NOP;
    run->r = (struct relocation){.code = run->code,
                                 .size = block->len + 1u,
                                 .address = block->address,
                                 .out = run->out,
                                 .out_size = sizeof run->out,
                                 .out_address = block->site,
                                 .moved = run->moved,
                                 .moved_max = ALTERNATIVE_MAX + 1,
                                 .calls = true};
    return relocate(&run->r);
}

// relocate() widens a branch that no longer reaches its target. A site has
// its length from the assembler, so here that is a refusal. Returns the
// offset of such a branch, or -1.
static int widened(const struct run *run)
{
    for (uint32_t i = 0; i < run->r.count; i++)
        if (run->moved[i].growth)
            return (int)run->moved[i].from;
    return -1;
}

// Does control ever come to what follows the last instruction? The last but
// one of the run: the last is the NOP that we have added.
static bool falls_through(const struct run *run)
{
    if (run->r.count < 2)
        return true;
    struct insn insn;
    uint32_t at = run->moved[run->r.count - 2].from;
    insn_decode(&insn, run->code + at, run->r.size - at, INSN_32);
    switch (insn_flow(&insn)) {
    case FLOW_JUMP:
    case FLOW_JUMP_INDIRECT:
    case FLOW_JUMP_FAR:
    case FLOW_RETURN:
    case FLOW_RETURN_FAR: return false;
    default: return true;
    }
}

// Is there a branch to the end? Then what is there is executed, although the
// last instruction does not lead to it.
static bool leads_to_end(const struct run *run)
{
    for (uint32_t i = 0; i + 1 < run->r.count; i++) {
        struct insn insn;
        uint32_t at = run->moved[i].from;
        insn_decode(&insn, run->code + at, run->r.size - at, INSN_32);
        uint32_t rel = insn.imm_size == 1 ? (uint32_t)(int8_t)insn.imm
                                          : insn.imm;
        if (run->moved[i].relative &&
            at + insn.length + rel == run->r.size - 1)
            return true;
    }
    return false;
}

// INT3 behind a jump is never executed, and stops a processor that guesses
// that it might be; in front of whatever follows the site NOPs must be.
static void pad(uint8_t *out, const struct run *run, uint8_t len,
                uint8_t site_len, uint32_t set)
{
    if (falls_through(run) || leads_to_end(run))
        feature_nop(out + len, site_len - len, set);
    else
        memset(out + len, INT3, site_len - len);
}

const char *alternative_build(uint8_t *out,
                              const struct alternative_block *block,
                              uint32_t set, char *why, size_t size)
{
    struct run run;
    if (block->site_len > ALTERNATIVE_MAX || block->len > block->site_len) {
        ksnprintf(why, size, "%u bytes for a site of %u (at most %u)",
                  block->len, block->site_len, ALTERNATIVE_MAX);
        return why;
    }
    enum relocate_status status = move(&run, block);
    if (status != RELOCATE_OK) {
        ksnprintf(why, size, "replacement + %u: %s", run.r.at,
                  relocate_text(status));
        return why;
    }
    int short_branch = widened(&run);
    if (short_branch >= 0) {
        ksnprintf(why, size,
                  "replacement + %d: a rel8 does not reach its target from "
                  "the site",
                  short_branch);
        return why;
    }
    memcpy(out, run.out, block->len);
    pad(out, &run, block->len, block->site_len, set);
    return NULL;
}
