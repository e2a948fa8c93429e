// SPDX-License-Identifier: MIT
// Where an emulated instruction's values are: registers, memory behind
// segments and immediates.
//
//   operand --> segment:offset --> linear address --> callback
//           |                  |
//           operand_offset     translate: rights, limit, base
//           cuts to 16 or 32   #GP, or #SS for SS
//
// Every byte of memory that the emulator sees passes translate() and one of
// three callbacks. So a check that is missing would be missing here.
#include "kernel/string.h"
#include "smc/x86/emulate_step.h"

// Registers -----------------------------------------------------------------

// Bytes 4..7 are the second bytes of the first four registers:
//
//   reg     0   1   2   3   4   5   6   7
//   byte    al  cl  dl  bl  ah  ch  dh  bh
static bool is_second_byte(unsigned reg, unsigned size)
{
    return size == 1 && reg >= 4;
}

// Written without regard to the order of bytes of the machine this runs on:
// shifts and masks, no pointer into the middle of a register.
uint32_t gpr_get(const struct step *s, unsigned reg, unsigned size)
{
    if (is_second_byte(reg, size))
        return s->cpu.gpr[reg - 4] >> 8 & 0xff;
    return s->cpu.gpr[reg] & size_mask(size);
}

// Bits outside the mask stay, as on the processor: after mov $1,%al the upper
// three bytes are what they were. `value` may have any upper bits.
void gpr_set(struct step *s, unsigned reg, unsigned size, uint32_t value)
{
    uint32_t mask = size_mask(size);
    value &= mask;
    if (is_second_byte(reg, size)) {
        reg -= 4;
        mask <<= 8;
        value <<= 8;
    }
    s->cpu.gpr[reg] = (s->cpu.gpr[reg] & ~mask) | value;
}

// Without a callback the selector that is loaded stands for "what is loaded
// now", hidden part and all. Another one would need a descriptor table, which
// only the caller has. `loaded` is aside: a callback that fills it half and
// then faults has spoiled nothing.
bool segment_load(struct step *s, unsigned index, uint16_t selector)
{
    struct cpu_segment *segment = &s->cpu.segment[index];
    const struct emulate_world *world = s->world;
    if (!world->load)
        return selector == segment->selector || step_refuse(s);
    struct cpu_segment loaded = {.selector = selector};
    struct emulate_result result = world->load(world->context, &s->cpu, index,
                                               selector, &loaded);
    if (result.kind != EMULATE_OK)
        return step_stop(s, result);
    *segment = loaded;
    return true;
}

// Memory --------------------------------------------------------------------

// Subtracts where adding would wrap: the last byte must not pass the limit.
// SS has a fault of its own, so that a handler can grow the stack. [SDM3 5.3]
//
// A segment of limit 0xffff, and an access of 4 bytes:
//
//   offset            fffb   fffc   fffd        10000
//   limit - offset       4      3      2        (offset > limit)
//   size - 1 = 3      fits   fits   fault       fault
static bool translate(struct step *s, unsigned segment, uint32_t offset,
                      size_t size, unsigned rights, uint32_t *address)
{
    const struct cpu_segment *g = &s->cpu.segment[segment];
    *address = g->base + offset;
    if ((g->rights & rights) != rights)
        return step_fault(s, FAULT_PROTECTION);
    if (offset > g->limit || size - 1 > g->limit - offset)
        return step_fault(s,
                          segment == SEG_SS ? FAULT_STACK : FAULT_PROTECTION);
    return true;
}

// What a callback answers, if it is not EMULATE_OK, is the outcome of the
// whole instruction: so a page fault gets to the caller with its CR2.
static bool accept(struct step *s, struct emulate_result result)
{
    return result.kind == EMULATE_OK || step_stop(s, result);
}

// With will_write both rights are asked for: ADD to a read-only segment faults
// before the read, so a device behind it does not see one.
bool memory_read(struct step *s, unsigned segment, uint32_t offset,
                 void *bytes, size_t size, bool will_write)
{
    unsigned rights = will_write ? SEGMENT_READ | SEGMENT_WRITE : SEGMENT_READ;
    uint32_t address;
    return translate(s, segment, offset, size, rights, &address) &&
           accept(s, s->world->read(s->world->context, address, bytes, size,
                                    will_write));
}

bool memory_write(struct step *s, unsigned segment, uint32_t offset,
                  const void *bytes, size_t size)
{
    uint32_t address;
    return translate(s, segment, offset, size, SEGMENT_WRITE, &address) &&
           accept(s, s->world->write(s->world->context, address, bytes, size));
}

// Between read and write another processor may have changed the bytes. `swap`
// notices that and answers EMULATE_AGAIN; the copy with the flags of the old
// value is dropped, and the caller starts over. With a plain write, one of two
// "lock inc" that meet would be lost.
bool memory_replace(struct step *s, unsigned segment, uint32_t offset,
                    const void *old, const void *bytes, size_t size,
                    bool locked)
{
    uint32_t address;
    if (!locked || !s->world->swap)
        return memory_write(s, segment, offset, bytes, size);
    return translate(s, segment, offset, size, SEGMENT_WRITE, &address) &&
           accept(s, s->world->swap(s->world->context, address, old, bytes,
                                    size));
}

// Operands ------------------------------------------------------------------

bool operand_is_memory(const struct step *s, unsigned n)
{
    return s->operand[n].kind == OPERAND_MEM;
}

// All of EBX and ESI are added even for (%bx,%si): what does not fit 16 bits
// goes with the final cut, and sums modulo 2^16 do not care when. [SDM2 2.1.5]
uint32_t operand_offset(const struct step *s, unsigned n)
{
    const struct operand *o = &s->operand[n];
    uint32_t offset = (uint32_t)o->disp;
    if (o->base != REG_NONE)
        offset += s->cpu.gpr[o->base];
    if (o->index != REG_NONE)
        offset += s->cpu.gpr[o->index] * o->scale;
    return offset & size_mask(s->insn->address_size);
}

// Values are little-endian wherever this program runs, so a byte or a word
// that is copied to the start of *value is its lowest part; the rest is 0.
static bool load(struct step *s, unsigned n, uint32_t *value, bool will_write)
{
    const struct operand *o = &s->operand[n];
    *value = 0;
    if (o->kind == OPERAND_MEM)
        return memory_read(s, o->segment, operand_offset(s, n), value, o->size,
                           will_write);
    if (o->kind == OPERAND_IMM)
        *value = o->imm; // whoever writes it cuts it
    else if (o->class == CLASS_SEGMENT)
        *value = s->cpu.segment[o->reg].selector;
    else
        *value = gpr_get(s, o->reg, o->size);
    return true;
}

bool operand_read(struct step *s, unsigned n, uint32_t *value)
{
    return load(s, n, value, false);
}

// For "read, compute, write back". The processor takes such a page fault as
// a write, before it has read. Without this, an absent page would be reported
// as a read, and a shift by zero, which writes nothing, not at all.
bool operand_fetch(struct step *s, unsigned n, uint32_t *value)
{
    return load(s, n, value, true);
}

// To a register it cannot fail, and is only in the copy: so of two writes, the
// one to memory is the only one to be asked. Segment registers do not come
// here; they go by segment_load.
bool operand_write(struct step *s, unsigned n, uint32_t value)
{
    const struct operand *o = &s->operand[n];
    if (o->kind == OPERAND_MEM)
        return memory_write(s, o->segment, operand_offset(s, n), &value,
                            o->size);
    gpr_set(s, o->reg, o->size, value);
    return true;
}

bool operand_replace(struct step *s, unsigned n, uint32_t old, uint32_t value)
{
    const struct operand *o = &s->operand[n];
    if (o->kind != OPERAND_MEM)
        return operand_write(s, n, value);
    return memory_replace(s, o->segment, operand_offset(s, n), &old, &value,
                          o->size, s->insn->prefixes & PREFIX_LOCK);
}
