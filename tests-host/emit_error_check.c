// SPDX-License-Identifier: MIT
// What of emit.h has no operands to draw at random: prefixes, data, NOPs, and
// the errors, one by one.
#include "tests-host/emit_error_check.h"
#include "smc/x86/emit.h"
#include "smc/x86/nop.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

// 4 KiB are never full by accident: EMIT_FULL is asked for with less room.
enum { ROOM = 4096 };

static uint8_t code[ROOM];
static struct emitter e;

// Prefixes are calls of their own, so the decoder alone would not see that
// they stand before the right instruction: the bytes are known instead.
static void check_prefixes_and_data(void)
{
    static const uint8_t want[] = {0xf0, 0x0f, 0xc1, 0x13, 0xf3, 0xa5, 0xf2,
                                   0xae, 0x78, 0x56, 0x34, 0x12, 0x9a};
    emit_begin(&e, code, ROOM, 0);
    emit_lock(&e);
    emit_xadd_mr(&e, mem(EBX, 0), EDX);
    emit_rep(&e);
    emit_movsl(&e);
    emit_repne(&e);
    emit_scasb(&e);
    emit_long(&e, 0x12345678);
    emit_bytes(&e, "\x9a", 1);
    host_judge(emit_finish(&e) == EMIT_OK && emit_length(&e) == sizeof want &&
                   memcmp(code, want, sizeof want) == 0,
               "lock xadd; rep movsl; repne scasb; data");
}

// Prints the bytes as well: objdump is to see one instruction, too.
// Longer padding takes one more instruction for each 15 bytes begun: nobody
// wants to execute more of them than necessary.
static void check_nops(void)
{
    for (unsigned n = 1; n <= INSN_MAX; n++) {
        struct insn insn;
        const uint8_t *bytes = nop_bytes(n);
        struct effects effects = {0};
        bool good = insn_decode(&insn, bytes, n, INSN_32) == INSN_OK &&
                    insn.length == n;
        if (good)
            effects = insn_effects(&insn);
        host_judge(good && !effects.flags_written && !effects.memory,
                   "the NOP of %u bytes", n);
        char text[3 * INSN_MAX + 1];
        printf("nop %u: %s\n", n, hex_bytes(text, sizeof text, bytes, n));
    }
    host_judge(!nop_bytes(0) && !nop_bytes(16), "NOPs of 0 and 16 bytes");
    for (unsigned n = 0; n < 100; n++) {
        emit_begin(&e, code, ROOM, 0);
        emit_nop(&e, n);
        unsigned at = 0, count = 0;
        struct insn insn;
        while (at < n &&
               insn_decode(&insn, code + at, n - at, INSN_32) == INSN_OK) {
            at += insn.length;
            count++;
        }
        host_judge(emit_length(&e) == n && at == n && count == (n + 14) / 15,
                   "%u bytes of NOPs are %u instructions", n, count);
        emit_begin(&e, code, ROOM, n);
        emit_align(&e, 16);
        host_judge(emit_here(&e) % 16 == 0 && emit_length(&e) < 16,
                   "from %u aligned to %u", n, emit_here(&e));
    }
}

// Errors --------------------------------------------------------------------

// Each has an emitter of its own, and so an error of its own. error_at is
// where it happened, and must be told.
#define MUST(want, call)                                               \
    do {                                                               \
        emit_begin(&e, code, 64, 0x1000);                              \
        call;                                                          \
        enum emit_error got = emit_finish(&e);                         \
        host_judge(got == (want) && ((want) == EMIT_OK || e.error_at), \
                   #call ": %s", emit_error_text(got));                \
    } while (0)

// An immediate of n bits may be anything that n bits show, as signed or as
// unsigned; at both ends one further is refused.
static void check_refusals(void)
{
    struct label twice = {0}, never = {0}, stale = {.waiting = {90}};
    MUST(EMIT_OK, emit_mov8_ri(&e, AL, 255));
    MUST(EMIT_OK, emit_mov8_ri(&e, AL, (uint32_t)-128));
    MUST(EMIT_IMMEDIATE, emit_mov8_ri(&e, AL, 256));
    MUST(EMIT_IMMEDIATE, emit_mov8_ri(&e, AL, (uint32_t)-129));
    MUST(EMIT_OK, emit_add16_ri(&e, CX, 0xffff));
    MUST(EMIT_IMMEDIATE, emit_add16_ri(&e, CX, 0x10000));
    MUST(EMIT_IMMEDIATE, emit_add16_ri(&e, CX, 0x1ffff));
    MUST(EMIT_IMMEDIATE, emit_int_i(&e, 256));
    MUST(EMIT_IMMEDIATE, emit_enter_ii(&e, 0x10000, 0));
    MUST(EMIT_IMMEDIATE, emit_ret_i(&e, 0x10000));
    MUST(EMIT_IMMEDIATE, emit_shl_ri(&e, EAX, 300));
    MUST(EMIT_OPERAND, emit_mov_rm(&e, EAX, mem_index(EAX, ESP, 1, 0)));
    MUST(EMIT_OPERAND, emit_mov_rm(&e, EAX, mem_index(EAX, ECX, 3, 0)));
    MUST(EMIT_OPERAND, emit_mov_rr(&e, (enum reg32)8, EAX));
    MUST(EMIT_OPERAND, emit_mov_rr(&e, EAX, (enum reg32)8));
    MUST(EMIT_OPERAND, emit_mov_ri(&e, (enum reg32)8, 0));
    MUST(EMIT_OPERAND, emit_inc_r(&e, (enum reg32)9));
    MUST(EMIT_OPERAND, emit_xchg_rr(&e, EAX, (enum reg32)8));
    MUST(EMIT_OPERAND, emit_set_r(&e, (enum condition)16, AL));
    MUST(EMIT_OPERAND, emit_pop_s(&e, SEG_CS));
    MUST(EMIT_OPERAND, emit_mov_sr(&e, SEG_CS, EAX));
    MUST(EMIT_OPERAND, emit_mov_cr(&e, 1, EAX));
    MUST(EMIT_OPERAND,
         emit_mov_rm(
             &e, ECX,
             (struct mem){.base = 8, .index = REG_NONE, .segment = SEG_NONE}));
    MUST(EMIT_OPERAND, emit_mov_rm(&e, ECX, mem_segment(mem(EBX, 0), 6)));
    MUST(EMIT_OPERAND, emit_mov_rm(&e, EAX, mem_segment(mem_abs(16), 6)));
    // The first piece would fit, but nothing is written.
    MUST(EMIT_FULL, emit_nop(&e, 65));
    host_judge(emit_length(&e) == 0, "half a pad of %u",
               (unsigned)emit_length(&e));
    MUST(EMIT_OPERAND, emit_align(&e, 0));
    MUST(EMIT_OPERAND, emit_align(&e, 12));
    MUST(EMIT_OPERAND, emit_bind(&e, &stale));
    MUST(EMIT_UNBOUND, emit_jmp(&e, &never));
    MUST(EMIT_REBOUND, (emit_bind(&e, &twice), emit_bind(&e, &twice)));
}

// A short buffer takes whole instructions or none, and the rest is untouched.
//
//   55              1    push %ebp
//   e9 xx xx xx xx  6    jmp
//   b8 xx xx xx xx  11   mov $0x12345678,%eax
//   66 90           13   NOP of two bytes
//   c7 83 ...       23   movl $1,300(%ebx)
//
// Each length is the end of one of these, whatever the room.
// The jump over everything is finished by the last byte of the last run.
static void check_room(void)
{
    uint8_t whole[64];
    static const uint8_t ends[] = {0, 1, 6, 11, 13, 23};
    for (unsigned room = 0; room <= 23; room++) {
        struct label l = {0};
        memset(code, 0xcc, 64);
        emit_begin(&e, code, room, 0);
        emit_push_r(&e, EBP);
        emit_jmp(&e, &l);
        emit_mov_ri(&e, EAX, 0x12345678);
        emit_nop(&e, 2);
        emit_mov_mi(&e, mem(EBX, 300), 1);
        emit_bind(&e, &l);
        unsigned n = (unsigned)emit_length(&e), clean = n;
        while (clean < 64 && code[clean] == 0xcc)
            clean++;
        host_judge(memchr(ends, (int)n, sizeof ends) && clean == 64 &&
                       (emit_finish(&e) == EMIT_OK) == (room == 23) &&
                       (room == 23 || e.error == EMIT_FULL),
                   "%u bytes of room: %u used, %s", room, n,
                   emit_error_text(e.error));
        memcpy(whole, code, sizeof whole);
    }
    host_judge(whole[2] == 17, "the jump over all is %u", whole[2]);
}

void check_errors(void)
{
    check_prefixes_and_data();
    check_nops();
    check_refusals();
    check_room();
}
