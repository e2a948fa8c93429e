// SPDX-License-Identifier: MIT
// The emulated stack: PUSH and POP in all forms, ENTER and LEAVE.
//
// Two sizes meet here. The operand size says how many bytes a value takes;
// the B bit of SS says whether SP or ESP points at them. [SDM1 6.2.3]
//
//              B = 0: SP, and it wraps at 64 KiB   B = 1: ESP
//   size 2     8086 code                           66 in flat code
//   size 4     66 in 16-bit code                   flat code
#include "kernel/string.h"
#include "smc/x86/emulate_step.h"

unsigned stack_size(const struct step *s)
{
    return s->cpu.segment[SEG_SS].rights & SEGMENT_BIG ? 4 : 2;
}

// gpr_set keeps the upper half of ESP when only SP moves, as processors do.
void stack_move(struct step *s, uint32_t bytes)
{
    unsigned size = stack_size(s);
    gpr_set(s, REG_SP, size, gpr_get(s, REG_SP, size) + bytes);
}

// A block may wrap inside, with SP as with ESP: its pushes would go to both
// ends of the segment. Nobody's stack does that on purpose, so it is refused.
static bool block_wraps(const struct step *s, uint32_t offset, unsigned size)
{
    return stack_size(s) == 2 ? offset + size > 0x10000
                              : offset + size - 1 < offset;
}

// Before anything is written every place is asked for, from the highest down,
// which is the order of the pushes and tells which page is the one to blame.
bool stack_push_block(struct step *s, const uint32_t *values, unsigned count)
{
    uint8_t bytes[STACK_BLOCK * 4];
    unsigned each = s->insn->operand_size, size = count * each;
    stack_move(s, -size);
    uint32_t offset = gpr_get(s, REG_SP, stack_size(s));
    if (count > 1 && block_wraps(s, offset, size))
        return step_refuse(s);
    for (unsigned i = count; count > 1 && i-- > 0;) {
        if (!memory_read(s, SEG_SS, offset + i * each, bytes, each, true))
            return false;
    }
    for (unsigned i = 0; i < count; i++)
        memcpy(bytes + i * each, &values[i], each);
    return memory_write(s, SEG_SS, offset, bytes, size);
}

// ESP moves in the copy only, and last: a page fault finds it as it was, and a
// value of two bytes gets a zero upper half.
bool stack_pop_block(struct step *s, uint32_t *values, unsigned count)
{
    uint8_t bytes[STACK_BLOCK * 4];
    unsigned each = s->insn->operand_size, size = count * each;
    uint32_t offset = gpr_get(s, REG_SP, stack_size(s));
    if (count > 1 && block_wraps(s, offset, size))
        return step_refuse(s);
    if (!memory_read(s, SEG_SS, offset, bytes, size, false))
        return false;
    for (unsigned i = 0; i < count; i++) {
        values[i] = 0;
        memcpy(&values[i], bytes + i * each, each);
    }
    stack_move(s, size);
    return true;
}

// One value is one access, which is all or nothing and knows its own page: the
// block above does not ask for the place first.
bool stack_push(struct step *s, uint32_t value)
{
    return stack_push_block(s, &value, 1);
}

bool stack_pop(struct step *s, uint32_t *value)
{
    return stack_pop_block(s, value, 1);
}

// The operand is read first: PUSH ESP pushes what ESP was. A selector is
// pushed with a zero upper half; some processors leave those two bytes alone.
bool run_push(struct step *s)
{
    uint32_t value;
    return operand_read(s, 0, &value) && stack_push(s, value);
}

// ESP moves first: POP ESP ends with the value, and an address that uses ESP
// is reckoned with the moved one. [SDM2 POP]
bool run_pop(struct step *s)
{
    uint32_t value;
    return stack_pop(s, &value) && operand_write(s, 0, value);
}

// The pop takes operand size from the stack, of which a selector is the lowest
// two bytes. POP SS works, too: the value was read by the old SS.
bool run_pop_segment(struct step *s)
{
    uint32_t value;
    if (!stack_pop(s, &value))
        return false;
    unsigned index = s->operand[0].reg;
    // So that the next instruction can load ESP to go with it.
    s->cpu.interrupt_shadow = index == SEG_SS;
    return segment_load(s, index, (uint16_t)value);
}

//   lowest address                        highest
//   edi   esi   ebp   esp   ebx   edx   ecx   eax
//                     ^ as it was before; POPA skips it
bool run_pusha(struct step *s)
{
    uint32_t values[8];
    for (unsigned reg = 0; reg < 8; reg++)
        values[7 - reg] = s->cpu.gpr[reg];
    return stack_push_block(s, values, 8);
}

// The eight are read in one access, so a stack that ends after five of them
// faults with no register changed.
bool run_popa(struct step *s)
{
    uint32_t values[8];
    if (!stack_pop_block(s, values, 8))
        return false;
    for (unsigned reg = 0; reg < 8; reg++) {
        if (reg != REG_SP)
            gpr_set(s, reg, s->insn->operand_size, values[7 - reg]);
    }
    return true;
}

// ENTER with a level copies the frame pointers of the enclosing functions
// (Pascal's display) from the caller's frame into the new one. A copy is read
// after others have been pushed, and sees them if the frames overlap: what is
// not in memory yet is taken from the block that is going to be written.
//
//   block    [ ........ | 3rd | 2nd | 1st ]
//                              pushed so far ^ end, which goes to `top`
static bool read_display(struct step *s, uint32_t offset, uint32_t top,
                         const uint32_t *end, unsigned pushed, uint32_t *value)
{
    unsigned each = s->insn->operand_size;
    uint8_t bytes[4] = {0};
    if (!memory_read(s, SEG_SS, offset, bytes, each, false))
        return false;
    // The second limit is for gcc -O3, which cannot know that 4 is the most.
    for (unsigned i = 0; i < each && i < sizeof bytes; i++) {
        // How many bytes lie between this one and `top`.
        uint32_t below = (top - 1 - (offset + i)) & size_mask(stack_size(s));
        uint32_t slot = below / each, byte = each - 1 - below % each;
        if (slot < pushed)
            bytes[i] = (uint8_t)(end[-1 - (int)slot] >> 8 * byte);
    }
    memcpy(value, bytes, sizeof(bytes));
    return true;
}

//   enter $16, $2              level 1: without the copy; level 0: and
//                              without "own frame" [SDM2 ENTER]
//   top     | caller's ...   |
//           | ebp            |  <- frame, and the new ebp
//           | 1st display    |  from ebp - 4 of the caller
//           | own frame      |
//           | 16 bytes       |
//   bottom  |                |  <- the new esp
//
// The level counts modulo 32, hence STACK_BLOCK: ebp, 30 copies, own frame.
bool run_enter(struct step *s)
{
    unsigned level = s->insn->imm2 % 32, each = s->insn->operand_size;
    unsigned wide = stack_size(s);
    uint32_t block[STACK_BLOCK], *end = block + STACK_BLOCK, *at = end;
    uint32_t top = gpr_get(s, REG_SP, wide), from = gpr_get(s, REG_BP, wide);
    uint32_t frame = s->cpu.gpr[REG_SP] - each;
    *--at = s->cpu.gpr[REG_BP];
    for (unsigned i = 1; i < level; i++) {
        uint32_t value;
        from = (from - each) & size_mask(wide);
        if (!read_display(s, from, top, end, i, &value))
            return false;
        *--at = value;
    }
    if (level)
        *--at = frame;
    // Where the stack will end must be writable, too. [SDM2 ENTER]
    unsigned count = (unsigned)(end - at);
    uint32_t bottom = (top - count * each - s->insn->imm) & size_mask(wide);
    uint8_t probe[4];
    if (!memory_read(s, SEG_SS, bottom, probe, each, true) ||
        !stack_push_block(s, at, count))
        return false;
    gpr_set(s, REG_BP, each, frame);
    gpr_set(s, REG_SP, wide, bottom);
    return true;
}

// The pop is from the frame, not from the old ESP. If it faults, ESP is still
// the old one: the copy is dropped.
bool run_leave(struct step *s)
{
    unsigned wide = stack_size(s);
    uint32_t value;
    gpr_set(s, REG_SP, wide, gpr_get(s, REG_BP, wide));
    if (!stack_pop(s, &value))
        return false;
    gpr_set(s, REG_BP, s->insn->operand_size, value);
    return true;
}
