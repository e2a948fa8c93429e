// SPDX-License-Identifier: MIT
// Asking every processor to serialise, and answering.
//
// Three instructions would do [SDM3 8.3]:
//
//   SERIALIZE  made for this; on few processors. CPUID leaf 7 tells
//   IRET       on every i686, and never leaves the machine
//   CPUID      leaves the machine under a hypervisor, which costs some
//              thousand cycles, and writes four registers: not taken
#include "smc/door/sync.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/trap.h"

enum { CPUID_LEAF = 7, CPUID_SERIALIZE = 1 << 14 };

// In ticks of the time stamp counter: some 20 s, since the host of an emulator
// may be busy. A CPU that does not answer that long is stuck.
#define PATIENCE 50000000000ull

volatile uint32_t sync_asked;
struct sync_state sync_states[CPU_MAX];
static bool has_serialize;
static uint64_t patience = PATIENCE;

static void on_sync(struct trap_frame *frame)
{
    (void)frame;
    sync_answer_now();
}

void sync_init(void)
{
    uint32_t r[4] = {0};
    if (cpu.max_leaf >= CPUID_LEAF)
        cpuid(CPUID_LEAF, 0, r);
    has_serialize = r[3] & CPUID_SERIALIZE;
    trap_set_handler(VECTOR_SYNC, on_sync);
}

const char *sync_serialiser(void)
{
    return has_serialize ? "SERIALIZE" : "IRET to the next instruction";
}

//   pushf       eflags      what IRET pops, from the bottom up; EFLAGS come
//   push %cs    cs          back as they were, IF and TF included
//   push $1f    eip  <- esp
//
// SERIALIZE is 0f 01 e8; the assembler need not know it.
void sync_core(void)
{
    if (has_serialize)
        __asm__ volatile(".byte 0x0f, 0x01, 0xe8" : : : "memory");
    else
        __asm__ volatile("pushf\n\t"
                         "push %%cs\n\t"
                         "push $1f\n\t"
                         "iret\n"
                         "1:"
                         :
                         :
                         : "memory");
}

// With interrupts off: a question that came between the serialising and the
// store would be answered by its own handler, and the store would then take
// that answer back. The thread could also be on another CPU by then.
void sync_answer_now(void)
{
    bool on = interrupts_off();
    struct sync_state *state = &sync_states[cpu_index()];
    uint32_t now = sync_asked;
    sync_core();
    state->answered = now;
    interrupts_restore(on);
}

// Counts wrap; a difference below half of all counts is "not yet".
static uint32_t missing(uint32_t cpus, uint32_t count)
{
    uint32_t late = 0;
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpus >> i & 1 && (int32_t)(sync_states[i].answered - count) < 0)
            late |= 1u << i;
    return late;
}

// The interrupts are all sent before the first answer is waited for: the CPUs
// serialise at the same time.
static void ask(uint32_t cpus)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (cpus >> i & 1 && i != cpu_index())
            cpu_send_ipi(i, VECTOR_SYNC);
}

// This CPU may not change on the way, or it would be the one that nobody has
// interrupted. An unlocked ADD would lose one of two questions; both would
// still be answered, but counted as one.
uint32_t sync_all(void)
{
    preempt_off();
    uint32_t cpus = cpus_online(), late;
    uint32_t count = __atomic_add_fetch(&sync_asked, 1, __ATOMIC_SEQ_CST);
    uint64_t start = rdtsc();
    ask(cpus);
    do {
        cpus_answer();
        late = missing(cpus & cpus_online(), count); // one may have left
        __asm__ volatile("pause");
    } while (late && rdtsc() - start < patience);
    preempt_on();
    return late;
}

uint32_t sync_count(void)
{
    return sync_asked;
}

uint64_t sync_set_patience(uint64_t ticks)
{
    uint64_t before = patience;
    patience = ticks;
    return before;
}
