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
    KINDS
};
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
    [NEWER] = "newer than our tables: the length only",
    [WRAP] = "a short branch with 16-bit operands, not cut to 16 bits there",
};

struct tally {
    uint64_t lines, bad, of[KINDS];
};

// Comparing ---------------------------------------------------------------

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

static bool same_text(const char *a, const char *b)
{
    char c;
    while ((c = next_letter(&a)) == next_letter(&b))
        if (!c)
            return true;
    return false;
}

// Skips the words of prefixes.
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
// before one.
static bool is_bad(const char *text)
{
    return strstr(text, "bad)") || strstr(text, "bad}") ||
           strncmp(text, ".byte", 5) == 0 || !*after_prefixes(text);
}

// objdump shows FWAIT with the x87 instruction behind it as one, under the
// name that the assembler has for both: 9b d9 3c 24 is fstcw, not fnstcw.
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

// IP has 16 bits after such a branch. objdump knows it of long ones only.
static bool is_wrap(const struct insn *insn, const char *ours,
                    const char *theirs)
{
    if (insn->operand_size != 2 || insn->imm_size != 1 ||
        (insn_flow(insn) != FLOW_JUMP && insn_flow(insn) != FLOW_BRANCH))
        return false;
    const char *a = last_word(ours), *b = last_word(theirs);
    return a - ours == b - theirs &&
           strncmp(ours, theirs, (size_t)(a - ours)) == 0 &&
           (uint16_t)strtoul(a, NULL, 16) == (uint16_t)strtoul(b, NULL, 16);
}

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
    if (status != INSN_OK && status != INSN_UNKNOWN)
        return judge_theirs(&insn, status);
    if (insn.length != line->length)
        return LENGTH;
    if (status == INSN_UNKNOWN)
        return NEWER;
    if (same_text(text, line->text))
        return SAME;
    return is_wrap(&insn, text, line->text) ? WRAP : TEXT;
}

static void show(const struct listing *l, size_t i, enum kind kind,
                 const char *ours)
{
    const struct line *line = &l->lines[i];
    printf("%s: %x:", kinds[kind], line->address);
    for (unsigned b = 0; b < line->length; b++)
        printf(" %02x", l->code[line->at + b]);
    printf("\n    objdump  %s\n    ours     %s\n", line->text, ours);
}

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
    host_judge(total.of[LENGTH] * 10000 <= total.lines, "lengths");
    host_judge(total.of[TEXT] * 10000 <= total.lines, "texts");
    return host_end();
}
