// SPDX-License-Identifier: MIT
// What a question costs on this CPU that is answered by a flag, by a pointer,
// or by the code itself. The code is generated, and patched as the kernel
// does it: store, serialise, execute.
//
// Nothing else is between the questions, so this is the most that they can
// cost: among other work much of it is hidden.
#include "smc/x86/emit.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <stdlib.h>

enum {
    FEW = 64,        // questions in a pass that fits every cache
    MANY = 4096,     // questions of which each has a flag of its own
    LINE = 64,       // a line of the cache
    ASKED = 1 << 20, // questions in one run
    CHANGES = 1000,
    CODE = 1 << 18,
};

enum kind { NOTHING, NOP2, NOP5, JUMP, FLAG, POINTER };

// Flags that are asked one after the other in lines of their own, as the flags
// of a kernel's many parts are. All of them say no.
static uint8_t flags[MANY * LINE] __attribute__((aligned(LINE)));
static void *pointers[MANY * LINE / sizeof(void *)];

struct pass {
    uint8_t *code;
    uint32_t questions, passes;
    bool apart; // each question has a flag of its own
    enum kind kind;
};

static void nobody(void)
{
}

static uint32_t place(const struct pass *p, uint32_t question,
                      const void *base)
{
    return (uint32_t)base + (p->apart ? question * LINE : 0);
}

// The key's block, where it is: not next to the site. A processor remembers
// few jumps for one stretch of 16 bytes.
static void emit_apart(struct emitter *e)
{
    do
        emit_int3(e);
    while (emit_here(e) % 16);
}

// One question, to which the answer is no; only JUMP stands for a key that is
// on, with an empty block.
static void emit_question(struct emitter *e, const struct pass *p, uint32_t i)
{
    struct label next = {0};
    switch (p->kind) {
    case NOTHING: break;
    case NOP2:
    case NOP5: emit_nop(e, p->kind == NOP2 ? 2 : 5); break;
    case JUMP:
        emit_jmp_short(e, &next);
        emit_apart(e);
        break;
    case FLAG:
        emit_cmp8_mi(e, mem_abs(place(p, i, flags)), 0);
        emit_jcc_short(e, COND_NE, &next);
        break;
    case POINTER: emit_call_m(e, mem_abs(place(p, i, pointers))); break;
    }
    emit_bind(e, &next);
}

// %ebx counts the passes.
static void make(struct pass *p)
{
    struct emitter e;
    struct label top = {0};
    p->code = host_code_pages(CODE);
    emit_begin(&e, p->code, CODE, (uint32_t)p->code);
    emit_push_r(&e, EBX);
    emit_mov_ri(&e, EBX, (int32_t)p->passes);
    emit_align(&e, LINE);
    emit_bind(&e, &top);
    for (uint32_t i = 0; i < p->questions; i++)
        emit_question(&e, p, i);
    emit_dec_r(&e, EBX);
    emit_jcc_near(&e, COND_NE, &top);
    emit_pop_r(&e, EBX);
    emit_ret(&e);
    if (emit_finish(&e) != EMIT_OK)
        host_die("%s", emit_error_text(e.error));
}

static void run(void *arg)
{
    const struct pass *p = arg;
    ((void (*)(void))p->code)();
}

static const char *const names[] = {
    [NOTHING] = "the loop alone",
    [NOP2] = "static key, off: 66 90",
    [NOP5] = "static key, off: 0f 1f 44 00 00",
    [JUMP] = "static key, on: jmp",
    [FLAG] = "flag: cmpb; jne",
    [POINTER] = "function pointer",
};

// medians: nanoseconds of a question, without the loop.
static void time_passes(const char *title, uint32_t questions, bool apart,
                        double *medians)
{
    static struct pass passes[POINTER + 1];
    struct host_way ways[POINTER + 1];
    for (unsigned k = 0; k <= POINTER; k++) {
        passes[k] = (struct pass){.questions = questions,
                                  .passes = ASKED / questions,
                                  .apart = apart,
                                  .kind = k};
        make(&passes[k]);
        ways[k] = (struct host_way){names[k], run, &passes[k]};
    }
    host_time(title, ways, POINTER + 1, ASKED, 0, medians);
    for (unsigned k = POINTER + 1; k-- > 0;)
        medians[k] = (medians[k] - medians[NOTHING]) / ASKED;
}

// A change of one site, as one CPU alone makes it: both bytes, IRET to the
// next instruction, and a pass over the site.
static void change(void *arg)
{
    volatile uint8_t *site = arg;
    for (unsigned i = 0; i < CHANGES; i++) {
        site[0] = i & 1 ? 0x66 : 0xeb;
        site[1] = i & 1 ? 0x90 : 0x00;
        __asm__ volatile("pushf; push %%cs; push $1f; iret\n1:"
                         :
                         :
                         : "memory");
        ((void (*)(void))(uintptr_t)site)();
    }
}

static double time_change(void)
{
    struct emitter e;
    double median;
    uint8_t *site = host_code_pages(CODE);
    emit_begin(&e, site, CODE, (uint32_t)site);
    emit_nop(&e, 2);
    emit_ret(&e);
    const struct host_way way = {"store, serialise, execute", change, site};
    host_time("change one site", &way, 1, CHANGES, 0, &median);
    return median / CHANGES;
}

static void print_break_even(const char *where, const double *ns,
                             double change_ns)
{
    double gain = ns[FLAG] - ns[NOP2];
    if (gain < 0.02)
        printf("  %s: a flag costs no more that could be measured\n", where);
    else
        printf("  %s: %.2f ns less than a flag; a change is worth %.0f "
               "questions\n",
               where, gain, change_ns / gain);
}

int main(int argc, char **argv)
{
    double near[POINTER + 1], apart[POINTER + 1];
    host_begin(argc, argv, "questions answered by flags and by code");
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++)
        pointers[i] = nobody;
    time_passes("64 questions with one flag", FEW, false, near);
    time_passes("4096 questions, each flag in a line of its own", MANY, true,
                apart);
    double change_ns = time_change();
    print_break_even("one flag", near, change_ns);
    print_break_even("4096 flags", apart, change_ns);
    return 0;
}
