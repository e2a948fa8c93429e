// SPDX-License-Identifier: MIT
// Suite `trace`, continued: functions and moments that a tracer stumbles over.
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/patch/trace/back.h"
#include "smc/patch/trace/check.h"
#include "smc/patch/trace/tracer.h"

// Traced by itself, the tracer would never come to an end.
enum check_result trace_check_recursion(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_recursive"))
        return CHECK_FAIL;
    uint32_t sum = trace_recursive(10);
    bool same = trace_check_off(hash);
    uint64_t calls = trace_sum(trace_recursive).calls;
    judged("11 nested calls counted %llu times, result %u", calls, sum);
    return verdict(same && calls == 11 && sum == 55 &&
                   tracer_mark(kthread_current()) == 0);
}

// Those that find no room return straight to their callers.
enum check_result trace_check_deep(void)
{
    enum { CALLS = TRACER_DEPTH + 36 };
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_recursive"))
        return CHECK_FAIL;
    uint32_t mark = tracer_mark(kthread_current()),
             sum = trace_recursive(CALLS - 1);
    bool same = trace_check_off(hash);
    uint64_t calls = trace_sum(trace_recursive).calls;
    uint32_t untimed = 0;
    for (unsigned i = 0; i < TRACER_CPUS; i++)
        untimed += tracer_cpus[i].untimed;
    judged("%u nested calls counted %llu times, %u not timed, result %u",
           CALLS, calls, untimed, sum);
    return verdict(same && calls == CALLS && sum == CALLS * (CALLS - 1) / 2 &&
                   untimed == CALLS - TRACER_DEPTH + mark);
}

// trace_subject is jumped to, and finds a return address that was replaced
// already. Both return, one after the other, from the same slot.
enum check_result trace_check_tail(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_tree trace_subject"))
        return CHECK_FAIL;
    trace_tree(NULL);
    trace_tree(NULL);
    bool same = trace_check_off(hash);
    uint64_t tree = trace_sum(trace_tree).calls;
    uint64_t tail = trace_sum(trace_subject).calls;
    judged("2 calls that end in another: %llu and %llu counted, %u events",
           tree, tail, tracer_cpus[0].events);
    return verdict(same && tree == 2 && tail == 2 &&
                   tracer_cpus[0].lost == 0 &&
                   tracer_mark(kthread_current()) == 0);
}

// It pops the pointer to the structure and returns one word higher than it was
// called. The first symptom was a return that belonged to no call.
enum check_result trace_check_structure(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_structure trace_subject"))
        return CHECK_FAIL;
    struct trace_words words = trace_structure(7);
    trace_subject(NULL);
    bool same = trace_check_off(hash);
    judged("returned %u %u %u %u", words.word[0], words.word[1], words.word[2],
           words.word[3]);
    return verdict(same && words.word[0] == 7 && words.word[3] == 10 &&
                   trace_sum(trace_structure).calls == 1 &&
                   tracer_cpus[0].lost == 0);
}

// Two calls that never return. Their frames are dropped; what is called next
// lies at the same place of the stack.
enum check_result trace_check_fault(void)
{
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_faulty* trace_recursive"))
        return CHECK_FAIL;
    uint32_t mark = tracer_mark(kthread_current());
    bool returned = trap_try(trace_faulty, NULL, NULL);
    uint32_t after = tracer_mark(kthread_current()), sum = trace_recursive(5);
    returned |= trap_try(trace_faulty, NULL, NULL);
    bool same = trace_check_off(hash);
    uint32_t lost = tracer_cpus[0].lost;
    judged("%u calls timed before, %u after; %u ended without returning; then "
           "5 nested calls gave %u",
           mark, after, lost, sum);
    return verdict(same && !returned && mark == after && lost == 4 &&
                   sum == 15);
}

struct registers {
    uint32_t eax, ebx, ecx, edx, esi, edi, flags;
};

// Fills every register but the two that hold the stack, sets the flags, calls
// trace_untouched and looks again. `before` says what was there.
//
//   push the pointer -> load all from it -> call -> push all -> store
static void call_with(const struct registers *before, struct registers *after)
{
    __asm__ volatile("push %%ebp\n\t"
                     "push %1\n\t" // where to store, later
                     "push 24(%0)\n\t"
                     "mov 4(%0), %%ebx\n\tmov 8(%0), %%ecx\n\t"
                     "mov 12(%0), %%edx\n\tmov 16(%0), %%esi\n\t"
                     "mov 20(%0), %%edi\n\tmov (%0), %%eax\n\t"
                     "popf\n\t"
                     "call trace_untouched\n\t"
                     "pushf\n\tcld\n\tpush %%eax\n\t"
                     "mov 8(%%esp), %%eax\n\t"
                     "pop (%%eax)\n\tpop 24(%%eax)\n\t"
                     "mov %%ebx, 4(%%eax)\n\tmov %%ecx, 8(%%eax)\n\t"
                     "mov %%edx, 12(%%eax)\n\tmov %%esi, 16(%%eax)\n\t"
                     "mov %%edi, 20(%%eax)\n\t"
                     "add $4, %%esp\n\tpop %%ebp"
                     : "+a"(before), "+d"(after)
                     :
                     : "ebx", "ecx", "esi", "edi", "memory", "cc");
}

// Static functions take arguments in registers of the compiler's choice, and
// their callers know which ones stay. A tracer that keeps only what the ABI
// says would change a program now and then.
enum check_result trace_check_registers(void)
{
    enum { ARITHMETIC = 0x8d5, DIRECTION = 0x400, ALWAYS = 2 };
    static const uint32_t flags[] = {0,         ARITHMETIC,
                                     DIRECTION, ARITHMETIC | DIRECTION,
                                     EFLAGS_IF, EFLAGS_IF | ARITHMETIC};
    uint64_t hash = text_hash();
    uint32_t wrong = 0, rounds = sizeof flags / sizeof flags[0];
    if (!trace_check_on("trace_untouched"))
        return CHECK_FAIL;
    bool on = interrupts_off();
    for (uint32_t i = 0; i < rounds; i++) {
        struct registers after = {0},
                         before = {0x11111111,       0x22222222, 0x33333333,
                                   0x44444444,       0x55555555, 0x66666666,
                                   flags[i] | ALWAYS};
        call_with(&before, &after);
        wrong += memcmp(&before, &after, sizeof before) != 0;
    }
    interrupts_restore(on);
    bool same = trace_check_off(hash);
    judged("%u sets of flags, %u not as before", rounds, wrong);
    return verdict(same && !wrong &&
                   trace_sum(trace_untouched).calls == rounds);
}

// As in the suite `once`: the trap flag stops after every instruction of a
// traced call, and where an interrupt could come, one is played in turn.
static uint32_t place, wanted_place;

static void on_each_step(struct trap_frame *frame)
{
    if ((frame->eflags & EFLAGS_IF) && place++ == wanted_place)
        trace_recursive(1);
}

static void interrupted_call(void)
{
    place = 0;
    trap_set_handler(1, on_each_step);
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    trace_recursive(2);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
    trap_set_handler(1, NULL);
}

// A call in the middle of the tracer's two ways would use its slots.
enum check_result trace_check_interrupts(void)
{
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    uint64_t hash = text_hash();
    if (!trace_check_on("trace_recursive"))
        return CHECK_FAIL;
    wanted_place = 0;
    do
        interrupted_call();
    while (++wanted_place < place);
    bool same = trace_check_off(hash);
    uint64_t calls = trace_sum(trace_recursive).calls;
    judged("interrupted at each of %u places in turn: %llu calls of %u, %u "
           "lost",
           wanted_place, calls, 5 * wanted_place, tracer_cpus[0].lost);
    return verdict(same && wanted_place > 20 && calls == 5 * wanted_place &&
                   tracer_cpus[0].lost == 0);
}
