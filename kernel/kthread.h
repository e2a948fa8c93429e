// SPDX-License-Identifier: MIT
// Kernel threads: a stack and a saved stack pointer, a queue for all CPUs, and
// a timer that takes turns.
//
//              kthread_start
//                   |             the next in the queue
//                   v            that may run on this CPU
//                 READY -----------------------------> RUNNING ---> DONE
//                   ^                                     |    returns
//                   +---- timer, kthread_yield -----------+
//
// A thread is pinned to a CPU or may run on any; then it goes on wherever it
// is taken from the queue. The thread that booted is "shell", pinned to CPU 0:
// the BIOS, loaded code and the devices' interrupts are there. The FPU belongs
// to it alone; the kernel is compiled without.
//
// Nobody sleeps: who waits looks again at every turn (kthread_wait). xv6 has
// this queue in proc.c, with one scheduler per CPU.
#pragma once
#include "kernel/trap.h"
#include "smc/patch/trace/stack.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KTHREAD_ANY (-1)

enum kthread_state { KTHREAD_READY, KTHREAD_RUNNING, KTHREAD_DONE };

struct kthread {
    char name[24];
    void (*fn)(void *arg);
    void *arg;
    uint32_t esp;           // where its registers are while it does not run
    uint8_t *guard;         // its stack: a page that is not mapped, then room
    uint32_t id;            // counts up from 0, "shell"
    int8_t cpu;             // pinned to it, or KTHREAD_ANY
    uint8_t state;          // enum kthread_state
    volatile uint8_t on;    // the CPU it runs on, or ran on last
    volatile int8_t joiner; // the CPU of who waits for its end, or -1
    volatile bool stop;     // somebody has asked it to end
    volatile uint32_t unpreemptible; // depth of preempt_off
    uint32_t switches, moves;        // turns; turns on another CPU than before
    uint32_t trap_catch;             // of its innermost trap_try; 0: none
    struct trap_frame caught;        // the fault that has ended it
    struct tracer_stack timed;       // its calls that are being timed
    struct kthread *next;            // in the queue
    struct kthread *all;             // in the list of all
};

// What kthread_switch leaves at `esp` of a thread that does not run.
struct kthread_frame {
    uint32_t edi, esi, ebx, ebp, eip;
};

// Starts fn(arg) on `cpu`, or anywhere with KTHREAD_ANY. NULL without memory
// or if that CPU is not online. The name is cut at 23 characters. Whoever has
// started a thread must join it.
struct kthread *kthread_start(const char *name, void (*fn)(void *), void *arg,
                              int cpu);

// Waits until it has returned, and frees it. Interrupts are on.
void kthread_join(struct kthread *thread);

// Asks it to end, and joins it. It ends when it looks at kthread_should_stop.
void kthread_stop(struct kthread *thread);
bool kthread_should_stop(void);

// The thread that runs here. In a handler, the one that was interrupted.
struct kthread *kthread_current(void);

// Lets another thread run, if one is ready for this CPU; returns whether one
// was. Interrupts are on.
bool kthread_yield(void);

// For a loop that waits for something: the same or, if no thread is ready,
// sleep until an interrupt. Called with interrupts off, after a look at what
// is waited for; returns with them on. So what happens in between is not
// missed.
void kthread_wait(void);

// Between these the thread stays on its CPU, and no other runs there. Nests.
// Where interrupts are off, that is so without.
void preempt_off(void);
void preempt_on(void);

// Calls fn for every thread that does not run at this moment: `esp` is its
// struct kthread_frame. None starts to run meanwhile, so fn must be short.
// Interrupts are off in fn.
void kthread_each(void (*fn)(struct kthread *thread, void *arg), void *arg);

// The same for all threads, those that run included, and those that are DONE.
void kthread_list(void (*fn)(struct kthread *thread, void *arg), void *arg);

// Is this address in the guard page of a thread's stack? For panics.
bool kthread_is_guard(uint32_t at);

// For the machine's own use ----------------------------------------------

// Makes the idle thread of a CPU, once; NULL without memory. Its stack begins
// at kthread_stack_top, where the CPU starts.
struct kthread *kthread_make_idle(unsigned cpu);
uint32_t kthread_stack_top(const struct kthread *thread);

// What an idle thread does: other threads, or sleep, until the CPU shall
// leave. Called with interrupts off; returns so.
void kthread_idle(void);

// From the timer: the current thread has had its turn. From trap_dispatch, at
// the end of an interrupt that came from ring 0: switches if it is time.
void kthread_tick(void);
void kthread_preempt(void);

// Asks a CPU to leave: from now on no thread is started there, and its own
// moves away at the next interrupt. NULL, or the thread that is pinned there:
// then nothing has changed. cpus_hold is held.
const struct kthread *kthread_evict(unsigned cpu);
