// SPDX-License-Identifier: MIT
// The door's shell commands: journal, undo, hash.
#include "boot/kaslr.h"
#include "kernel/command.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/x86/decode.h"
#include "smc/x86/x86_show.h"

enum { SHOWN = 20 };

static const char *const kinds[] = {
    [JOURNAL_PATCH] = "patch",
    [JOURNAL_GENERATED] = "generated block",
    [JOURNAL_UNDO] = "undo",
    [JOURNAL_REFUSED] = "refusal",
    [JOURNAL_MOVED] = "move of the kernel, first word",
};

// What one side of an entry looked like around the site: an instruction may
// begin before the patch (an operand) and end behind it (an INT3).
//
//   start          site            site + kept
//   | b8           | 01 00 00 00   | c3 ...
//     from memory    the entry's     from memory
struct side {
    uint8_t bytes[INSN_MAX + TEXT_MAX + INSN_MAX];
    size_t lead, kept, len; // before the site, in the entry, altogether
};

// Has anything been written there after this entry?
static bool changed_since(const struct journal_entry *e, const uint8_t *start,
                          const uint8_t *end)
{
    for (uint32_t i = 0; i < journal_count(); i++) {
        const struct journal_entry *later = journal_at(i);
        if (later->number > e->number && later->kind != JOURNAL_REFUSED &&
            later->site < end && later->site + later->len > start)
            return true;
    }
    return false;
}

// Nothing is read that is not mapped: a refused site may be anywhere. What was
// in front of the site then is not known if it was changed since; the entry
// then begins with an instruction, as patches of whole ones do.
static void fill_side(struct side *side, const struct journal_entry *e,
                      const uint8_t *bytes)
{
    const uint8_t *start = x86_instruction_at(e->site);
    if (changed_since(e, start, e->site))
        start = e->site;
    side->lead = (size_t)(e->site - start);
    side->kept = e->len < TEXT_MAX ? e->len : TEXT_MAX;
    side->len = x86_readable(start, sizeof side->bytes);
    memcpy(side->bytes, start, side->len);
    memcpy(side->bytes + side->lead, bytes, side->kept);
    if (side->len < side->lead + side->kept)
        side->len = side->lead + side->kept;
}

// How often the byte at `at` is repeated: an arena's INT3 and a row of NOPs
// are one line each.
static size_t repeats(const struct side *s, size_t at, size_t end)
{
    size_t n = 1;
    while (at + n < end && s->bytes[at + n] == s->bytes[at])
        n++;
    return n;
}

// One row for each instruction: those of its bytes that the entry has, and
// the whole of it in words.
static void print_side(const char *label, const struct journal_entry *e,
                       const uint8_t *bytes)
{
    struct side s;
    char hex[3 * TEXT_MAX], text[X86_SHOW_MAX];
    fill_side(&s, e, bytes);
    size_t end = s.lead + s.kept;
    for (size_t at = 0, n; at < end; at += n, label = "") {
        n = x86_show(text, sizeof text, s.bytes + at, s.len - at,
                     (uint32_t)(e->site - s.lead + at));
        size_t from = at < s.lead ? s.lead : at;
        size_t to = at + n < end ? at + n : end;
        size_t times = n == 1 ? repeats(&s, at, end) : 1;
        hex_bytes(hex, sizeof hex, s.bytes + from, to - from);
        kprintf("  %-9s %-24s %s", label, hex, text);
        kprintf(times > 1 ? ", %u times\n" : "\n", times);
        n *= times;
    }
    if (s.kept < e->len)
        kprintf("  %-9s ...\n", "");
}

// A number that was never given and one whose entry has gone are two answers:
// the second means "you are too late", not "you are wrong".
static int show_entry(uint32_t number)
{
    char where[64];
    const struct journal_entry *e = journal_find(number);
    if (!e) {
        kprintf("journal: there is no entry #%u", number);
        kprintf(number && number <= journal_last()
                    ? " any more: it left the ring (newest is #%u)\n"
                    : " (newest is #%u)\n",
                journal_last());
        return 1;
    }
    journal_print(e);
    kprintf("  kind      %s of %u bytes by `%s`\n", kinds[e->kind], e->len,
            e->technique);
    kprintf("  site      %p %s\n", e->site,
            journal_where(where, sizeof where, e));
    kprintf("  caller    %p %s\n", e->caller,
            symbol_format(where, sizeof where, e->caller));
    print_side(e->kind == JOURNAL_REFUSED ? "found" : "old", e, e->old);
    print_side(e->kind == JOURNAL_REFUSED ? "expected" : "new", e, e->new);
    return 0;
}

static int run_journal(int argc, char **argv)
{
    uint32_t number;
    if (argc > 2)
        return command_usage("journal");
    if (argc == 2 && strcmp(argv[1], "all") == 0) {
        journal_tail(JOURNAL_SIZE);
        return 0;
    }
    if (argc == 2) {
        if (!parse_u32(argv[1], &number))
            return command_usage("journal");
        return show_entry(number);
    }
    if (journal_count() > SHOWN)
        kprintf("(the last %u of %u kept; `journal all` shows them all)\n",
                SHOWN, journal_count());
    journal_tail(SHOWN);
    return 0;
}
COMMAND(journal, "[N|all]", "every write to code, or one in full",
        run_journal);

// Fails if a single one was refused: a test that ends by `undo all` must not
// pass with a patch left in place.
static int undo_everything(void)
{
    char text[128];
    struct text_result refusal;
    uint32_t n = text_undo_all(&refusal);
    kprintf("%u patches undone\n", n);
    if (refusal.reason == TEXT_OK)
        return 0;
    kprintf("undo: some were refused; the first: %s\n",
            text_explain(text, sizeof text, &refusal));
    return 1;
}

static int run_undo(int argc, char **argv)
{
    char text[128];
    uint32_t number;
    if (argc != 2)
        return command_usage("undo");
    if (strcmp(argv[1], "all") == 0)
        return undo_everything();
    if (!parse_u32(argv[1], &number))
        return command_usage("undo");
    // The refusal itself has a line too, with this command as its caller.
    struct text_result r = text_undo(number);
    if (r.reason == TEXT_UNFINISHED)
        kprintf("undo: #%u: %s\n", number,
                text_explain(text, sizeof text, &r));
    else if (r.reason != TEXT_OK) {
        kprintf("undo: #%u refused: %s\n", number,
                text_explain(text, sizeof text, &r));
        return 1;
    }
    journal_print(journal_find(r.entry));
    return 0;
}
COMMAND(undo, "N|all", "take back a write to code", run_undo);

// Patches in arenas are left out: the hash does not cover arenas.
static uint32_t live_text_patches(void)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < journal_count(); i++) {
        const struct journal_entry *e = journal_at(i);
        live += e->kind == JOURNAL_PATCH && e->state == JOURNAL_LIVE &&
                e->site >= text_start && e->site < text_end;
    }
    return live;
}

// "different, by 0 live patches" would be the alarm of this kernel: text was
// changed, and not by the door.
static int run_hash(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    uint64_t now = text_hash(), boot = text_boot_hash();
    kprintf("text %016llx, at boot %016llx: ", now, boot);
    if (now == boot)
        kprintf("equal\n");
    else
        kprintf("different, by %u live patches (undo all)\n",
                live_text_patches());
    if (kaslr_report.delta)
        kprintf("without the move by 0x%x: %016llx, before it %016llx\n",
                kaslr_report.delta, kaslr_unmoved_hash(),
                kaslr_report.linked_hash);
    return now != boot;
}
COMMAND(hash, "", "compare kernel text with what was booted", run_hash);
