// SPDX-License-Identifier: MIT
// Commands about processors and threads.
#include "kernel/cpus_command.h"
#include "kernel/command.h"
#include "kernel/kthread.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"

static int run_cpus(int argc, char **argv)
{
    static const char *const states[] = {[CPU_ABSENT] = "absent",
                                         [CPU_OFFLINE] = "offline",
                                         [CPU_STARTING] = "starting",
                                         [CPU_ONLINE] = "online"};
    (void)argc;
    (void)argv;
    kprintf("%s\n", smp_found());
    for (unsigned i = 0; i < CPU_MAX; i++) {
        const struct cpu_local *at = cpu_local_of(i);
        if (at->state == CPU_ABSENT)
            continue;
        kprintf("CPU %u  APIC %-3u %-8s %6u ticks %6u switches %4u NMIs  %s\n",
                i, at->apic_id, states[at->state], at->ticks, at->switches,
                at->nmis, cpu_is_online(i) ? at->current->name : "-");
    }
    return 0;
}
COMMAND(cpus, "", "every processor, and what it does", run_cpus);

static void print_thread(struct kthread *thread, void *arg)
{
    static const char *const states[] = {"ready", "running", "done"};
    char where[8] = "any";
    (void)arg;
    if (thread->cpu != KTHREAD_ANY)
        ksnprintf(where, sizeof where, "CPU %d", thread->cpu);
    kprintf("#%-3u %-16s %-5s  %-7s on CPU %u, %u switches, %u moves\n",
            thread->id, thread->name, where, states[thread->state], thread->on,
            thread->switches, thread->moves);
}

static int run_threads(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    kthread_list(print_thread, NULL);
    return 0;
}
COMMAND(threads, "", "every kernel thread, and where it runs", run_threads);

int cpu_command(int argc, char **argv)
{
    uint32_t number;
    bool up = argc == 3 && strcmp(argv[2], "online") == 0;

    if (argc != 3 || !parse_u32(argv[1], &number) ||
        (!up && strcmp(argv[2], "offline") != 0))
        return command_usage("cpu");
    const char *fault = up ? cpu_bring_up(number) : cpu_take_down(number);
    if (fault)
        kprintf("cpu %u %s: %s\n", number, argv[2], fault);
    return fault != NULL;
}
