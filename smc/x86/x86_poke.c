// SPDX-License-Identifier: MIT
// `poke`: the playground. A typed line becomes live code, if everything that
// a patch must satisfy is satisfied.
//
//   typed           nop; 1 byte
//   at the site     e8 .. .. .. ..   call f       5 bytes, one instruction
//   written         90 0f 1f 40 00   nop; nopl    5 bytes
//
// The rest of the last instruction becomes one NOP, not several: an interrupt
// that returned between two would come back into the middle of what an undo
// restores. The door itself judges addresses and bytes; the boundaries are
// judged here, before it is asked: decoding is too much to do inside it.
//
//   question                                     asked by
//   is what was typed whole instructions         is_whole
//   is it text, and code that can be decoded     x86_may_patch
//   whole instructions, and nobody arrives       boundaries_may_patch
//     between them from inside the function
//   nor from another function                    branch_from_elsewhere
//   not the door's own, mapped, still the        text_write
//     same bytes
//
//   nobody is in the middle of the site now      still_call
//
// The last by stopping all other CPUs and reading the stack of every thread:
// several instructions cannot be changed under a CPU that may be between two.
#include "smc/x86/x86_poke.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/still.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/x86/assemble.h"
#include "smc/x86/decode.h"
#include "smc/x86/nop.h"
#include "smc/x86/x86_list.h"

// Judging -----------------------------------------------------------------

// Bytes of the whole instructions from `site` that hold at least `length`.
// What cannot be decoded ends it: the verdict will say so. The bytes on the
// site are what counts, so a site that has been poked before is measured by
// its present instructions.
static uint32_t round_up(const uint8_t *site, uint32_t length)
{
    struct insn insn;
    uint32_t whole = 0;
    while (whole < length) {
        size_t room = (size_t)(text_end - site) - whole;
        enum insn_status status = insn_decode(&insn, site + whole, room,
                                              INSN_32);
        if (!insn_has_length(status))
            return length;
        whole += insn.length;
    }
    return whole;
}

// The parts that a compiler moves out of a function (f.cold), and assembly,
// branch from one symbol into another. To the first byte anybody may.
//
//   site   | insn | insn | insn |
//          ^      ^ low = site + 1 .. high = site + length
//          calls and jumps to here are what functions are for
//
// *v stays as it is if nobody does. Indirect jumps of others are not seen: a
// switch in a part that the compiler has moved out, with a case in this one,
// would be missed.
static void branch_from_elsewhere(const uint8_t *site, uint32_t length,
                                  struct boundary_verdict *v)
{
    const uint8_t *start = text_start;
    uint32_t size = 0, low = (uint32_t)site + 1;
    for (; symbol_range(start, &start, &size); start += size)
        if (boundaries_branch_into(start, size, (uint32_t)start, low,
                                   low + length - 1, v))
            return;
}

// The marks are one byte for each of the function's: too many for a stack, and
// without memory for them nothing is known about the site.
struct boundary_verdict x86_may_patch(const uint8_t *site, uint32_t *length)
{
    struct boundaries b;
    struct boundary_verdict v = {BOUNDARY_UNKNOWN, (uint32_t)site, 0};
    const uint8_t *start;
    uint32_t size;
    if (!symbol_range(site, &start, &size))
        return v;
    uint8_t *marks = heap_alloc(size);
    if (!marks)
        return v;
    boundaries_find(&b, start, size, (uint32_t)start, marks);
    *length = round_up(site, *length);
    v = boundaries_may_patch(&b, (uint32_t)(site - start), *length);
    heap_free(marks);
    if (v.reason == BOUNDARY_OK)
        branch_from_elsewhere(site, *length, &v);
    return v;
}

// Writing -----------------------------------------------------------------

enum { PATIENCE_US = 1000000 };

// There is room for the longest instruction behind TEXT_MAX bytes: the last
// one touched may reach that far.
struct job {
    uint8_t *site;
    uint32_t length;
    uint8_t new[TEXT_MAX + INSN_MAX], old[TEXT_MAX + INSN_MAX];
    struct text_result *result;
};

// All other CPUs stand still. More than TEXT_MAX the door refuses, and another
// patch that came since the old bytes were read.
static void write(void *arg)
{
    const struct job *job = arg;
    *job->result = text_write(job->site, job->old, job->new, job->length,
                              "poke");
}

void x86_poke(struct x86_poked *p, uint8_t *site, const uint8_t *code,
              size_t n)
{
    struct job job = {.site = site, .length = (uint32_t)n, .result = &p->door};
    *p = (struct x86_poked){.verdict = x86_may_patch(site, &job.length)};
    if (p->verdict.reason != BOUNDARY_OK)
        return;
    memcpy(job.new, code, n);
    nop_pad(job.new + n, job.length - n, cpu.long_nop);
    memcpy(job.old, site, job.length);
    // Whoever is at the first byte has not begun, or has returned to it.
    const struct still_range inside = {site + 1, job.length - 1};
    uint32_t looks = 0;
    p->done = still_call(&inside, 1, write, &job, PATIENCE_US, &looks,
                         p->in_the_way, sizeof p->in_the_way) &&
              p->door.reason == TEXT_OK;
}

char *x86_poke_explain(char *out, size_t size, const struct x86_poked *p)
{
    if (p->verdict.reason != BOUNDARY_OK)
        return boundaries_explain(out, size, &p->verdict);
    if (!p->in_the_way[0] || p->done)
        return text_explain(out, size, &p->door);
    ksnprintf(out, size, "%s", p->in_the_way);
    return out;
}

// The command -------------------------------------------------------------

// All lines, one behind the other. Returns how many bytes, 0 for an error.
// Each is assembled for the place where it will stand: branches count from it.
static size_t assemble_all(uint8_t code[TEXT_MAX], const uint8_t *site,
                           int count, char **lines)
{
    struct assembled one;
    size_t n = 0;
    for (int i = 0; i < count; i++) {
        if (!assemble(&one, lines[i], (uint32_t)(site + n), x86_lookup)) {
            kprintf("poke: \"%s\": %s\n", lines[i], one.error);
            return 0;
        }
        if (one.len > TEXT_MAX - n) {
            kprintf("poke: more than %u bytes of code\n", TEXT_MAX);
            return 0;
        }
        memcpy(code + n, one.bytes, one.len);
        n += one.len;
    }
    return n;
}

// Data may be typed as well (.byte), and half an instruction would take in
// what follows the site: `.byte 0xb8` and four bytes that nobody meant.
static bool is_whole(const uint8_t *code, size_t n, const uint8_t *site)
{
    struct insn insn;
    for (size_t at = 0; at < n; at += insn.length) {
        enum insn_status status = insn_decode(&insn, code + at, n - at,
                                              INSN_32);
        if (status == INSN_OK)
            continue;
        kprintf(status == INSN_TRUNCATED
                    ? "poke: the new code ends inside an instruction, at "
                      "%08x\n"
                    : "poke: the new code is no known instruction at %08x\n",
                (uint32_t)(site + at));
        return false;
    }
    return true;
}

// The old bytes come from the door's answer: they are what it replaced.
static void show(const char *when, const uint8_t *bytes, uint32_t len,
                 uint32_t address)
{
    kprintf("%s\n", when);
    for (size_t at = 0; at < len;)
        at += x86_list_bytes(bytes + at, len - at, address + (uint32_t)at);
}

// What became of it, in words. Only the door's refusals are in the journal.
static int report(const uint8_t *site, const struct x86_poked *p)
{
    char why[128], number[16] = "";
    const struct text_result *r = &p->door;
    if (!p->done) {
        if (r->entry)
            ksnprintf(number, sizeof number, "#%u ", r->entry);
        kprintf("poke: %srefused: %s\n", number,
                x86_poke_explain(why, sizeof why, p));
        return 1;
    }
    show("before", r->found, r->len, (uint32_t)site);
    show("after", site, r->len, (uint32_t)site);
    kprintf("`undo %u` takes it back\n", r->entry);
    return 0;
}

static int run_poke(int argc, char **argv)
{
    const uint8_t *place;
    uint8_t code[TEXT_MAX];
    uint32_t offset;
    struct x86_poked poked;
    if (argc < 3)
        return command_usage("poke");
    if (!x86_place("poke", argv[1], &place) || x86_namesakes("poke", argv[1]))
        return 1;
    if (!symbol_name(place, &offset)) {
        kprintf("poke: %08x is not in kernel text\n", (uint32_t)place);
        return 1;
    }
    size_t n = assemble_all(code, place, argc - 2, argv + 2);
    if (!n || !is_whole(code, n, place))
        return 1;
    uint8_t *site = (uint8_t *)(uintptr_t)place;
    x86_poke(&poked, site, code, n);
    return report(site, &poked);
}
COMMAND(poke, "PLACE \"LINE\" ...",
        "replace live instructions through the door", run_poke);
