// SPDX-License-Identifier: MIT
// Oracle: objdump. Every instruction that it prints must have the same length
// and the same text here; what it calls (bad) must not be INSN_OK.
//
//   oracle_objdump '-d /lib32/libc.so.6' '-D -b binary -m i8086 boot.img'
//
// Each word is what follows `objdump`; with i8086 in it, code is 16-bit. Text
// is compared without regard to white space and to symbols (<name+0x12>).
// Differences are counted by kind; docs/oracles.md has the reasons.
#include "smc/x86/print.h"
#include "tests-host/host.h"
#include "tests-host/oracle_listing.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What objdump and we see differently. Those from JOINED_FWAIT on have a
// reason. Code made by compilers has none of them; data among code has a few
// of the first four, random bytes have all.
//
// The order is meant: what comes before JOINED_FWAIT is shown unasked.
enum kind {
    SAME,
    LENGTH,
    TEXT,
    OURS_ONLY,
    THEIRS_ONLY,
    JOINED_FWAIT,
    LOCK,
    SEGMENT,
    SALC,
    X87_ALIAS,
    NEWER,
    WRAP,
    XBEGIN,
    KINDS
};
// test_objdump.py knows the kinds by these words, or by their beginnings.
static const char *const kinds[KINDS] = {
    [SAME] = "the same",
    [LENGTH] = "length differs",
    [TEXT] = "text differs",
    [OURS_ONLY] = "(bad) there, not here",
    [THEIRS_ONLY] = "undefined here, not there",
    [JOINED_FWAIT] = "FWAIT and the x87 instruction behind it as one",
    [LOCK] = "LOCK where no processor takes it",
    [SEGMENT] = "MOV to %cs, or with a segment register that is none",
    [SALC] = "SALC, which objdump does not know",
    [X87_ALIAS] = "x87 instructions under their second, unwritten opcode",
    [NEWER] = "not in our tables: the length only",
    [WRAP] = "a short branch with 16-bit operands, not cut to 16 bits there",
    [XBEGIN] = "XBEGIN of 16 bits, whose target is cut there",
};

struct tally {
    uint64_t lines, bad, of[KINDS];
};

// Comparing ---------------------------------------------------------------

// With a symbolizer targets are printed as objdump prints them beside a name:
// bare digits, where it says 0x1234 if there is none. Which name is all the
// same: next_letter stops at the <.
static char *any_symbol(char *out, size_t size, uint32_t address)
{
    (void)address;
    snprintf(out, size, "<>");
    return out;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

// The next letter that counts: white space is one blank or, at the end,
// nothing; a symbol ends the text.
static char next_letter(const char **s)
{
    bool space = false;
    for (; is_space(**s); ++*s)
        space = true;
    if (!**s || **s == '<')
        return 0;
    return space ? ' ' : *(*s)++;
}

// Letter by letter, both in their short form:
//
//   "mov    %eax,%ebx"             "mov %eax,%ebx"
//   "call   c0101234 <name+0x12>"  "call c0101234"
static bool same_text(const char *a, const char *b)
{
    char c;
    while ((c = next_letter(&a)) == next_letter(&b))
        if (!c)
            return true;
    return false;
}

// Skips the words of prefixes.
// The last one has no blank behind it: then nothing is left.
static const char *after_prefixes(const char *text)
{
    static const char *const prefixes[] = {
        "cs ",   "ds ",    "es ",     "fs ",     "gs ",     "ss ",     "lock ",
        "repz ", "repnz ", "data16 ", "data32 ", "addr16 ", "addr32 ",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t size = strlen(prefixes[i]);
        if (strncmp(text, prefixes[i], size) == 0)
            return after_prefixes(text + size);
        if (strncmp(text, prefixes[i], size - 1) == 0 && !text[size - 1])
            return "";
    }
    return text;
}

// Not an instruction: undefined, cut off by a symbol, or nothing but prefixes
// before one. The word may also stand for one operand, or, as {bad}, for what
// EVEX adds to one; such a line is no instruction either.
static bool is_bad(const char *text)
{
    return strstr(text, "bad)") || strstr(text, "bad}") ||
           strncmp(text, ".byte", 5) == 0 || !*after_prefixes(text);
}

// objdump shows FWAIT with the x87 instruction behind it as one, under the
// name that the assembler has for both: 9b d9 3c 24 is fstcw, not fnstcw.
//
//   bytes     9b      d9 3c 24
//   objdump   fstcw (%esp)            one line of four bytes
//   here      fwait   fnstcw (%esp)   two instructions
//
// Both halves must be right: the second is decoded and compared, too. If there
// is no second half, objdump must call the whole line bad.
static bool is_joined_fwait(const struct listing *l, const struct line *line,
                            const struct insn *insn, char *text, size_t size)
{
    struct insn second;
    if (insn->map != MAP_1 || insn->opcode != 0x9b ||
        line->length <= insn->length)
        return false;
    const uint8_t *bytes = l->code + line->at + insn->length;
    if (insn_decode(&second, bytes, (size_t)(line->length - insn->length),
                    insn->mode) != INSN_OK)
        return is_bad(line->text);
    insn_print(text, size, &second, line->address + insn->length, NULL);
    if (insn->length + second.length != line->length)
        return false;
    const char *theirs = after_prefixes(line->text);
    if (same_text(text, theirs))
        return true;
    if (text[0] != 'f' || text[1] != 'n')
        return false;
    memmove(text + 1, text + 2, strlen(text + 2) + 1);
    return same_text(text, theirs);
}

// Why objdump sees nothing in what we take for an instruction.
// Only what is named here is forgiven; all else is OURS_ONLY, and counted.
static enum kind judge_ours(const struct insn *insn)
{
    if (insn->map != MAP_1)
        return OURS_ONLY;
    if (insn->opcode == 0xd6)
        return SALC;
    bool x87 = insn->opcode >= 0xd8 && insn->opcode <= 0xdf;
    return x87 && insn->modrm >= 0xc0 ? X87_ALIAS : OURS_ONLY;
}

// Why we see nothing in what objdump prints.
// Bytes that end, or pass 15, for one side only are a matter of length.
static enum kind judge_theirs(const struct insn *insn, enum insn_status status)
{
    if (status != INSN_UNDEFINED)
        return LENGTH;
    if (insn->prefixes & PREFIX_LOCK)
        return LOCK;
    if (insn->map == MAP_1 && (insn->opcode & 0xfd) == 0x8c)
        return SEGMENT;
    return THEIRS_ONLY;
}

// Where the last word begins, which is a branch's target.
static const char *last_word(const char *text)
{
    const char *end = text + strcspn(text, "<");
    while (end > text && is_space(end[-1]))
        end--;
    while (end > text && !is_space(end[-1]))
        end--;
    return end;
}

// Nothing but the target differs, and of that not the low 16 bits.
static bool is_cut(const char *ours, const char *theirs)
{
    const char *a = last_word(ours), *b = last_word(theirs);
    return a - ours == b - theirs &&
           strncmp(ours, theirs, (size_t)(a - ours)) == 0 &&
           (uint16_t)strtoul(a, NULL, 16) == (uint16_t)strtoul(b, NULL, 16);
}

// IP has 16 bits after such a branch. objdump knows it of long ones only, and
// believes it of XBEGIN.
static enum kind judge_text(const struct insn *insn, const char *ours,
                            const char *theirs)
{
    enum insn_flow flow = insn_flow(insn);
    if (same_text(ours, theirs))
        return SAME;
    if (insn->operand_size != 2 || !is_cut(ours, theirs))
        return TEXT;
    if (insn->map == MAP_1 && insn->opcode == 0xc7)
        return XBEGIN;
    return insn->imm_size == 1 && (flow == FLOW_JUMP || flow == FLOW_BRANCH)
               ? WRAP
               : TEXT;
}

//   objdump   insn_decode           kind
//   text      FWAIT, shorter        JOINED_FWAIT, if the halves are right
//   (bad)     an instruction        judge_ours
//   (bad)     any other status      SAME
//   text      any other status      judge_theirs
//   text      another length        LENGTH
//   text      unknown, that length  NEWER
//   text      that length           judge_text
//
// FWAIT comes first: by its length alone the line would count as LENGTH.
static enum kind judge(const struct listing *l, size_t i, size_t available,
                       enum insn_mode mode, char *text, size_t size)
{
    const struct line *line = &l->lines[i];
    struct insn insn;
    enum insn_status status = insn_decode(&insn, l->code + line->at, available,
                                          mode);
    snprintf(text, size, "(%s)", insn_status_text(status));
    if (status == INSN_OK)
        insn_print(text, size, &insn, line->address,
                   strchr(line->text, '<') ? any_symbol : NULL);
    if (status == INSN_OK && is_joined_fwait(l, line, &insn, text, size))
        return JOINED_FWAIT;
    if (is_bad(line->text))
        return status == INSN_OK ? judge_ours(&insn) : SAME;
    if (!insn_has_length(status))
        return judge_theirs(&insn, status);
    if (insn.length != line->length)
        return LENGTH;
    if (status == INSN_UNKNOWN)
        return NEWER;
    return judge_text(&insn, text, line->text);
}

// Address, bytes and both texts: enough to try it by hand.
static void show(const struct listing *l, size_t i, enum kind kind,
                 const char *ours)
{
    const struct line *line = &l->lines[i];
    printf("%s: %x:", kinds[kind], line->address);
    for (unsigned b = 0; b < line->length; b++)
        printf(" %02x", l->code[line->at + b]);
    printf("\n    objdump  %s\n    ours     %s\n", line->text, ours);
}

// One run of objdump. The first twenty differences without a reason are shown,
// of all runs together; the others are counted only.
static void compare(struct tally *total, const char *words)
{
    struct listing l = {0};
    struct tally tally = {0};
    enum insn_mode mode = strstr(words, "i8086") ? INSN_16 : INSN_32;
    static unsigned shown;
    listing_read(&l, words);
    for (size_t i = 0; i < l.count; i++) {
        char text[INSN_TEXT_MAX];
        enum kind kind = judge(&l, i, listing_room(&l, i), mode, text,
                               sizeof text);
        if (kind != SAME &&
            (host.verbose || (kind < JOINED_FWAIT && shown++ < 20)))
            show(&l, i, kind, text);
        tally.bad += is_bad(l.lines[i].text);
        tally.of[kind]++;
    }
    tally.lines = l.count;
    printf("%s: %llu instructions, length %llu differ, text %llu differ\n",
           words, (unsigned long long)l.count,
           (unsigned long long)tally.of[LENGTH],
           (unsigned long long)tally.of[TEXT]);
    total->lines += tally.lines;
    total->bad += tally.bad;
    for (unsigned k = 0; k < KINDS; k++)
        total->of[k] += tally.of[k];
    listing_free(&l);
}

int main(int argc, char **argv)
{
    struct tally total = {0};
    host_begin(argc, argv, "decoding and printing against objdump");
    for (int i = 0; i < host.file_count; i++)
        compare(&total, host.files[i]);
    printf("%llu instructions, %llu of them (bad)\n",
           (unsigned long long)total.lines, (unsigned long long)total.bad);
    for (unsigned k = LENGTH; k < KINDS; k++)
        printf("%10llu  %s\n", (unsigned long long)total.of[k], kinds[k]);
    // A loose limit, for the status. test_objdump.py has one for each kind of
    // input: none at all in libraries, a few in bytes made to be odd.
    host_judge(total.of[LENGTH] * 10000 <= total.lines, "lengths");
    host_judge(total.of[TEXT] * 10000 <= total.lines, "texts");
    return host_end();
}
