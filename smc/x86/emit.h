// SPDX-License-Identifier: MIT
// The assembler of the kernel: one function per instruction form. Whatever
// makes code at run time, from one patched jump to a translator, makes it
// with these.
//
//   uint8_t code[64];
//   struct label loop = {0};
//   struct emitter e;
//   emit_begin(&e, code, sizeof code, address_where_it_will_run);
//   emit_mov_ri(&e, ECX, 10);
//   emit_bind(&e, &loop);
//   emit_add_rm(&e, EAX, mem_index(EBX, ECX, 4, -4));
//   emit_loop(&e, &loop);
//   emit_ret(&e);
//   if (emit_finish(&e) != EMIT_OK) ... emit_error_text(e.error)
//
// Each function writes the shortest encoding of what it is named after, or
// nothing: the first error sticks in the emitter, later calls do nothing, and
// no byte is written behind the end. So a caller may emit a whole block and
// ask once. EMIT_FAR alone comes late: the branch's bytes stand there by then,
// with a wrong distance, and a block with an error is not to be run anyway.
//
// Names: emit_<mnemonic><operands>, operands in Intel's order, destination
// first, as insn_operands gives them:
//
//   _r register  _m memory  _i immediate  _s segment  _c control  _d debug
//   _x vector    _t x87     _cl the register %cl
//
// No size means 32 bits; emit_add16_rr and emit_add8_rr are the others. Each
// size has its own register type, so that the compiler notices an %al where
// %eax is wanted. An immediate may be written as signed or unsigned (-1 or
// 0xff); one that does not fit is EMIT_IMMEDIATE. [SDM2 2.1], [SDM2 B]
//
// Any context; no state but the emitter's. The buffer holds no code until
// something puts it through the door.
#pragma once
#include "smc/x86/decode.h"
#include "smc/x86/mem.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reg32 { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI };
enum reg16 { AX, CX, DX, BX, SP, BP, SI, DI };
enum reg8 { AL, CL, DL, BL, AH, CH, DH, BH };
enum xmm { XMM0, XMM1, XMM2, XMM3, XMM4, XMM5, XMM6, XMM7 };
enum x87 { ST0, ST1, ST2, ST3, ST4, ST5, ST6, ST7 };

// The low four bits of Jcc, SETcc and CMOVcc. [SDM2 B.1.4.7]
enum condition {
    COND_O,
    COND_NO,
    COND_B,  // below: unsigned, or carry
    COND_AE, // above or equal: no carry
    COND_E,  // equal: zero
    COND_NE,
    COND_BE,
    COND_A,
    COND_S,
    COND_NS,
    COND_P,
    COND_NP,
    COND_L, // less: signed
    COND_GE,
    COND_LE,
    COND_G,
};
// The opposite: the two differ in the lowest bit.
static inline enum condition condition_not(enum condition c)
{
    return (enum condition)(c ^ 1);
}

// The emitter --------------------------------------------------------------

enum emit_error {
    EMIT_OK,
    EMIT_FULL,      // the buffer is too small
    EMIT_FAR,       // a short branch's target is not within -128..127
    EMIT_IMMEDIATE, // an immediate does not fit its operand
    EMIT_OPERAND,   // no encoding: %esp as an index, `pop %cs`
    EMIT_REBOUND,   // a label is bound twice
    EMIT_UNBOUND,   // emit_finish: a branch waits for a label
};

struct emitter {
    uint8_t *start, *at, *end; // at: where the next instruction goes
    uint32_t address;          // where the byte at `start` will run
    uint32_t waiting;          // branches whose label is not bound yet
    enum emit_error error;     // the first one
    uint8_t *error_at;         // `at` when it was found; EMIT_FAR: behind
};

// Sets up an emitter for the `size` bytes at `buffer`, to run at `address`.
// Labels are zeroed with it: what they hold are offsets in one buffer.
void emit_begin(struct emitter *e, void *buffer, size_t size,
                uint32_t address);
// The verdict on everything so far, EMIT_UNBOUND included.
enum emit_error emit_finish(struct emitter *e);
// "the buffer is full". Never NULL.
const char *emit_error_text(enum emit_error error);

static inline size_t emit_length(const struct emitter *e)
{
    return (size_t)(e->at - e->start);
}
// Where the next instruction will run.
static inline uint32_t emit_here(const struct emitter *e)
{
    return e->address + (uint32_t)emit_length(e);
}

// Data, as it stands: all of it or none.
void emit_bytes(struct emitter *e, const void *bytes, size_t n);
static inline void emit_byte(struct emitter *e, uint8_t byte)
{
    emit_bytes(e, &byte, 1);
}
void emit_long(struct emitter *e, uint32_t value);

// n bytes of NOPs, as few instructions as possible: those of nop_bytes in
// smc/x86/nop.h.
void emit_nop(struct emitter *e, size_t n);
// NOPs up to a multiple of `alignment` in address. EMIT_OPERAND unless it is a
// power of two.
void emit_align(struct emitter *e, uint32_t alignment);

// Memory operands -----------------------------------------------------------

// disp(base)
static inline struct mem mem(enum reg32 base, int32_t disp)
{
    return (struct mem){.base = (uint8_t)base,
                        .index = REG_NONE,
                        .scale = 1,
                        .segment = SEG_NONE,
                        .disp = disp};
}

// disp(base, index, scale)
static inline struct mem mem_index(enum reg32 base, enum reg32 index,
                                   unsigned scale, int32_t disp)
{
    struct mem m = mem(base, disp);
    m.index = (uint8_t)index;
    m.scale = (uint8_t)scale;
    return m;
}

// A fixed address.
static inline struct mem mem_abs(uint32_t address)
{
    struct mem m = mem(EAX, (int32_t)address);
    m.base = REG_NONE;
    return m;
}

// disp(, index, scale): a table at a fixed address.
static inline struct mem mem_scaled(enum reg32 index, unsigned scale,
                                    int32_t disp)
{
    struct mem m = mem_index(EAX, index, scale, disp);
    m.base = REG_NONE;
    return m;
}

// The same place through another segment: SEG_FS.
static inline struct mem mem_segment(struct mem m, unsigned segment)
{
    m.segment = (uint8_t)segment;
    return m;
}

// Labels --------------------------------------------------------------------

// A place in the code, known or to come; {0} to begin with. The branches that
// wait for it need no memory elsewhere: each one's unfinished displacement
// holds where the one before is, and the label knows the last.
struct label {
    uint32_t bound;      // its offset + 1, or 0
    uint32_t waiting[3]; // by enum field: the last one's offset + 1, or 0
};

// The label is here. Finishes the branches that wait for it.
void emit_bind(struct emitter *e, struct label *label);

// Branches to a label. Backwards they are as short as can be. Forwards, the
// distance is not known yet: plain ones take rel32, _short ones rel8 (with
// EMIT_FAR at emit_bind if that was wrong). _near ones are always rel32: five
// bytes for a patcher to rewrite (a Jcc: six).
void emit_jmp(struct emitter *e, struct label *to);
void emit_jmp_short(struct emitter *e, struct label *to);
void emit_jmp_near(struct emitter *e, struct label *to);
void emit_jcc(struct emitter *e, enum condition c, struct label *to);
void emit_jcc_short(struct emitter *e, enum condition c, struct label *to);
void emit_jcc_near(struct emitter *e, enum condition c, struct label *to);
void emit_call(struct emitter *e, struct label *to);
// These have rel8 only.
void emit_loop(struct emitter *e, struct label *to);
void emit_loope(struct emitter *e, struct label *to);
void emit_loopne(struct emitter *e, struct label *to);
void emit_jecxz(struct emitter *e, struct label *to);

// The same to an address, reckoned from where this code will run.
void emit_jmp_to(struct emitter *e, uint32_t target);
void emit_jmp_near_to(struct emitter *e, uint32_t target);
void emit_jcc_to(struct emitter *e, enum condition c, uint32_t target);
void emit_jcc_near_to(struct emitter *e, enum condition c, uint32_t target);
void emit_call_to(struct emitter *e, uint32_t target);
void emit_loop_to(struct emitter *e, uint32_t target);
void emit_loope_to(struct emitter *e, uint32_t target);
void emit_loopne_to(struct emitter *e, uint32_t target);
void emit_jecxz_to(struct emitter *e, uint32_t target);

// A label's address as a value: mov $label,%reg, push $label, .long label (a
// jump table's entry).
void emit_mov_label(struct emitter *e, enum reg32 d, struct label *label);
void emit_push_label(struct emitter *e, struct label *label);
void emit_long_label(struct emitter *e, struct label *label);

#include "smc/x86/emit_forms.h"
