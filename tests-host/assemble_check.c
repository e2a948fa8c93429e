// SPDX-License-Identifier: MIT
// The assembler: what the printer prints must assemble to the same again, bad
// lines must be refused with the right words, and garbage must be survived.
//
//   assemble_check                       random instructions, errors, garbage
//   assemble_check OUT.s                 ... and a source for GNU as
//   assemble_check OUT.s LINES           the lines of a file instead
//
// OUT.s holds the lines, and ask_gnu.h tells the rest.
#include "smc/x86/assemble.h"
#include "smc/x86/print.h"
#include "tests-host/ask_gnu.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

enum { ADDRESS = 0x10000000 };

static FILE *source;

// Two names at one address: enough to see that names are looked up at all.
static bool lookup(const char *name, uint32_t *value)
{
    *value = ADDRESS + 0x400;
    return strcmp(name, "symbol") == 0 || strcmp(name, "far") == 0;
}

// GNU as does not know where its section will run, so what depends on the
// address is not for it.
// Direct branches are left out; they are judged by the round trip only.
static void ask(const char *line, const struct assembled *a)
{
    struct insn insn;
    uint32_t target;
    if (insn_decode(&insn, a->bytes, a->len, INSN_32) == INSN_OK &&
        !insn_target(&insn, ADDRESS, &target))
        ask_gnu(source, line, a->bytes, a->len);
}

// Printed text may have runs of spaces, of which GNU as takes only some.
// In place: the text only gets shorter.
static void squeeze(char *s)
{
    char *out = s;
    for (; *s; s++)
        if (*s != ' ' || s[1] != ' ')
            *out++ = *s;
    *out = 0;
}

// Round trips ----------------------------------------------------------------

// One that stands twice, two segments, or both of f2 and f3: all but the last
// do nothing. Of the prefixes only those of segments are below 66.
static bool has_dead_prefix(const struct insn *insn)
{
    unsigned segments = 0;
    for (unsigned i = 0; i < insn->opcode_at; i++) {
        uint8_t byte = insn->bytes[i];
        segments += byte < 0x66;
        if (memchr(insn->bytes + i + 1, byte, insn->opcode_at - i - 1u))
            return true;
    }
    return segments > 1 ||
           (insn->prefixes & PREFIX_F2 && insn->prefixes & PREFIX_F3);
}

// Is it an instruction that the assembler should know? Not
// - VEX and EVEX, and what the printer marks as for other processors;
// - int $3 in two bytes;
// - prefixes that a later one overrules;
// - 66 on a jump, and 67 on a bare address: the text does not show them.
// Everything else must come through, and be no longer than it was.
static bool is_ours(const struct insn *insn, const char *text)
{
    struct operand o[INSN_OPERANDS];
    uint32_t target;
    unsigned count = insn_operands(insn, o);
    for (unsigned i = 0; i < count; i++)
        if (insn->address_size == 2 && o[i].kind == OPERAND_MEM &&
            o[i].base == REG_NONE)
            return false;
    return insn->encoding == ENCODING_LEGACY && !strstr(text, "only)") &&
           !has_dead_prefix(insn) &&
           !(insn->opcode == 0xcd && insn->imm == 3) &&
           !(insn->operand_size == 2 && insn_target(insn, ADDRESS, &target));
}

// `sizes`: whether the width of this operand is part of the instruction.
static bool same_operand(const struct operand *a, const struct operand *b,
                         bool sizes)
{
    if (a->kind == OPERAND_IMM) // 0xffbe and the byte be, in 16 bits
        return a->size == b->size &&
               (a->size == 2 ? (uint16_t)a->imm == (uint16_t)b->imm
                             : a->imm == b->imm);
    return a->kind == b->kind && a->class == b->class && a->reg == b->reg &&
           a->segment == b->segment && a->base == b->base &&
           a->index == b->index && a->disp == b->disp && a->imm == b->imm &&
           a->selector == b->selector && (!sizes || a->size == b->size) &&
           (a->kind != OPERAND_MEM || a->index == REG_NONE ||
            a->scale == b->scale);
}

// The same instruction, perhaps in another encoding: `%ds:` that is the
// default, %eiz, the two operands of TEST and XCHG in the other order.
//
//   as decoded           assembled again
//   3e 8b 03             8b 03           %ds is the default for %ebx
//   8b 04 23             8b 03           %eiz is no index
//   87 c1, 87 c8         91              XCHG with the accumulator
static bool same_insn(const struct insn *a, const struct insn *b)
{
    struct operand x[INSN_OPERANDS], y[INSN_OPERANDS];
    unsigned count = insn_operands(a, x);
    if (insn_operands(b, y) != count ||
        strcmp(insn_name(a), insn_name(b)) != 0 ||
        (!a->mandatory && a->repeat != b->repeat) ||
        (a->prefixes ^ b->prefixes) & PREFIX_LOCK)
        return false;
    bool straight = true, swapped = count == 2, sizes = true;
    for (unsigned i = 0; i < count; i++) // %ds takes half of any register
        sizes &= x[i].kind != OPERAND_REG || x[i].class != CLASS_SEGMENT;
    for (unsigned i = 0; i < count; i++) {
        if (x[i].kind == OPERAND_REL) { // it stands elsewhere, if shorter
            uint32_t s, t;
            insn_target(a, ADDRESS, &s);
            insn_target(b, ADDRESS, &t);
            x[i].disp = (int32_t)s;
            y[i].disp = (int32_t)t;
            x[i].size = y[i].size;
        }
        straight &= same_operand(&x[i], &y[i], sizes);
    }
    if (insn_name(a)[0] != 't' && insn_name(a)[0] != 'x')
        return straight;
    for (unsigned i = 0; i < count; i++)
        swapped &= same_operand(&x[i], &y[count - 1 - i], true);
    return straight || swapped;
}

//   bytes --decode--> insn --print--> text
//                       |               |
//                       = same_insn     assemble
//                       |               v
//                     second <--decode-- bytes, not more of them
static void check_round_trip(const uint8_t *bytes, size_t size)
{
    char text[INSN_TEXT_MAX], was[64], now[64];
    struct insn insn, second;
    struct assembled a;
    if (insn_decode(&insn, bytes, size, INSN_32) != INSN_OK)
        return;
    insn_print(text, sizeof text, &insn, ADDRESS, NULL);
    if (!is_ours(&insn, text))
        return;
    squeeze(text);
    hex_bytes(was, sizeof was, bytes, insn.length);
    if (!host_judge(assemble(&a, text, ADDRESS, lookup), "%s (%s): %s", text,
                    was, a.error))
        return;
    hex_bytes(now, sizeof now, a.bytes, a.len);
    host_judge(insn_decode(&second, a.bytes, a.len, INSN_32) == INSN_OK &&
                   same_insn(&insn, &second) && a.len <= insn.length,
               "%s: %s became %s", text, was, now);
    ask(text, &a);
}

// Random bytes rarely begin with a two-byte opcode; half of these do.
// A quarter gets a mandatory prefix, without which rows of SSE are rare.
static void check_random_bytes(void)
{
    uint8_t bytes[INSN_MAX];
    host_random_bytes(bytes, sizeof bytes);
    unsigned at = 0;
    static const uint8_t mandatory[] = {0x66, 0xf2, 0xf3};
    if (host_random_below(4) == 0)
        bytes[at++] = mandatory[host_random_below(3)];
    if (host_random_below(2))
        bytes[at] = 0x0f;
    check_round_trip(bytes, sizeof bytes);
}

// Lines from a file: those of real code, which test_emit.py gets from objdump.
static void check_lines(const char *path)
{
    char line[256];
    FILE *f = fopen(path, "r");
    if (!f)
        host_die("cannot read %s", path);
    while (fgets(line, sizeof line, f)) {
        struct assembled a;
        line[strcspn(line, "\n")] = 0;
        if (host_judge(assemble(&a, line, ADDRESS, lookup), "%s: %s", line,
                       a.error))
            ask(line, &a);
    }
    fclose(f);
}

// Errors ---------------------------------------------------------------------

// The words are the interface: whoever types a wrong line sees nothing else.
// The column is that of the word at fault, from 1; behind the last one if
// something is missing.
static const struct {
    const char *line, *error;
} bad_lines[] = {
    {"", "column 1: an instruction is missing"},
    {"  # nothing", "column 3: an instruction is missing"},
    {"rep", "column 4: an instruction is missing"},
    {"mvo %eax,%ebx", "column 1: `mvo` is not an instruction"},
    {"mov", "column 1: `mov` takes another number of operands"},
    {"mov %eaxx,%ebx", "column 5: `%eaxx` is not a register"},
    {"mov $1,%eaxx", "column 8: `%eaxx` is not a register"},
    {"mov $1,eax", "column 8: `eax` is not a known name"},
    {"mov $,%eax", "column 6: a number or a name is missing"},
    {"mov $0x100000000,%eax",
     "column 6: `0x100000000` is not a number of 32 bits"},
    {"mov $09,%eax", "column 6: `09` is not a number of 32 bits"},
    {"mov $12cows,%eax", "column 6: `12cows` is not a number of 32 bits"},
    {"mov $1,(%eax)", "column 1: `mov` needs a size: b, w or l behind it"},
    {"mov $1,%eax,", "column 13: a number or a name is missing"},
    {"mov $1,%eax %ebx", "column 13: `%ebx` is not expected here"},
    {"mov %al,%ebx", "column 9: `%ebx` does not fit this instruction"},
    {"movb $256,%al", "column 6: `$256` is out of range here"},
    {"movw %eax,%ebx", "column 6: `%eax` does not fit this instruction"},
    {"mov %eax,%cs", "column 10: `%cs` does not fit this instruction"},
    {"add $500,%al", "column 5: `$500` is out of range here"},
    {"mov 4(%ebx,%ecx,3),%eax", "column 17: `3` is not a scale: 1, 2, 4 or 8"},
    {"mov 4(%ebx,%esp),%eax", "column 1: `mov` does not take these operands"},
    {"mov 4(%ebx,%si),%eax",
     "column 12: `%si` cannot be part of this address"},
    {"mov 4(%bl),%eax", "column 7: `%bl` cannot be part of this address"},
    {"mov (%ebx,%eax", "column 15: `)` is missing"},
    {"mov %eax:(%ebx),%ecx", "column 9: `:` stands behind a segment only"},
    {"fadd %st(9),%st", "column 9: `(9)` is not a number of the x87 stack"},
    {"jmp nowhere", "column 5: `nowhere` is not a known name"},
    {"loop 0x20000000", "column 6: `0x20000000` is out of range here"},
    {"jmp,px 4", "column 4: no operand before the comma"},
    {"lock mov %eax,(%ebx)", "column 6: `mov` does not take this prefix"},
    {"lock incl %eax", "column 6: `incl` does not take this prefix"},
    {"lock rep rep cs ds nop", "column 17: `ds` is one prefix too many"},
    {"vaddps %xmm0,%xmm1,%xmm2", "column 1: `vaddps` is not an instruction"},
    {"nop nop", "column 5: `nop` is not a known name"},
    {".byte 256", "column 7: `256` does not fit"},
    {".byte 1,", "column 9: a number or a name is missing"},
    {".long 1,2,3,4", "column 13: more than 15 bytes"},
    {"add %al,%al,%al,%al,%al", "column 21: more operands than any has"},
};

// No bytes with an error: who does not ask must not store half a line.
static void check_errors(void)
{
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        struct assembled a;
        bool good = assemble(&a, bad_lines[i].line, ADDRESS, lookup);
        host_judge(!good && strcmp(a.error, bad_lines[i].error) == 0 &&
                       a.len == 0,
                   "`%s`: %s", bad_lines[i].line, a.error);
    }
}

// Blank and comma stand twice, as they do most of the work in a line.
// clang-format off
static const char *const pieces[] = {
    "mov", "add", "j", "movs", "fld", "cmp", "b", "w", "l", "ll", " ", " ",
    "  ", "%eax", "%al", "%cs", "%st", "%xmm0", "(", ")", ",", ",", "$", "$1",
    "-", "+", "0x", "0xff", "(%eax)", "*", "%", ":", "%fs:", "symbol", "rep ",
    "lock ", "#", "<x>", "<", "~", ".", ".byte ", "1", "8", "9999999999", "\t",
    "(1)", "cmpltps", "imul", "ljmp", "ret", "s", ",pt", "\x80", "\"",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};
// clang-format on

// Lines that are nearly right: random pieces one after the other. Whatever
// comes out, it is an instruction or an error with words.
// Whole words and single letters: such as a parser meets at its edges. The
// last one is longer than any name, 9999999999 than any number.
static void check_garbage(void)
{
    char line[1024] = "";
    struct assembled a;
    struct insn insn;
    for (unsigned n = host_random_below(12); n > 0; n--)
        strcat(line,
               pieces[host_random_below(sizeof pieces / sizeof pieces[0])]);
    bool good = assemble(&a, line, ADDRESS, lookup);
    bool is_data = strstr(line, ".byte") != NULL;
    host_judge(good ? a.len && !a.error[0] &&
                          (is_data || (insn_decode(&insn, a.bytes, a.len,
                                                   INSN_32) == INSN_OK &&
                                       insn.length == a.len))
                    : a.column && a.error[0],
               "garbage `%s`: %u bytes, `%s`", line, a.len, a.error);
}

// Errors and garbage need no second opinion; lines go to GNU as with `source`.
int main(int argc, char **argv)
{
    host_begin(argc, argv, "the assembler against printer and GNU as");
    if (host.file_count > 0 && !(source = fopen(host.files[0], "w")))
        host_die("cannot write %s", host.files[0]);
    if (host.file_count > 1) {
        check_lines(host.files[1]);
    } else {
        uint64_t count = host.count ? host.count : 100000;
        check_errors();
        for (uint64_t i = 0; i < count && !host_time_is_up(); i++) {
            check_random_bytes();
            check_garbage();
        }
    }
    if (source)
        fclose(source);
    return host_end();
}
