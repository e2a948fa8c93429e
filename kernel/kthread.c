// SPDX-License-Identifier: MIT
// The life of a thread, from its stack to the stack's end.
//
//   guard   4 KiB   not mapped: an overflow is a double fault, with a report
//          16 KiB   the stack; at first only this:
//                     edi esi ebx ebp  0
//                     eip              kthread_begin
//                     return address   0, the end of every backtrace
#include "kernel/kthread.h"
#include "kernel/cpu.h"
#include "kernel/heap.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/printf.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "kernel/string.h"

enum { STACK_PAGES = 4 };

// The thread that boots. It runs from the first instruction on, so that a
// trap_try works before there is memory.
static struct kthread shell = {
    .name = "shell", .state = KTHREAD_RUNNING, .joiner = -1};

struct cpu_local cpu_locals[CPU_MAX] = {
    {.state = CPU_ONLINE, .current = &shell}};

// All threads but those that are freed. Guarded by sched_lock.
static struct kthread *all = &shell;
static uint32_t last_id;

struct kthread *kthread_current(void)
{
    bool on = interrupts_off();
    struct kthread *current = cpu_local()->current;
    interrupts_restore(on);
    return current;
}

static _Noreturn void leave(void)
{
    interrupts_off();
    struct kthread *me = cpu_local()->current;
    spin_lock(&sched_lock);
    me->state = KTHREAD_DONE;
    // The lock keeps the joiner from freeing this stack until it is left.
    if (me->joiner >= 0 && me->joiner != (int)cpu_index())
        cpu_send_ipi((unsigned)me->joiner, VECTOR_RESCHEDULE);
    sched_switch(false);
    panic("a thread that has ended runs again");
}

// Where a new thread begins: it has the lock from whoever ran before.
static _Noreturn void kthread_begin(void)
{
    struct kthread *me = cpu_local()->current;
    spin_unlock(&sched_lock, true);
    me->fn(me->arg);
    leave();
}

uint32_t kthread_stack_top(const struct kthread *thread)
{
    return (uint32_t)thread->guard + (1 + STACK_PAGES) * PAGE_SIZE;
}

static struct kthread *make(const char *name, void (*fn)(void *), void *arg,
                            int number)
{
    struct kthread *thread = heap_zalloc(1, sizeof *thread);
    uint8_t *pages = thread ? pages_alloc(1 + STACK_PAGES) : NULL;
    if (!pages) {
        heap_free(thread);
        return NULL;
    }
    strlcpy(thread->name, name, sizeof thread->name);
    thread->fn = fn;
    thread->arg = arg;
    thread->cpu = (int8_t)number;
    thread->on = (uint8_t)(number == KTHREAD_ANY ? cpu_index()
                                                 : (unsigned)number);
    thread->joiner = -1;
    thread->guard = pages;
    paging_unmap((uintptr_t)pages, 1);
    uint32_t *top = (uint32_t *)kthread_stack_top(thread);
    *--top = 0;
    thread->esp = (uint32_t)top - sizeof(struct kthread_frame);
    *(struct kthread_frame *)thread->esp = (struct kthread_frame){
        .eip = (uint32_t)kthread_begin};
    return thread;
}

// Behind all others: they are listed in the order of their start.
static void enlist(struct kthread *thread)
{
    struct kthread **link = &all;
    while (*link)
        link = &(*link)->all;
    *link = thread;
    thread->id = ++last_id;
}

struct kthread *kthread_start(const char *name, void (*fn)(void *), void *arg,
                              int number)
{
    struct kthread *thread = make(name, fn, arg, number);
    if (!thread)
        return NULL;
    bool on = spin_lock(&sched_lock);
    // The CPU is looked at under the lock, as cpu_take_down does: whichever
    // comes first, no thread is left on a CPU that is gone.
    bool can_run = number == KTHREAD_ANY ||
                   (cpu_is_online((unsigned)number) &&
                    !cpu_local_of((unsigned)number)->leaving);
    if (can_run) {
        enlist(thread);
        sched_add(thread);
        sched_kick(thread);
    }
    spin_unlock(&sched_lock, on);
    if (can_run)
        return thread;
    thread->state = KTHREAD_DONE;
    kthread_join(thread);
    return NULL;
}

static void unlist(struct kthread *thread)
{
    bool on = spin_lock(&sched_lock); // also: its last switch is over
    for (struct kthread **link = &all; *link; link = &(*link)->all)
        if (*link == thread) {
            *link = thread->all;
            break;
        }
    spin_unlock(&sched_lock, on);
}

void kthread_join(struct kthread *thread)
{
    for (;;) {
        interrupts_off();
        thread->joiner = (int8_t)cpu_index();
        if (thread->state == KTHREAD_DONE)
            break;
        kthread_wait();
    }
    interrupts_on();
    unlist(thread);
    paging_map((uintptr_t)thread->guard, phys_of(thread->guard), 1,
               PAGE_WRITE);
    pages_free(thread->guard, 1 + STACK_PAGES);
    heap_free(thread);
}

void kthread_stop(struct kthread *thread)
{
    thread->stop = true;
    kthread_join(thread);
}

bool kthread_should_stop(void)
{
    return kthread_current()->stop;
}

void kthread_list(void (*fn)(struct kthread *thread, void *arg), void *arg)
{
    bool on = spin_lock(&sched_lock);
    for (struct kthread *thread = all; thread; thread = thread->all)
        fn(thread, arg);
    spin_unlock(&sched_lock, on);
}

void kthread_each(void (*fn)(struct kthread *thread, void *arg), void *arg)
{
    bool on = spin_lock(&sched_lock);
    for (struct kthread *thread = all; thread; thread = thread->all)
        if (thread->state == KTHREAD_READY)
            fn(thread, arg);
    spin_unlock(&sched_lock, on);
}

// Without the lock: a panic may have come while it was taken.
bool kthread_is_guard(uint32_t at)
{
    for (struct kthread *thread = all; thread; thread = thread->all)
        if (thread->guard && at - (uint32_t)thread->guard < PAGE_SIZE)
            return true;
    return false;
}

// Marked as running: the CPU starts in it.
struct kthread *kthread_make_idle(unsigned number)
{
    char name[24];
    ksnprintf(name, sizeof name, "idle/%u", number);
    struct kthread *idle = make(name, NULL, NULL, (int)number);
    if (!idle)
        return NULL;
    idle->state = KTHREAD_RUNNING;
    bool on = spin_lock(&sched_lock);
    enlist(idle);
    spin_unlock(&sched_lock, on);
    return idle;
}

const struct kthread *kthread_evict(unsigned number)
{
    const struct kthread *found = NULL;
    bool on = spin_lock(&sched_lock);
    for (struct kthread *thread = all; thread; thread = thread->all)
        if (thread->cpu == (int)number &&
            thread != cpu_local_of(number)->idle &&
            thread->state != KTHREAD_DONE)
            found = thread;
    cpu_local_of(number)->leaving = !found;
    spin_unlock(&sched_lock, on);
    return found;
}
