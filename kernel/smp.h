// SPDX-License-Identifier: MIT
// Many processors: which one this is, who else is there, and how to reach it.
//
// Numbers are ours: 0 is the CPU that booted, the others follow in the order
// of the firmware's table. A CPU is absent, offline, on its way, or online;
// threads run on the last only.
//
//            cpu_bring_up                       cpu_take_down
//   offline --------------> starting --> online (any thread) ----> offline
//      ^       INIT, SIPI       |                  cli; hlt
//      +------ it had its time -+
//
// [SDM3 8.4, 10.6] Linux has the same in arch/x86/kernel/smpboot.c.
#pragma once
#include "kernel/gdt.h"
#include <stdbool.h>
#include <stdint.h>

#define CPU_MAX 8

// Vectors of the local APICs. The higher, the more urgent; no PIC line and no
// exception is among them. [SDM3 10.8.3]
enum {
    VECTOR_TIMER = 0xf0,
    VECTOR_RESCHEDULE = 0xf1,
    VECTOR_CALL = 0xf2,
    VECTOR_SYNC = 0xf3, // smc/door/sync.h
    VECTOR_TLB = 0xf4,
    VECTOR_STILL = 0xf5, // kernel/still.c
    VECTOR_SPURIOUS = 0xff,
};

struct kthread;

enum cpu_state { CPU_ABSENT, CPU_OFFLINE, CPU_STARTING, CPU_ONLINE };

// What a CPU keeps for itself. A line of the cache for each, so that no CPU
// waits for another's counters.
struct cpu_local {
    uint8_t index;           // in the array of these
    uint8_t apic_id;         // its address for interrupts
    volatile uint8_t state;  // enum cpu_state; STARTING -> ONLINE by itself
    volatile bool leaving;   // asked to go offline
    struct kthread *current; // the thread that runs here
    struct kthread *idle;    // the one that runs if no other can
    uint32_t irq_depth;      // handlers of interrupts that are not done yet
    volatile bool resched;   // the current thread has been long enough
    volatile bool stopped;   // by a panic elsewhere, for ever
    // Counters: written by this CPU only.
    uint32_t ticks, switches, interrupts;
    volatile uint32_t nmis, nmis_unasked;
    volatile bool nmi_sent;        // one is on its way to this CPU
    volatile uint32_t tlb_done;    // the last flush that this CPU has done
    uint32_t stop_eip, stop_ebp;   // where a panic has stopped it
    void (*volatile call)(void *); // cpu_call: what to run here, or NULL
    void *call_arg;
} __attribute__((aligned(64)));

// Which CPU executes this. Right in any context, NMI and double fault
// included. A thread that may migrate gets an answer that can be old by the
// time it looks at it: preempt_off() first, or interrupts_off().
//
// STR reads the selector of the task register, and no instruction loads that
// but LTR, once per CPU. It needs no memory and no segment. [SDM2 STR]
unsigned cpu_index_by_table(void);
static inline unsigned cpu_index(void)
{
    uint32_t selector;
    __asm__ volatile("str %0" : "=r"(selector));
    uint32_t index = (selector - GDT_TSS) / 8;
    return index < CPU_MAX ? index : cpu_index_by_table();
}

// Its data. Never NULL; of a CPU that is absent it is all zeros.
extern struct cpu_local cpu_locals[CPU_MAX];
static inline struct cpu_local *cpu_local(void)
{
    return &cpu_locals[cpu_index()];
}
static inline struct cpu_local *cpu_local_of(unsigned number)
{
    return &cpu_locals[number];
}

// How many there are; bit i of the mask is set if CPU i is online. On a
// machine with one CPU, or without an APIC, both are 1.
unsigned cpus_present(void);
uint32_t cpus_online(void);
bool cpu_is_online(unsigned number);

// Is this the only CPU that executes anything, and is none about to? With
// interrupts off that stays so: who could start another one does not run.
bool cpus_alone(void);

// Between these nobody comes online or goes. Nests within a thread. Waits for
// another thread's release, so interrupts must be on unless one CPU is online.
void cpus_hold(void);
void cpus_release(void);

// The same without waiting: false if another thread holds it.
bool cpus_try_hold(void);

// Finds the CPUs and starts them. Called once, by kernel_main, with interrupts
// on and the door open.
void smp_init(void);

// Where the C code of another CPU begins, on its idle thread's stack, with
// interrupts off and the tables of the others. From the trampoline only.
_Noreturn void cpu_entry(unsigned number);

// Where the CPUs were found, and why not more: "4 CPUs by the MADT".
const char *smp_found(void);

// Brings a CPU online or takes it away; NULL, or in words why not. The thread
// that calls must not be pinned to the CPU that goes. Interrupts are on.
const char *cpu_bring_up(unsigned number);
const char *cpu_take_down(unsigned number);

// How often a second every CPU's timer interrupts it; 100 at first. With one
// CPU the clock does it, and this changes nothing.
void smp_set_timer(uint32_t hz);

// Interrupts another CPU, or all others that are online. An NMI arrives even
// where interrupts are off: nmi_set_hook says what to do with it. Without
// APICs nothing is sent.
void cpu_send_ipi(unsigned number, uint8_t vector);
void cpus_send_ipi_others(uint8_t vector);
void cpu_send_nmi(unsigned number);

// Runs fn(arg) on a CPU, in an interrupt, and waits for its end. On the own
// one, at once. Returns false if the CPU is not online. Interrupts are on: two
// CPUs that call each other with interrupts off would wait for ever.
bool cpu_call(unsigned number, void (*fn)(void *), void *arg);

// Called in an NMI that was sent by cpu_send_nmi, after it was counted; NULL
// for nothing. An NMI can come between any two instructions, in the middle of
// another one too: the hook takes no lock and does not print. It does not run
// on a CPU that has gone offline since.
struct trap_frame;
void nmi_set_hook(void (*hook)(struct trap_frame *));

// Stops all others for good, by NMI. For panics and the way out. Returns the
// mask of those that have stopped.
uint32_t cpus_stop(void);

// Forgets what the other CPUs keep of page tables that have changed, and waits
// until they have. Any context but NMI. See kernel/tlb.c.
void tlb_flush_others(void);
void tlb_answer(void);

// What a CPU owes others and cannot do by interrupt while it waits with
// interrupts off. Every loop that waits for another CPU calls this.
void cpus_answer(void);
