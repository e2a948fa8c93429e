// SPDX-License-Identifier: MIT
// Every function of emit.h with random operands: the decoder must read back
// what was asked for. Given a file name, also writes an assembler source that
// asks GNU as for the same instructions: test_emit.py compares the bytes.
//
//   .text  what as makes of our texts
//   .gnu   one byte for each: the length that as chose
//   .ours  16 bytes for each: our length and our bytes
//
// emit_table.h, included below in the middle of a function, makes the calls:
// a function added there is checked without a word here.
#include "smc/x86/emit.h"
#include "smc/x86/print.h"
#include "tests-host/ask_gnu.h"
#include "tests-host/emit_text.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

enum { ADDRESS = 0x10000000 };

// What the call under test was given, in its order.
// Filled in by the arguments of the call itself, while they are evaluated:
//
//   emit_add_rm(&e, G(0, 4), MM(1))
//                   |        +-- draws an address, notes it as asked[1]
//                   +-- draws a register, notes it as asked[0]
static struct operand asked[4];
static unsigned asked_count;
static unsigned width;        // of the function: 1, 2 or 4; 0: in its name
static const char *condition; // of Jcc, SETcc, CMOVcc: "ne", or ""
static uint8_t code[64];
static struct emitter e;
static FILE *source;

static const char *const conditions[16] = {"o",  "no", "b",  "ae", "e", "ne",
                                           "be", "a",  "s",  "ns", "p", "np",
                                           "l",  "ge", "le", "g"};

// Drawing operands -----------------------------------------------------------

// Arguments are evaluated in any order, so each names its place.
// A slot is counted even if one before it is still to come.
static struct operand *place(unsigned slot, enum operand_kind kind)
{
    if (slot >= asked_count)
        asked_count = slot + 1;
    asked[slot] = (struct operand){.kind = (uint8_t)kind};
    return &asked[slot];
}

static unsigned reg_of(unsigned slot, enum register_class class, uint16_t size,
                       unsigned number)
{
    struct operand *o = place(slot, OPERAND_REG);
    o->class = (uint8_t) class;
    o->size = size;
    o->reg = (uint8_t)number;
    return number;
}

static unsigned any_reg(unsigned slot, enum register_class class,
                        uint16_t size)
{
    return reg_of(slot, class, size, host_random_below(8));
}

// ESP cannot be an index: its code means "none" there. [SDM2 2.1.5] A
// displacement is none, or of the values at which its size changes.
static struct mem random_mem(void)
{
    unsigned base = host_random_below(8), index = host_random_below(7);
    unsigned scale = 1u << host_random_below(4);
    int32_t disp = host_random_below(3) ? (int32_t)host_random_edge() : 0;
    if (index == ESP)
        index = EDI;
    switch (host_random_below(4)) {
    case 0: return mem_abs((uint32_t)disp);
    case 1: return mem((enum reg32)base, disp);
    case 2: return mem_scaled((enum reg32)index, scale, disp);
    default:
        return mem_index((enum reg32)base, (enum reg32)index, scale, disp);
    }
}

// The decoder names the segment always, so the default is filled in here: SS
// for ESP and EBP as base. [SDM2 2.1.5]
static struct mem any_mem(unsigned slot)
{
    struct operand *o = place(slot, OPERAND_MEM);
    struct mem m = random_mem();
    if (!host_random_below(4))
        m = mem_segment(m, host_random_below(6));
    bool is_stack = m.base == ESP || m.base == EBP;
    o->base = m.base;
    o->index = m.index;
    o->scale = m.scale;
    o->disp = m.disp;
    o->segment = m.segment != SEG_NONE ? m.segment
                 : is_stack            ? SEG_SS
                                       : SEG_DS;
    return m;
}

// Written as signed or as unsigned, as a caller may.
// So 0xff and -1 are asked for, both as a byte: each must be accepted.
static uint32_t any_imm(unsigned slot, uint16_t size)
{
    struct operand *o = place(slot, OPERAND_IMM);
    uint32_t value = host_random_edge();
    bool is_signed = host_random() & 1;
    if (size == 1)
        value = is_signed ? (uint32_t)(int8_t)value : (uint8_t)value;
    if (size == 2)
        value = is_signed ? (uint32_t)(int16_t)value : (uint16_t)value;
    o->imm = value;
    o->size = size;
    return value;
}

static enum condition any_condition(void)
{
    unsigned c = host_random_below(16);
    condition = conditions[c];
    return (enum condition)c;
}

// Judging --------------------------------------------------------------------

// The bytes that the function says it touches, or 0 if only GNU as can tell
// (SSE, LGDT): by its width, or by the letters that its name has and the
// decoder's has not.
//
//   emit_inc8_m    width 1          emit_flds_m    s   4 (fild, fist: 2)
//   emit_movsl     l    4           emit_fldl_m    l   8 (fild, fist: 4)
//   emit_movzbl    bl   a byte      emit_fildll_m  ll  8
static unsigned memory_size(const char *name, const struct insn *insn)
{
    static const struct {
        const char *suffix;
        uint8_t size, real, integer;
    } letters[] = {{"b", 1, 0, 0},  {"w", 2, 0, 0},  {"l", 4, 8, 4},
                   {"bl", 1, 0, 0}, {"bw", 1, 0, 0}, {"wl", 2, 0, 0},
                   {"s", 0, 4, 2},  {"t", 0, 10, 0}, {"ll", 0, 0, 8}};
    const char *suffix = name + strlen(insn_name(insn));
    if (width)
        return width;
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (strcmp(suffix, letters[i].suffix) == 0)
            return name[0] != 'f'   ? letters[i].size
                   : name[1] != 'i' ? letters[i].real
                                    : letters[i].integer;
    }
    return 0;
}

static bool same_mem(const struct operand *a, const struct operand *b)
{
    return a->base == b->base && a->index == b->index &&
           (a->index == REG_NONE || a->scale == b->scale) &&
           a->disp == b->disp && a->segment == b->segment;
}

// Compared in the operand's width: 0xff and -1 are one byte.
static bool same(const struct operand *want, const struct operand *got)
{
    uint32_t mask = want->size == 1   ? 0xff
                    : want->size == 2 ? 0xffff
                                      : UINT32_MAX;
    if (want->kind != got->kind)
        return false;
    switch (want->kind) {
    case OPERAND_REG:
        return want->class == got->class && want->reg == got->reg &&
               want->size == got->size;
    case OPERAND_MEM: return same_mem(want, got);
    case OPERAND_IMM: return ((want->imm ^ got->imm) & mask) == 0;
    case OPERAND_REL: return want->disp == got->disp;
    default: return want->selector == got->selector && want->imm == got->imm;
    }
}

// All that was asked for is there, in order; what else there is, is implied.
//
//   04 05   add $5,%al         %al is implied, but was asked for: compared
//   a4      movs (%esi),...    nothing was asked for: only the size counts
static bool same_operands(const char *name, const struct insn *insn)
{
    struct operand got[INSN_OPERANDS];
    unsigned count = insn_operands(insn, got), next = 0;
    unsigned size = memory_size(name, insn);
    for (unsigned i = 0; i < count; i++) {
        if (got[i].kind == OPERAND_MEM && size && got[i].size != size)
            return false;
        if (got[i].implied && count - i > asked_count - next)
            continue;
        if (next == asked_count || !same(&asked[next++], &got[i]))
            return false;
    }
    return next == asked_count;
}

// Instructions that are another when written shortly: what is asked for then.
//
//   asked for                 shortest
//   int $3                    int3
//   ret $0, lret $0           ret, lret: no operand
//   xchg %eax,%eax            nop
//   xchg of the accumulator   one byte, with either operand first
static const char *shortened(const char *name)
{
    bool is_zero = asked[0].kind == OPERAND_IMM && asked[0].imm == 0;
    if (strcmp(name, "int") == 0 && asked[0].imm == 3) {
        asked_count = 0;
        return "int3";
    }
    if (strstr(name, "ret") && asked_count == 1 && is_zero)
        asked_count = 0;
    if (strcmp(name, "xchg") == 0 && asked[0].kind == OPERAND_REG) {
        if (asked[0].size == 4 && !asked[0].reg && !asked[1].reg) {
            asked_count = width = 0;
            return "nop";
        }
        if (asked[0].size != 1 && !asked[0].reg) { // either order will do
            struct operand o = asked[0];
            asked[0] = asked[1];
            asked[1] = o;
        }
    }
    return name;
}

// "movzbl" begins with "movz": the decoder's names have no size suffix. What
// is left must be one, or a wrong instruction could hide in it ("movs" for
// "movsb" is right, "cmp" for "cmpxchg" is not); memory_size reads it.
static bool same_name(const char *want, const char *got)
{
    static const char suffixes[] = " b w l s t bl bw wl ll ";
    size_t n = strlen(got);
    char rest[16];
    if (strncmp(want, got, n) != 0)
        return false;
    snprintf(rest, sizeof rest, " %s ", want + n);
    return !want[n] || strstr(suffixes, rest) != NULL;
}

// The buffer holds more than the emitter is told: what it writes behind its
// end can be seen.
static void begin(unsigned size)
{
    asked_count = 0;
    width = size;
    condition = "";
    memset(code, 0xcc, sizeof code);
    emit_begin(&e, code, 32, ADDRESS);
}

// One instruction was emitted: is it the one?
// In the order in which a failure is easiest to understand: no error, one
// instruction of that length, the right one, nothing behind it, GNU as.
static void judge(const char *name)
{
    struct insn insn;
    static const char *const suffixes[] = {"", "b", "w", "", "l"};
    char text[128] = "", bytes[64], full[32];
    size_t length = emit_length(&e);
    hex_bytes(bytes, sizeof bytes, code, length);
    enum emit_error error = emit_finish(&e);
    enum insn_status status = insn_decode(&insn, code, length, INSN_32);
    snprintf(full, sizeof full, "%s%s", shortened(name), condition);
    if (!host_judge(error == EMIT_OK && status == INSN_OK &&
                        insn.length == length,
                    "%s: %s; %s; %s", full, emit_error_text(error),
                    insn_status_text(status), bytes))
        return;
    insn_print(text, sizeof text, &insn, ADDRESS, NULL);
    host_judge(same_name(full, insn_name(&insn)) && same_operands(full, &insn),
               "%s%s: %s is %s", full, suffixes[width], bytes, text);
    host_judge(code[length] == 0xcc, "%s: wrote behind its end", full);
    strcat(full, suffixes[width]);
    emit_text(text, sizeof text, full, asked, asked_count);
    ask_gnu(source, text, code, length);
}

// Every family ---------------------------------------------------------------

// Draws until one is in `set`: CR1 does not exist, %cs cannot be loaded.
static unsigned any_of(unsigned slot, enum register_class class, uint16_t size,
                       unsigned set)
{
    unsigned number;
    do
        number = host_random_below(8);
    while (!(set >> number & 1));
    return reg_of(slot, class, size, number);
}

// IN and OUT: the accumulator and the port, in this order or the other. The
// size is the name's last letter.
static uint32_t port_of(const char *name, bool is_dx)
{
    unsigned port = name[0] == 'i';
    char last = name[strlen(name) - 1];
    reg_of(!port, CLASS_GPR, last == 'b' ? 1 : last == 'w' ? 2 : 4, REG_AX);
    return is_dx ? reg_of(port, CLASS_GPR, 2, REG_DX) : any_imm(port, 1);
}

static void far_of(unsigned slot)
{
    struct operand *o = place(slot, OPERAND_FAR);
    o->selector = (uint16_t)host_random();
    o->imm = host_random_edge();
}

#include "tests-host/emit_forms_check.h"

// Every line of the table becomes a call with random operands, and its
// verdict.
static void check_families(void)
{
#include "smc/x86/emit_table.h"
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "emit.h, read back by the decoder");
    if (host.file_count)
        source = fopen(host.files[0], "w");
    if (host.file_count && !source)
        host_die("cannot write %s", host.files[0]);
    uint64_t count = host.count ? host.count : 1000;
    for (uint64_t i = 0; i < count && !host_time_is_up(); i++)
        check_families();
    if (source)
        fclose(source);
    return host_end();
}
