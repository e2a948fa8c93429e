// SPDX-License-Identifier: MIT
// Every function of emit.h with random operands: the decoder must read back
// what was asked for. Given a file name, also writes an assembler source that
// asks GNU as for the same instructions and compares the lengths:
//
//   section .ours: one byte for each, our length
//   section .gnu:  one byte for each, the length that as chose
//
// emit_table.h, included below in the middle of a function, makes the calls:
// a function added there is checked without a word here.
#include "smc/x86/emit.h"
#include "smc/x86/print.h"
#include "tests-host/ask_gnu.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

enum { ADDRESS = 0x10000000 };

// What the call under test was given, in its order.
static struct operand asked[4];
static unsigned asked_count;
static const char *condition; // of Jcc, SETcc, CMOVcc: "ne", or ""
static uint8_t code[64];
static struct emitter e;
static FILE *source;

static const char *const conditions[16] = {"o",  "no", "b",  "ae", "e", "ne",
                                           "be", "a",  "s",  "ns", "p", "np",
                                           "l",  "ge", "le", "g"};

// Drawing operands -----------------------------------------------------------

// Arguments are evaluated in any order, so each names its place.
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

static bool same_mem(const struct operand *a, const struct operand *b)
{
    return a->base == b->base && a->index == b->index &&
           (a->index == REG_NONE || a->scale == b->scale) &&
           a->disp == b->disp && a->segment == b->segment;
}

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
static bool same_operands(const struct insn *insn)
{
    struct operand got[INSN_OPERANDS];
    unsigned count = insn_operands(insn, got), next = 0;
    for (unsigned i = 0; i < count; i++) {
        if (got[i].implied && count - i > asked_count - next)
            continue;
        if (next == asked_count || !same(&asked[next++], &got[i]))
            return false;
    }
    return next == asked_count;
}

// Instructions that are another when written shortly: what is asked for then.
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
            asked_count = 0;
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

// "movzbl" begins with "movz": the table's names have no size suffix.
static bool same_name(const char *want, const char *got)
{
    char full[32];
    snprintf(full, sizeof full, "%s%s", want, condition);
    size_t n = strlen(got);
    return strncmp(full, got, n) == 0 && strlen(full) - n <= 2;
}

static void begin(void)
{
    asked_count = 0;
    condition = "";
    memset(code, 0xcc, sizeof code);
    emit_begin(&e, code, 32, ADDRESS);
}

// One instruction was emitted: is it the one?
static void judge(const char *name)
{
    struct insn insn;
    char text[128] = "", bytes[64];
    size_t length = emit_length(&e);
    hex_bytes(bytes, sizeof bytes, code, length);
    enum emit_error error = emit_finish(&e);
    enum insn_status status = insn_decode(&insn, code, length, INSN_32);
    name = shortened(name);
    if (!host_judge(error == EMIT_OK && status == INSN_OK &&
                        insn.length == length,
                    "%s: %s; %s; %s", name, emit_error_text(error),
                    insn_status_text(status), bytes))
        return;
    insn_print(text, sizeof text, &insn, ADDRESS, NULL);
    host_judge(same_name(name, insn_name(&insn)) && same_operands(&insn),
               "%s%s: %s is %s", name, condition, bytes, text);
    host_judge(code[length] == 0xcc, "%s: wrote behind its end", name);
    ask_gnu(source, text, code, length);
}

// Every family ---------------------------------------------------------------

static unsigned any_of(unsigned slot, enum register_class class, uint16_t size,
                       unsigned set)
{
    unsigned number;
    do
        number = host_random_below(8);
    while (!(set >> number & 1));
    return reg_of(slot, class, size, number);
}

static void far_of(unsigned slot)
{
    struct operand *o = place(slot, OPERAND_FAR);
    o->selector = (uint16_t)host_random();
    o->imm = host_random_edge();
}

#include "tests-host/emit_forms_check.h"

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
