// SPDX-License-Identifier: MIT
// What a function's entry costs on this CPU: nothing, the NOP, a call of a
// tracer that counts, and a breakpoint that counts. The breakpoint is a signal
// here, and so crosses into the kernel and back twice; the kernel's own INT3
// crosses nothing.
//
// The loops differ in the first five bytes of what they call.
#include "tests-host/host.h"
#include <signal.h>
#include <stdio.h>

enum { OPS = 1000000, PROBED = 10000 };

volatile uint32_t time_calls[2]; // of the tracer, by time_counter
volatile sig_atomic_t probed;

// The tracer saves what the kernel's does, counts, and keeps the time.
#define SUBJECT(name, entry)                                   \
    __asm__(".text\n\t.balign 64\n" #name ":\n\t" entry "\n\t" \
            "push %ebp\n\tmov %esp, %ebp\n\tpop %ebp\n\tret")
__asm__(".text\n\t.balign 64\ntime_counter:\n\t"
        "pushf\n\tpusha\n\tcld\n\trdtsc\n\tmov %eax, time_calls + 4\n\t"
        "incl time_calls\n\tpopa\n\tpopf\n\tret");
SUBJECT(subject_bare, "");
SUBJECT(subject_nop, ".byte 0x66, 0x66, 0x66, 0x66, 0x90");
SUBJECT(subject_long_nop, ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00");
SUBJECT(subject_call, "call time_counter");
SUBJECT(subject_int3, ".byte 0xcc, 0x66, 0x66, 0x66, 0x90");

#define LOOP(name, subject, ops)                                        \
    void name(void);                                                    \
    __asm__(".text\n\t.balign 64\n.globl " #name "\n" #name             \
            ":\n\tpush %ebx\n\tmov $" #ops ", %ebx\n\t.balign 32\n1:\t" \
            "call " #subject "\n\tdec %ebx\n\tjnz 1b\n\tpop %ebx\n\tret")
LOOP(time_bare, subject_bare, 1000000);
LOOP(time_nop, subject_nop, 1000000);
LOOP(time_long_nop, subject_long_nop, 1000000);
LOOP(time_call, subject_call, 1000000);
LOOP(time_int3, subject_int3, 10000);

static void run(void *arg)
{
    ((void (*)(void))(uintptr_t)arg)();
}

static void on_trap(int number)
{
    (void)number;
    probed++;
}

int main(int argc, char **argv)
{
    double entry[4], trap;
    host_begin(argc, argv, "what a function's entry costs");
    struct sigaction action = {.sa_handler = on_trap};
    sigaction(SIGTRAP, &action, NULL);
    const struct host_way ways[] = {
        {"no entry", run, (void *)(uintptr_t)time_bare},
        {"entry, off: 66 66 66 66 90", run, (void *)(uintptr_t)time_nop},
        {"entry, off: 0f 1f 44 00 00", run, (void *)(uintptr_t)time_long_nop},
        {"entry, on: counted", run, (void *)(uintptr_t)time_call},
    };
    host_time("a call of a function that does nothing", ways, 4, OPS, 0,
              entry);
    const struct host_way probe = {"INT3 and SIGTRAP: counted", run,
                                   (void *)(uintptr_t)time_int3};
    host_time("the same by a breakpoint", &probe, 1, PROBED, 0, &trap);
    printf("  a call of the tracer is worth 1/%.0f of a breakpoint\n",
           (trap / PROBED) / ((entry[3] - entry[0]) / OPS));
    if (!time_calls[0] || !probed)
        host_die("nothing was counted");
    return 0;
}
