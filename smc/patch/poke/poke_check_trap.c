// SPDX-License-Identifier: MIT
// Suite `poke_trap`: the breakpoint handler, where the breakpoint is nobody's
// site, or no breakpoint any more.
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/patch/poke/poke_check.h"

uint32_t poke_int3(struct trap_frame *frame);

static uint32_t esp_before, esp_after, handled;

static void execute_int3(void *arg)
{
    (void)arg;
    __asm__ volatile("mov %%esp, %0\n\t"
                     "int3\n\t"
                     "mov %%esp, %1"
                     : "=m"(esp_before), "=m"(esp_after)
                     :
                     : "memory");
}

// The gap lies between the frame and the stack: who takes the frame's end for
// the stack's is off by its size.
static enum check_result check_caught(void)
{
    struct trap_frame fault = {0};
    bool returned = trap_try(execute_int3, NULL, &fault);
    judged("vector %u, esp %08x of %08x", fault.vector, fault.esp, esp_before);
    return verdict(!returned && fault.vector == 3 && fault.esp == esp_before);
}

static void on_breakpoint(struct trap_frame *frame)
{
    handled += frame->vector % 256 == 3 && trap_esp(frame) == esp_before;
}

// A debugger's or a probe's handler still gets what is not a site's.
static enum check_result check_handler(void)
{
    handled = 0;
    esp_after = 0;
    trap_set_handler(3, on_breakpoint);
    execute_int3(NULL);
    trap_set_handler(3, NULL);
    judged("%u call of the handler; esp %08x before and %08x after", handled,
           esp_before, esp_after);
    return verdict(handled == 1 && esp_after == esp_before);
}

// `cd 03` comes to the same gate. Its second byte is no INT3; it would be
// taken for a site that is done, and be executed for ever.
static enum check_result check_int_3(void)
{
    handled = 0;
    trap_set_handler(3, on_breakpoint);
    __asm__ volatile("mov %%esp, %0\n\t"
                     ".byte 0xcd, 0x03"
                     : "=m"(esp_before)
                     :
                     : "memory");
    trap_set_handler(3, NULL);
    trap_set_soft(3, on_breakpoint, 0);
    __asm__ volatile(".byte 0xcd, 0x03" : : : "memory");
    trap_set_soft(3, NULL, 0);
    judged("%u of 2 calls: by the ordinary gate and by a soft one", handled);
    return verdict(handled == 2);
}

// A trap that a CPU has taken just before the INT3 was replaced: the frame is
// made by hand, as kernel/trap_entry.S makes it.
//
//   | frame ... error | eip cs eflags | 20 bytes of gap | stack
static enum check_result check_gone(void)
{
    struct {
        struct trap_frame frame; // its esp and ss are the gap's first words
        uint32_t gap[3], stack[2];
    } s = {.frame = {.vector = 3, .cs = 8, .eflags = 0x202},
           .stack = {0x1234, 0x5678}};
    s.frame.eip = (uint32_t)poke_five + 1;
    const uint32_t *words = (const uint32_t *)poke_int3(&s.frame);
    bool again = words[0] == (uint32_t)poke_five && words[1] == 8 &&
                 words[2] == 0x202;
    judged("eip %08x of %08x, at esp - %u", words[0], (uint32_t)poke_five,
           (uint32_t)s.stack - (uint32_t)words);
    return verdict(again && words + 3 == s.stack && s.stack[0] == 0x1234);
}

// What comes from outside and cannot be put off, in the middle of a poke: an
// NMI, and a machine check, in whose handler nobody may be waited for. INT 18
// goes through the machine check's own gate, in the thread and in an NMI, so
// that breakpoints are three deep.
static int answer_old, answer_new;
static uint32_t checks_run, nmis_run, strange;
static bool is_published;

static void execute_site(void)
{
    int answer = poke_five();
    strange += answer != (is_published ? answer_old : answer_new);
}

static void on_machine_check(struct trap_frame *frame)
{
    (void)frame;
    execute_site();
    checks_run++;
}

static void on_nmi(struct trap_frame *frame)
{
    (void)frame;
    execute_site();
    __asm__ volatile("int $18");
    execute_site();
    nmis_run++;
}

static void come_from_outside(enum poke_stage stage)
{
    uint32_t seen = nmis_run;
    is_published = stage == POKE_PUBLISHED;
    __asm__ volatile("int $18");
    if (!lapic_is_there())
        return;
    preempt_off();
    cpu_send_nmi(cpu_index());
    while (*(volatile uint32_t *)&nmis_run == seen)
        cpu_relax();
    preempt_on();
}

static enum check_result check_outside(void)
{
    static const int forms[] = {2, 3, 1, 0};
    // As in explore.c, but for the look at the old bytes.
    const uint32_t steps = 4 * (cpus_alone() ? 11 : 12);
    uint8_t bytes[POKE_MAX];
    uint32_t made = 0, each = lapic_is_there() ? 2 : 1;
    checks_run = nmis_run = strange = 0;
    poke_over(poke_five_site, poke_nop(5), 5);
    answer_new = poke_answers[0];
    trap_set_handler(18, on_machine_check);
    nmi_set_hook(on_nmi);
    poke_observe(come_from_outside);
    for (unsigned i = 0; i < 4; i++) {
        answer_old = answer_new;
        answer_new = poke_answers[forms[i]];
        poke_make_form(bytes, forms[i]);
        made += poke_over(poke_five_site, bytes, 5).reason == TEXT_OK;
    }
    poke_observe(NULL);
    nmi_set_hook(NULL);
    trap_set_handler(18, NULL);
    judged("%u pokes, %u machine checks and %u NMIs in them, each at the "
           "site: %u answers neither old nor new",
           made, checks_run, nmis_run, strange);
    return verdict(made == 4 && checks_run == steps * each &&
                   nmis_run == steps * (each - 1) && !strange);
}

static const struct check checks[] = {
    {"nobody's INT3 ends a trap_try", check_caught},
    {"nobody's INT3 goes to the handler", check_handler},
    {"INT 3 of two bytes is no site", check_int_3},
    {"an INT3 that is gone is executed again", check_gone},
    {"an NMI and a machine check at every step", check_outside},
};
CHECK_SUITE(poke_trap, checks);
