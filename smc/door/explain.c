// SPDX-License-Identifier: MIT
// Refusals and journal entries in words.
#include "kernel/clock.h"
#include "kernel/printf.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"

// Indexed by enum text_reason. Whoever adds a reason adds a line here: a hole
// is a null pointer for %s.
static const char *const reasons[] = {
    [TEXT_OK] = "written",
    [TEXT_BAD_LENGTH] = "the length is 0 or over the limit of 16 bytes",
    [TEXT_OUTSIDE] = "the site is not inside kernel text or one arena",
    [TEXT_UNMAPPED] = "a page of the site is not mapped as code",
    [TEXT_DOOR] = "the door and the trap entry do not rewrite themselves",
    [TEXT_MISMATCH] = "the old bytes are not the expected ones",
    [TEXT_SAME] = "the new bytes equal the old ones",
    [TEXT_NOT_READY] = "the door is not open yet",
    [TEXT_FULL] = "the journal is full of live patches: undo some",
    [TEXT_NO_ENTRY] = "there is no such entry, or it has left the journal",
    [TEXT_NOT_PATCH] = "the entry is not a patch",
    [TEXT_UNDONE] = "the entry was undone before",
    [TEXT_OVERLAPPED] = "a later patch overlaps",
    [TEXT_FREED] = "the memory it was written to is gone",
    [TEXT_REPLACED] = "a generated block was written over it",
    [TEXT_STRADDLED] = "a live patch lies half inside the block",
    [TEXT_ENTERED] =
        "a thread is between its instructions, or a CPU does not stop",
    [TEXT_SOURCE] = "the new bytes lie in the block itself",
    [TEXT_RESERVED] = "the site belongs to another technique",
    [TEXT_BATCH] = "a batch has 1 to 4096 sites",
    [TEXT_TWICE] = "two sites of the batch overlap",
    [TEXT_BREAKPOINT] = "a debugger's breakpoint?",
    [TEXT_OLD] = "the old bytes are not one instruction that can be emulated",
    [TEXT_NEW] = "the new bytes are not one instruction that can be emulated",
    [TEXT_TARGET] = "the new branch leads out of text and arenas",
    [TEXT_INSIDE] = "no instruction begins here",
    [TEXT_BRANCH] = "a branch leads behind the first byte",
    [TEXT_INTERRUPTS] = "interrupts are off, and other CPUs are online",
    [TEXT_BUSY] = "this CPU is in the middle of another poke",
    [TEXT_STUCK] = "nothing written, no answer from",
    [TEXT_UNFINISHED] = "in effect by way of INT3, no answer from",
};

// "..., no answer from CPU 2, 3"
static void name_cpus(char *out, size_t size, const char *words, uint32_t cpus)
{
    size_t at = (size_t)ksnprintf(out, size, "%s CPU", words);
    const char *comma = "";
    for (unsigned i = 0; cpus >> i; i++)
        if ((cpus >> i & 1) && at < size) {
            at += (size_t)ksnprintf(out + at, size - at, "%s %u", comma, i);
            comma = ",";
        }
}

static bool names_address(enum text_reason reason)
{
    return reason == TEXT_TWICE || reason == TEXT_TARGET ||
           reason == TEXT_INSIDE || reason == TEXT_BRANCH;
}

// Both byte strings where they are the reason, the number of the entry in the
// way where there is one. 3 characters a byte are two digits and a blank, or
// the final NUL.
char *text_explain(char *out, size_t size, const struct text_result *r)
{
    char expected[3 * TEXT_MAX], found[3 * TEXT_MAX];
    if (r->reason == TEXT_MISMATCH || r->reason == TEXT_BREAKPOINT)
        ksnprintf(out, size, "%s: expected %s, found %s", reasons[r->reason],
                  hex_bytes(expected, sizeof expected, r->expected, r->len),
                  hex_bytes(found, sizeof found, r->found, r->len));
    else if (r->reason == TEXT_OVERLAPPED || r->reason == TEXT_STRADDLED)
        ksnprintf(out, size, "%s: undo #%u first", reasons[r->reason],
                  r->other);
    else if (r->reason == TEXT_RESERVED)
        ksnprintf(out, size, "%s, `%s`", reasons[r->reason], r->owner);
    else if (r->reason == TEXT_STUCK || r->reason == TEXT_UNFINISHED)
        name_cpus(out, size, reasons[r->reason], r->cpus);
    else if (names_address(r->reason))
        ksnprintf(out, size, "%s: %08x", reasons[r->reason], r->other);
    else
        ksnprintf(out, size, "%s", reasons[r->reason]);
    return out;
}

// What became of it since. An undo has no life of its own.
static const char *verdict(const struct journal_entry *e)
{
    if (e->kind == JOURNAL_REFUSED)
        return reasons[e->reason];
    if (e->kind == JOURNAL_UNDO || e->state == JOURNAL_LIVE)
        return "";
    // In the order of enum journal_state.
    static const char *const states[] = {"", "undone", "freed", "replaced"};
    return states[e->state];
}

// A block's length is not limited to TEXT_MAX, what is kept of it is. A
// refusal's bytes are for `journal N`: here they would look written.
static void print_bytes(const struct journal_entry *e)
{
    char old[3 * TEXT_MAX], new[3 * TEXT_MAX];
    uint32_t len = e->len < TEXT_MAX ? e->len : TEXT_MAX;
    hex_bytes(old, sizeof old, e->old, len);
    hex_bytes(new, sizeof new, e->new, len);
    if (e->kind == JOURNAL_GENERATED)
        kprintf("%u bytes generated", e->len);
    else if (e->kind == JOURNAL_REFUSED)
        kprintf("refused:");
    else
        kprintf("%s -> %s", old, new);
}

// Memory that is gone may be somebody else's by now, whose name would mislead.
char *journal_where(char *out, size_t size, const struct journal_entry *e)
{
    if (e->state != JOURNAL_FREED)
        return symbol_format(out, size, e->site);
    ksnprintf(out, size, "%p", (void *)e->site);
    return out;
}

static void print_line(const struct journal_entry *e, uint32_t more)
{
    char where[64];
    journal_where(where, sizeof where, e);
    kprintf("#%-4u %8llu us cpu%u %-8s %-28s ", e->number, clock_us_at(e->tsc),
            e->cpu, e->technique, where);
    print_bytes(e);
    if (e->kind == JOURNAL_UNDO)
        kprintf(" (undoes #%u)", e->other);
    if (e->kind == JOURNAL_MOVED)
        kprintf(", and so %u words of text", e->other);
    if (e->folded)
        kprintf(" (%u folded)", e->folded);
    if (more)
        kprintf(" and %u more to #%u", more, e->number + more);
    kprintf(" %s\n", verdict(e));
}

void journal_print(const struct journal_entry *e)
{
    print_line(e, 0);
}

// Does the entry at `index` go on with the batch of the one before, with the
// same fate?
static bool continues(uint32_t index)
{
    const struct journal_entry *e = journal_at(index);
    const struct journal_entry *before = index ? journal_at(index - 1) : NULL;
    return before && e->batch && e->batch == before->batch &&
           e->state == before->state && e->number == before->number + 1;
}

// Oldest first: the newest line ends up next to the prompt. A batch is one
// line; `journal N` shows each of its sites.
void journal_tail(uint32_t n)
{
    uint32_t count = journal_count(), start = count;
    for (uint32_t lines = 0; start && lines < n; lines += !continues(start))
        start--;
    while (start < count) {
        uint32_t first = start++;
        while (start < count && continues(start))
            start++;
        print_line(journal_at(first), start - first - 1);
    }
}
