// SPDX-License-Identifier: MIT
// A question to the emitter as a line for GNU as.
//
//   emit_add16_mi(&e, mem(EBX, -4), 0xffff)     addw $0xffff,-0x4(%ebx)
//   emit_jmp_m(&e, mem_abs(0x1000))             jmp *0x1000
#include "tests-host/emit_text.h"
#include <stdio.h>
#include <string.h>

static const char *const registers[8] = {"eax", "ecx", "edx", "ebx",
                                         "esp", "ebp", "esi", "edi"};
static const char *const bytes[8] = {"al", "cl", "dl", "bl",
                                     "ah", "ch", "dh", "bh"};
static const char *const segments[6] = {"es", "cs", "ss", "ds", "fs", "gs"};

// %ax is %eax without its first letter.
static int register_text(char *out, size_t size, const struct operand *o)
{
    switch (o->class) {
    case CLASS_SEGMENT: return snprintf(out, size, "%%%s", segments[o->reg]);
    case CLASS_CONTROL: return snprintf(out, size, "%%cr%u", o->reg);
    case CLASS_DEBUG: return snprintf(out, size, "%%db%u", o->reg);
    case CLASS_X87: return snprintf(out, size, "%%st(%u)", o->reg);
    case CLASS_VECTOR: return snprintf(out, size, "%%xmm%u", o->reg);
    }
    return snprintf(out, size, "%%%s",
                    o->size == 1   ? bytes[o->reg]
                    : o->size == 2 ? registers[o->reg] + 1
                                   : registers[o->reg]);
}

// The segment is told always; as drops the prefix where it is the default.
static int memory_text(char *out, size_t size, const struct operand *o)
{
    bool is_based = o->base != REG_NONE, is_indexed = o->index != REG_NONE;
    if (!is_based && !is_indexed)
        return snprintf(out, size, "%%%s:0x%x", segments[o->segment],
                        (unsigned)o->disp);
    unsigned distance = o->disp < 0 ? -(unsigned)o->disp : (unsigned)o->disp;
    int n = snprintf(out, size, "%%%s:%s0x%x(%s%s", segments[o->segment],
                     o->disp < 0 ? "-" : "", distance, is_based ? "%" : "",
                     is_based ? registers[o->base] : "");
    if (is_indexed)
        n += snprintf(out + n, size - (size_t)n, ",%%%s,%u",
                      registers[o->index], o->scale);
    return n + snprintf(out + n, size - (size_t)n, ")");
}

static int operand_text(char *out, size_t size, const struct operand *o)
{
    unsigned mask = o->size == 1 ? 0xff : o->size == 2 ? 0xffff : 0xffffffff;
    switch (o->kind) {
    case OPERAND_REG: return register_text(out, size, o);
    case OPERAND_MEM: return memory_text(out, size, o);
    case OPERAND_IMM: return snprintf(out, size, "$0x%x", o->imm & mask);
    default: return snprintf(out, size, "$0x%x,$0x%x", o->selector, o->imm);
    }
}

// AT&T's order is the other one, but not for two immediates (ENTER). What is
// jumped to through a register or memory has a star.
void emit_text(char *out, size_t size, const char *name,
               const struct operand *operands, unsigned count)
{
    bool is_jump = strcmp(name, "jmp") == 0 || strcmp(name, "call") == 0 ||
                   strcmp(name, "ljmp") == 0 || strcmp(name, "lcall") == 0;
    bool is_same_order = count == 2 && operands[0].kind == OPERAND_IMM &&
                         operands[1].kind == OPERAND_IMM;
    int n = snprintf(out, size, "%s", name);
    for (unsigned i = 0; i < count; i++) {
        const struct operand *o = &operands[is_same_order ? i : count - 1 - i];
        bool is_star = is_jump && o->kind != OPERAND_FAR;
        n += snprintf(out + n, size - (size_t)n, "%s%s", i ? "," : " ",
                      is_star ? "*" : "");
        n += operand_text(out + n, size - (size_t)n, o);
    }
}
