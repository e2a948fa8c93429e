// SPDX-License-Identifier: MIT
// Labels of emit.h; NOPs and errors are in emit_error_check.c.
//
// Random programs of branches and padding. The model is a list of where each
// branch stands, what it is and which label it is for; afterwards the decoder
// must read just that, with the target where the label was bound.
// Given a file name, writes the branches for GNU as, too: test_emit.py.
#include "smc/x86/emit.h"
#include "tests-host/ask_gnu.h"
#include "tests-host/emit_error_check.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

// 60 steps of at most 40 bytes: 4 KiB are never full, so EMIT_FULL would be a
// mistake here.
enum { LABELS = 6, STEPS = 60, ROOM = 4096 };

// The model of one. The emitter keeps no such list, so it is no copy of it.
struct branch {
    uint32_t offset; // of its first byte
    unsigned label, length;
    char name[8];          // "jne"
    bool is_short, is_any; // only rel8; as short as it can be
};

static uint8_t code[ROOM + 16];
static struct emitter e;
static struct label labels[LABELS];
static struct branch branches[STEPS];
static unsigned branch_count;
static FILE *source;

// The names by enum condition, as GNU as and the decoder know them. [SDM2 B]
static const char *const conditions[16] = {"o",  "no", "b",  "ae", "e", "ne",
                                           "be", "a",  "s",  "ns", "p", "np",
                                           "l",  "ge", "le", "g"};

// What GNU as is asked: the same branch over the same distance. `.` is the
// address of the instruction. Where we were free to be short, so is as. Else
// {disp32} asks for the long form, as _near and a plain branch forwards are.
static void ask_branch(const char *name, const uint8_t *bytes, unsigned length,
                       uint32_t distance, bool is_free)
{
    char text[64];
    bool is_near = length > 2 && !is_free && strcmp(name, "call") != 0;
    snprintf(text, sizeof text, "%s%s .%+d", is_near ? "{disp32} " : "", name,
             (int)distance);
    ask_gnu(source, text, bytes, length);
}

// The length is measured, not predicted: which one is right is judged later,
// when it is known where the label is.
static void emit_random_branch(void)
{
    unsigned n = host_random_below(LABELS);
    struct label *to = &labels[n];
    struct branch *b = &branches[branch_count];
    enum condition c = (enum condition)host_random_below(16);
    unsigned form = host_random_below(11);
    static const char *const names[] = {"jmp",   "jmp",    "jmp",  "j",
                                        "j",     "j",      "call", "loop",
                                        "loope", "loopne", "jecxz"};
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
    snprintf(b->name, sizeof b->name, "%s%s", names[form],
             names[form][1] ? "" : conditions[c]);
    b->is_short = form == 1 || form == 4 || form >= 7;
    b->is_any = form == 0 || form == 3;
    b->length = (unsigned)emit_length(&e) - b->offset;
    branch_count++;
}

// How far a branch would jump as a rel8 to the place `offset`.
// The distance counts from the end: two bytes behind its start. [SDM2 Jcc]
static int32_t reach(const struct branch *b, uint32_t offset)
{
    return (int32_t)(offset - (b->offset + 2));
}

// EMIT_FAR is right if some short branch cannot reach its label, bound or, if
// it is still to come, here at the earliest.
// A label's `bound` is its offset + 1, as 0 means "not yet".
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

// The decoder is the judge: it must find the whole branch, of that name, and
// its target must be the label. A plain branch back was free to be short, so
// it must be.
static void judge_branch(const struct branch *b)
{
    struct insn insn;
    uint32_t target = 0, bound = labels[b->label].bound - 1;
    bool good = insn_decode(&insn, code + b->offset, b->length, INSN_32) ==
                    INSN_OK &&
                insn.length == b->length &&
                insn_target(&insn, e.address + b->offset, &target);
    host_judge(good && target == e.address + bound &&
                   strcmp(insn_name(&insn), b->name) == 0,
               "the %s at %u is %s to %x, its label is at %x", b->name,
               b->offset, good ? insn_name(&insn) : "nothing", target,
               e.address + bound);
    int32_t distance = reach(b, bound);
    bool is_free = b->is_any && bound <= b->offset;
    if (is_free && distance == (int8_t)distance)
        host_judge(b->length == 2, "%u bytes for %d back", b->length,
                   (int)distance);
    ask_branch(b->name, code + b->offset, b->length, bound - b->offset,
               is_free);
}

// Padding is often short, so that short branches often reach.
// An error ends a program early; it must be EMIT_FAR, and true. Without one no
// short branch may be too far: errors are neither made up nor missed.
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

// The condition is drawn before, so that all forms have one type. The opposite
// of the opposite is the same.
static enum condition drawn;

static void jcc_to(struct emitter *emitter, uint32_t target)
{
    emit_jcc_to(emitter, drawn, target);
}

static void jcc_near_to(struct emitter *emitter, uint32_t target)
{
    emit_jcc_near_to(emitter, condition_not(drawn), target);
}

// To addresses near and far, on both sides of the code and of address 0.
//
//   distance - 2   -129       -128 .. 127   128
//   jmp, jcc       rel32      rel8          rel32
//   _near, call    rel32      rel32         rel32
//   loop, jecxz    EMIT_FAR   rel8          EMIT_FAR
static void check_target(void)
{
    static const struct {
        const char *name; // "j": the condition follows
        void (*emit)(struct emitter *, uint32_t);
        uint8_t longest;
        bool is_any, is_not;
    } forms[] = {{"jmp", emit_jmp_to, 5, true, false},
                 {"jmp", emit_jmp_near_to, 5, false, false},
                 {"call", emit_call_to, 5, false, false},
                 {"loop", emit_loop_to, 2, false, false},
                 {"loope", emit_loope_to, 2, false, false},
                 {"loopne", emit_loopne_to, 2, false, false},
                 {"jecxz", emit_jecxz_to, 2, false, false},
                 {"j", jcc_to, 6, true, false},
                 {"j", jcc_near_to, 6, false, true}};
    unsigned form = host_random_below(9);
    drawn = (enum condition)host_random_below(16);
    emit_begin(&e, code, ROOM, host_random_edge());
    uint32_t distance = host_random() & 1 ? host_random_edge()
                                          : host_random_below(300) - 150;
    uint32_t target = e.address + distance, found = 0;
    struct insn insn;
    char name[8];
    snprintf(name, sizeof name, "%s%s", forms[form].name,
             forms[form].name[1] ? ""
                                 : conditions[drawn ^ forms[form].is_not]);
    forms[form].emit(&e, target);
    int32_t rel8 = (int32_t)(distance - 2);
    bool fits = rel8 == (int8_t)rel8;
    unsigned longest = forms[form].longest;
    unsigned length = forms[form].is_any && fits ? 2 : longest;
    if (longest == 2 && !fits) {
        host_judge(emit_finish(&e) == EMIT_FAR, "%x from %x is not too far",
                   target, e.address);
        return;
    }
    host_judge(emit_finish(&e) == EMIT_OK && emit_length(&e) == length &&
                   insn_decode(&insn, code, length, INSN_32) == INSN_OK &&
                   strcmp(insn_name(&insn), name) == 0 &&
                   insn_target(&insn, e.address, &found) && found == target,
               "%s to %x from %x: %x, %u bytes", name, target, e.address,
               found, (unsigned)emit_length(&e));
    ask_branch(name, code, length, distance, forms[form].is_any);
}

// An absolute address, waiting or known:
//
//   c0100000   68 0a 00 10 c0    push $label
//   c0100005   be 0a 00 10 c0    mov  $label,%esi
//   c010000a   0a 00 10 c0       label: .long label
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

int main(int argc, char **argv)
{
    host_begin(argc, argv, "labels, NOPs and errors of emit.h");
    check_label_values();
    check_errors();
    if (host.file_count)
        source = fopen(host.files[0], "w");
    if (host.file_count && !source)
        host_die("cannot write %s", host.files[0]);
    uint64_t count = host.count ? host.count : 10000;
    for (uint64_t i = 0; i < count && !host_time_is_up(); i++) {
        check_program();
        check_target();
    }
    if (source)
        fclose(source);
    return host_end();
}
