// SPDX-License-Identifier: MIT
// Labels, NOPs and errors of emit.h.
//
// Labels: random programs of branches and padding. The model is a list of
// where each branch stands and which label it is for; afterwards the decoder
// must read every target where the label was bound.
#include "smc/x86/emit.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

enum { LABELS = 6, STEPS = 60, ROOM = 4096 };

struct branch {
    uint32_t offset; // of its first byte
    unsigned label, length;
    bool is_short, is_any; // only rel8; as short as it can be
};

static uint8_t code[ROOM + 16];
static struct emitter e;
static struct label labels[LABELS];
static struct branch branches[STEPS];
static unsigned branch_count;

static void emit_random_branch(void)
{
    unsigned n = host_random_below(LABELS);
    struct label *to = &labels[n];
    struct branch *b = &branches[branch_count];
    enum condition c = (enum condition)host_random_below(16);
    unsigned form = host_random_below(11);
    *b = (struct branch){.offset = (uint32_t)emit_length(&e), .label = n};
    switch (form) {
    case 0: emit_jmp(&e, to); break;
    case 1: emit_jmp_short(&e, to); break;
    case 2: emit_jmp_near(&e, to); break;
    case 3: emit_jcc(&e, c, to); break;
    case 4: emit_jcc_short(&e, c, to); break;
    case 5: emit_jcc_near(&e, c, to); break;
    case 6: emit_call(&e, to); break;
    case 7: emit_loop(&e, to); break;
    case 8: emit_loope(&e, to); break;
    case 9: emit_loopne(&e, to); break;
    default: emit_jecxz(&e, to); break;
    }
    b->is_short = form == 1 || form == 4 || form >= 7;
    b->is_any = form == 0 || form == 3;
    b->length = (unsigned)emit_length(&e) - b->offset;
    branch_count++;
}

// How far a branch would jump as a rel8 to the place `offset`.
static int32_t reach(const struct branch *b, uint32_t offset)
{
    return (int32_t)(offset - (b->offset + 2));
}

// EMIT_FAR is right if some short branch cannot reach its label, bound or, if
// it is still to come, here at the earliest.
static bool some_is_too_far(void)
{
    for (unsigned i = 0; i < branch_count; i++) {
        const struct label *l = &labels[branches[i].label];
        uint32_t to = l->bound ? l->bound - 1 : (uint32_t)emit_length(&e);
        int32_t distance = reach(&branches[i], to);
        if (branches[i].is_short && distance != (int8_t)distance)
            return true;
    }
    return false;
}

static void judge_branch(const struct branch *b)
{
    struct insn insn;
    uint32_t target = 0, bound = labels[b->label].bound - 1;
    bool good = insn_decode(&insn, code + b->offset, b->length, INSN_32) ==
                    INSN_OK &&
                insn.length == b->length &&
                insn_target(&insn, e.address + b->offset, &target);
    host_judge(good && target == e.address + bound,
               "the branch at %u goes to %x, its label is at %x", b->offset,
               target, e.address + bound);
    int32_t distance = reach(b, bound);
    if (b->is_any && bound <= b->offset && distance == (int8_t)distance)
        host_judge(b->length == 2, "%u bytes for %d back", b->length,
                   (int)distance);
}

// Padding is often short, so that short branches often reach.
static void check_program(void)
{
    unsigned bound = 0, most = host_random_below(2) ? 4 : 40;
    memset(labels, 0, sizeof labels);
    branch_count = 0;
    emit_begin(&e, code, ROOM, host_random_edge());
    for (unsigned i = 0; i < STEPS && e.error == EMIT_OK; i++) {
        if (host_random_below(3) == 0)
            emit_nop(&e, host_random_below(most));
        else if (host_random_below(10) == 0 && bound < LABELS)
            emit_bind(&e, &labels[bound++]);
        else
            emit_random_branch();
    }
    while (bound < LABELS && e.error == EMIT_OK)
        emit_bind(&e, &labels[bound++]);
    enum emit_error error = emit_finish(&e);
    if (error != EMIT_OK) {
        host_judge(error == EMIT_FAR && some_is_too_far(), "an error: %s",
                   emit_error_text(error));
        return;
    }
    host_judge(!some_is_too_far(), "a branch too far went unnoticed");
    for (unsigned i = 0; i < branch_count; i++)
        judge_branch(&branches[i]);
}

static void jne_to(struct emitter *emitter, uint32_t target)
{
    emit_jcc_to(emitter, COND_NE, target);
}

static void jne_near_to(struct emitter *emitter, uint32_t target)
{
    emit_jcc_near_to(emitter, condition_not(COND_E), target);
}

// To addresses near and far, on both sides of the code and of address 0.
static void check_target(void)
{
    static void (*const forms[])(struct emitter *, uint32_t) = {
        emit_jmp_to,   emit_jmp_near_to, emit_call_to, emit_loop_to,
        emit_jecxz_to, jne_to,           jne_near_to};
    static const uint8_t longest[] = {5, 5, 5, 2, 2, 6, 6};
    unsigned form = host_random_below(7);
    emit_begin(&e, code, ROOM, host_random_edge());
    uint32_t distance = host_random() & 1 ? host_random_edge()
                                          : host_random_below(300) - 150;
    uint32_t target = e.address + distance, found = 0;
    struct insn insn;
    forms[form](&e, target);
    int32_t rel8 = (int32_t)(distance - 2);
    bool fits = rel8 == (int8_t)rel8;
    unsigned length = (form == 0 || form == 5) && fits ? 2 : longest[form];
    if (longest[form] == 2 && !fits) {
        host_judge(emit_finish(&e) == EMIT_FAR, "%x from %x is not too far",
                   target, e.address);
        return;
    }
    host_judge(emit_finish(&e) == EMIT_OK && emit_length(&e) == length &&
                   insn_decode(&insn, code, length, INSN_32) == INSN_OK &&
                   insn_target(&insn, e.address, &found) && found == target,
               "form %u to %x from %x: %x, %u bytes", form, target, e.address,
               found, (unsigned)emit_length(&e));
}

static void check_label_values(void)
{
    struct label l = {0};
    emit_begin(&e, code, ROOM, 0xc0100000);
    emit_push_label(&e, &l);
    emit_mov_label(&e, ESI, &l);
    emit_bind(&e, &l);
    emit_long_label(&e, &l);
    static const uint8_t want[] = {0x68, 0x0a, 0x00, 0x10, 0xc0, 0xbe, 0x0a,
                                   0x00, 0x10, 0xc0, 0x0a, 0x00, 0x10, 0xc0};
    host_judge(emit_finish(&e) == EMIT_OK && emit_length(&e) == sizeof want &&
                   memcmp(code, want, sizeof want) == 0,
               "addresses of labels");
}

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

#define MUST(want, call)                                               \
    do {                                                               \
        emit_begin(&e, code, 64, 0x1000);                              \
        call;                                                          \
        enum emit_error got = emit_finish(&e);                         \
        host_judge(got == (want) && ((want) == EMIT_OK || e.error_at), \
                   #call ": %s", emit_error_text(got));                \
    } while (0)

static void check_errors(void)
{
    struct label twice = {0}, never = {0};
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
    MUST(EMIT_UNBOUND, emit_jmp(&e, &never));
    MUST(EMIT_REBOUND, (emit_bind(&e, &twice), emit_bind(&e, &twice)));
}

// A short buffer takes whole instructions or none, and the rest is untouched.
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

int main(int argc, char **argv)
{
    host_begin(argc, argv, "labels, NOPs and errors of emit.h");
    check_label_values();
    check_prefixes_and_data();
    check_nops();
    check_errors();
    check_room();
    uint64_t count = host.count ? host.count : 10000;
    for (uint64_t i = 0; i < count && !host_time_is_up(); i++) {
        check_program();
        check_target();
    }
    return host_end();
}
