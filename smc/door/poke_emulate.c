// SPDX-License-Identifier: MIT
// The few instructions that a site may hold while its bytes change, decoded
// and executed by hand. Nothing here touches memory but the stack of a CALL or
// RET, so a handler may do it in any context.
//
//   INT3       cc
//   RET        c3, INT3 behind it
//   CALL       e8 rel32
//   JMP        e9 rel32, eb rel8
//   Jcc        70+cc rel8, 0f 80+cc rel32
//   MOV        b8 imm32, to %eax: a call that has become "return 0"
//   NOP        one of them, of 1 to 6 bytes
//
// [SDM2 Jcc, table B-10 of the conditions]
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "smc/door/poke_inside.h"
#include "smc/x86/nop.h"

enum {
    OP_INT3 = 0xcc,
    OP_RET = 0xc3,
    OP_CALL = 0xe8,
    OP_MOV_EAX = 0xb8,
    OP_JMP32 = 0xe9,
    OP_JMP8 = 0xeb,
    OP_JCC8 = 0x70,
    OP_TWO = 0x0f,
    OP_JCC32 = 0x80,
};

// By length: LEA of %esi into itself. With the long NOP and the short one with
// prefixes it is what compilers and assemblers write.
static const uint8_t lea_nops[POKE_MAX + 1][POKE_MAX] = {
    [3] = {0x8d, 0x76, 0x00},
    [4] = {0x8d, 0x74, 0x26, 0x00},
    [5] = {0x3e, 0x8d, 0x74, 0x26, 0x00},
    [6] = {0x8d, 0xb6, 0x00, 0x00, 0x00, 0x00},
};

// Not every i686 has the long NOP, every one has LEA.
const uint8_t *poke_nop(size_t len)
{
    if (!len || len > POKE_MAX)
        return NULL;
    return len > 2 && !cpu.long_nop ? lea_nops[len] : nop_bytes(len);
}

static bool is_nop(const uint8_t *bytes, size_t len)
{
    return memcmp(bytes, nop_bytes(len), len) == 0 ||
           memcmp(bytes, nop_prefixed(len), len) == 0 ||
           (len > 2 && memcmp(bytes, lea_nops[len], len) == 0);
}

static bool is_padding(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] != OP_INT3)
            return false;
    return true;
}

static struct poke_insn branch(enum poke_kind kind, const uint8_t *bytes,
                               size_t len, size_t head, uint32_t address)
{
    int32_t distance = (int8_t)bytes[head];
    if (len - head == sizeof distance)
        memcpy(&distance, bytes + head, sizeof distance);
    return (struct poke_insn){.kind = (uint8_t)kind,
                              .condition = bytes[head - 1] & 15,
                              .len = (uint8_t)len,
                              .target = address + len + (uint32_t)distance};
}

// POKE_NONE if the `len` bytes are not exactly one of the instructions above.
// What stands behind a RET or an INT3 is never reached: it must be INT3.
struct poke_insn poke_decode(const uint8_t *bytes, size_t len,
                             uint32_t address)
{
    struct poke_insn insn = {.kind = POKE_NONE, .len = (uint8_t)len};
    if (!len || len > POKE_MAX)
        return insn;
    if (bytes[0] == OP_CALL && len == 5)
        return branch(POKE_CALL, bytes, len, 1, address);
    if (bytes[0] == OP_MOV_EAX && len == 5) {
        insn.kind = POKE_MOV_EAX;
        memcpy(&insn.target, bytes + 1, sizeof insn.target);
        return insn;
    }
    if ((bytes[0] == OP_JMP32 && len == 5) ||
        (bytes[0] == OP_JMP8 && len == 2))
        return branch(POKE_JMP, bytes, len, 1, address);
    if ((bytes[0] & 0xf0) == OP_JCC8 && len == 2)
        return branch(POKE_JCC, bytes, len, 1, address);
    if (bytes[0] == OP_TWO && len == 6 && (bytes[1] & 0xf0) == OP_JCC32)
        return branch(POKE_JCC, bytes, len, 2, address);
    if (bytes[0] == OP_INT3 && is_padding(bytes, len))
        insn.kind = POKE_INT3;
    else if (bytes[0] == OP_RET && is_padding(bytes + 1, len - 1))
        insn.kind = POKE_RET;
    else if (is_nop(bytes, len))
        insn.kind = POKE_NOP;
    return insn;
}

// The conditions come in pairs: an odd one is the opposite of the even one
// before it.
static bool holds(unsigned condition, uint32_t eflags)
{
    bool carry = eflags & 1, parity = eflags >> 2 & 1, zero = eflags >> 6 & 1;
    bool sign = eflags >> 7 & 1, overflow = eflags >> 11 & 1;
    const bool even[8] = {
        overflow,
        carry,
        zero,
        carry || zero,
        sign,
        parity,
        sign != overflow,
        zero || sign != overflow,
    };
    return even[condition >> 1] != (condition & 1);
}

// Does to the frame what the instruction at `address` does to the CPU. *esp is
// where the interrupted code's stack ends; a CALL pushes into the gap that
// kernel/trap_entry.S has left there.
void poke_emulate(const struct poke_insn *insn, struct trap_frame *frame,
                  uint32_t *esp, uint32_t address)
{
    uint32_t next = address + insn->len;
    switch (insn->kind) {
    case POKE_CALL:
        *esp -= sizeof next;
        *(uint32_t *)*esp = next;
        frame->eip = insn->target;
        break;
    case POKE_RET:
        frame->eip = *(uint32_t *)*esp;
        *esp += sizeof next;
        break;
    case POKE_JMP: frame->eip = insn->target; break;
    case POKE_MOV_EAX:
        frame->eax = insn->target;
        frame->eip = next;
        break;
    case POKE_JCC:
        frame->eip = holds(insn->condition, frame->eflags) ? insn->target
                                                           : next;
        break;
    default: frame->eip = next;
    }
}

// A distance in 32 bits reaches every address of an i386; the one in 8 bits
// does not.
size_t poke_branch(uint8_t bytes[POKE_MAX], uint8_t opcode, const void *site,
                   const void *target)
{
    bool two = (opcode & 0xf0) == OP_JCC32;
    bool near = opcode == OP_JMP8 || (opcode & 0xf0) == OP_JCC8;
    size_t head = two ? 2 : 1, len = head + (near ? 1 : sizeof(int32_t));
    int32_t distance = (int32_t)((uint32_t)target - (uint32_t)site - len);
    if (near && distance != (int8_t)distance)
        return 0;
    bytes[0] = two ? OP_TWO : opcode;
    bytes[head - 1] = opcode;
    memcpy(bytes + head, &distance, len - head);
    return len;
}
