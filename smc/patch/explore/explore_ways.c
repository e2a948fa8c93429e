// SPDX-License-Identifier: MIT
// The five ways in which a CPU comes to a site. They differ in what lies on
// the stack below, in the flags, and in what the CPU has fetched before.
//
//   straight   a call
//   INT n      the frame of an interrupt; interrupts are off
//   stepped    a debug exception after each instruction, and its frame
//   NMI        a moment that nobody can forbid; a breakpoint in there ends
//              the masking of the next NMI
//   CPU n      a CPU that has fetched the site at its own time
//
// What the code does there is caught by trap_try: a fault is an answer, too.
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/trap.h"
#include "smc/patch/explore/explore.h"

enum { VECTOR = 0xb5, DEBUG = 1 };

// The run that is under way: handlers have no argument.
static const struct explore_subject *subject;
static struct explore_run *run;

static void enter(void *arg)
{
    bool *intact = arg;
    run->answer = explore_enter(subject->code, subject->arg, intact);
}

static void execute(void *arg)
{
    struct trap_frame fault;
    (void)arg;
    run->intact = false;
    run->faulted = !trap_try(enter, &run->intact, &fault);
    run->vector = run->faulted ? (uint8_t)fault.vector : 0;
    __atomic_store_n(&run->done, true, __ATOMIC_RELEASE);
}

static void in_handler(struct trap_frame *frame)
{
    (void)frame;
    execute(NULL);
}

static void by_interrupt(void)
{
    trap_set_soft(VECTOR, in_handler, 0);
    __asm__ volatile("int %0" : : "i"(VECTOR) : "memory", "cc");
    trap_set_soft(VECTOR, NULL, 0);
}

static void on_step(struct trap_frame *frame)
{
    (void)frame;
}

static void by_steps(void)
{
    if (!cpu.trap_flag)
        return;
    bool on = interrupts_off();
    trap_set_handler(DEBUG, on_step);
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    execute(NULL);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
    trap_set_handler(DEBUG, NULL);
    interrupts_restore(on);
}

// It arrives a few instructions later, or is lost: then the cell stays empty.
static void by_nmi(void)
{
    enum { PATIENCE = 1000000000 };
    if (!lapic_is_there())
        return;
    preempt_off();
    nmi_set_hook(in_handler);
    cpu_send_nmi(cpu_index());
    uint64_t start = rdtsc();
    while (!__atomic_load_n(&run->done, __ATOMIC_ACQUIRE) &&
           rdtsc() - start < PATIENCE)
        cpus_answer();
    nmi_set_hook(NULL);
    preempt_on();
}

// The highest number that is not this one; 0 if there is none.
static unsigned other_cpu(void)
{
    unsigned other = CPU_MAX - 1;
    while (other && (!cpu_is_online(other) || other == cpu_index()))
        other--;
    return other;
}

// A thread, not an interrupt: there, a fault would be a panic.
static void by_other(void)
{
    unsigned other = other_cpu();
    struct kthread *thread = other ? kthread_start("explorer", execute, NULL,
                                                   (int)other)
                                   : NULL;
    if (thread)
        kthread_join(thread);
}

const char *explore_way_name(enum explore_way way)
{
    static const char *const names[] = {"straight", "INT n", "stepped", "NMI",
                                        "other CPU"};
    return names[way];
}

struct explore_run explore_by(enum explore_way way,
                              const struct explore_subject *code)
{
    static void (*const ways[])(void) = {NULL, by_interrupt, by_steps, by_nmi,
                                         by_other};
    struct explore_run result = {0};
    subject = code;
    run = &result;
    if (way == EXPLORE_STRAIGHT)
        execute(NULL);
    else
        ways[way]();
    return result;
}
