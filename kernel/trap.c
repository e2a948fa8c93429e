// SPDX-License-Identifier: MIT
// The IDT and the dispatch of traps. [SDM3 6.10-6.14]
//
//   vector     who                       goes to
//   0..31      the CPU                   handlers[], trap_try, or panic
//   32..47     the PIC's lines 0..15     pic_dispatch
//   240..254   the local APICs           apic_dispatch
//   else       INT n by software         handlers[], trap_try, or panic
//   any soft   INT n, gate replaced      soft_handlers[]
//
// Every gate is an interrupt gate: the CPU clears IF on the way in and IRET
// restores it, so handlers do not nest unless one of them faults. The one
// exception is the NMI, which comes at any time, and in the middle of itself.
// All CPUs share the table and the handlers.
#include "kernel/trap.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/kthread.h"
#include "kernel/lapic.h"
#include "kernel/panic.h"
#include "kernel/pic.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/patch/once/once.h"
#include "smc/patch/trace/back.h"
#include <stddef.h>

enum {
    GATE_INTERRUPT = 0x8e, // interrupts off on entry
    GATE_TASK = 0x85,      // present, privilege 0
    VECTOR_DOUBLE_FAULT = 8,
    STUB_SIZE = 16, // as in kernel/trap_entry.S
};

extern const uint8_t trap_stubs[], trap_soft_stubs[];
bool trap_try_raw(void (*fn)(void *arg), void *arg, uint32_t *catch);
_Noreturn void trap_unwind(uint32_t catch);
void trap_dispatch(struct trap_frame *frame);

// Written at run time: trap_set_soft swaps gates. So it is data, not rodata.
static uint64_t idt[256];
static trap_handler *handlers[256], *soft_handlers[256];

//    63        48 47   40 39  32 31       16 15         0
//   | offset high | type |  0   | selector  | offset low |
//
// The type byte: present 0x80, privilege 0x60, kind 0x1f. The privilege is
// what INT n needs; exceptions and interrupts ignore it. [SDM3 6.11]
static void set_gate(unsigned vector, const uint8_t *entry, uint8_t type,
                     uint16_t selector)
{
    uint32_t at = (uint32_t)entry;
    idt[vector] = (uint64_t)((at & 0xffff0000) | type << 8) << 32 |
                  (uint32_t)selector << 16 | (at & 0xffff);
}

// Vector 8 has no entry point of its own: the task state does. Everything else
// would have to push on the stack that may be what is broken.
static void set_ordinary_gate(unsigned vector)
{
    if (vector == VECTOR_DOUBLE_FAULT)
        set_gate(vector, NULL, GATE_TASK, GDT_TSS_DOUBLE_FAULT);
    else
        set_gate(vector, trap_stubs + vector * STUB_SIZE, GATE_INTERRUPT,
                 GDT_CODE);
}

void trap_load_table(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = {sizeof idt - 1, (uint32_t)idt};

    __asm__ volatile("lidt %0" : : "m"(pointer) : "memory");
}

void trap_init(void)
{
    for (unsigned v = 0; v < 256; v++)
        set_ordinary_gate(v);
    pic_init();
    trap_load_table();
}

void trap_set_handler(uint8_t vector, trap_handler *handler)
{
    handlers[vector] = handler;
}

void trap_set_soft(uint8_t vector, trap_handler *handler, int privilege)
{
    soft_handlers[vector] = handler;
    if (handler)
        set_gate(vector, trap_soft_stubs + vector * STUB_SIZE,
                 (uint8_t)(GATE_INTERRUPT | privilege << 5), GDT_CODE);
    else
        set_ordinary_gate(vector);
}

// The lines of the PIC are CPU 0's; these are each CPU's own. No handler, no
// harm: the interrupt is ended all the same. The spurious one has no end.
static void apic_dispatch(struct trap_frame *frame)
{
    struct cpu_local *me = cpu_local();

    me->interrupts++;
    me->irq_depth++;
    if (handlers[frame->vector])
        handlers[frame->vector](frame);
    me->irq_depth--;
    lapic_end_of_interrupt();
}

// The end of every interrupt is where a thread loses its turn. One at ring 3
// does not: its traps all come to the same stack, and the next thread's could.
static void dispatch_interrupt(struct trap_frame *frame)
{
    if (frame->vector >= VECTOR_TIMER)
        apic_dispatch(frame);
    else
        pic_dispatch(frame->vector - IRQ_BASE, frame);
    if (!(frame->cs & 3) && !cpu_local()->irq_depth)
        kthread_preempt();
}

// The spurious vector is none: it must not be ended, and has no handler.
static bool is_interrupt(uint32_t vector)
{
    return (vector >= IRQ_BASE && vector < IRQ_BASE + 16) ||
           (vector >= VECTOR_TIMER && vector < VECTOR_SPURIOUS);
}

// A soft gate at a vector of the APICs: other CPUs go on using it to ask this
// one. A question taken for an INT n would never be answered.
static bool is_interrupt_at_soft_gate(uint32_t vector)
{
    return vector >= 256 + VECTOR_TIMER && vector < 256 + VECTOR_SPURIOUS &&
           lapic_in_service((uint8_t)vector);
}

// NMI and machine check come from outside: no code that runs is to blame.
static bool is_own_fault(uint32_t vector)
{
    return vector != 2 && vector != 18;
}

// Called by trap_common. Returning resumes the interrupted code with what is
// in the frame. The order of the tests is the policy: a soft gate is asked for
// by somebody, a handler was installed by somebody, then whoever is under a
// trap_try is told, and what nobody expects is a panic.
void trap_dispatch(struct trap_frame *frame)
{
    if (is_interrupt_at_soft_gate(frame->vector))
        frame->vector -= 256;
    if (frame->vector >= 256) {
        trap_handler *soft = soft_handlers[frame->vector - 256];
        if (soft)
            soft(frame);
        return;
    }
    if (is_interrupt(frame->vector))
        dispatch_interrupt(frame);
    else if (handlers[frame->vector])
        handlers[frame->vector](frame);
    else if (cpu_local()->current->trap_catch && !cpu_local()->irq_depth &&
             is_own_fault(frame->vector))
        trap_abandon(frame);
    else
        panic_trap(frame);
}

bool trap_try(void (*fn)(void *arg), void *arg, struct trap_frame *fault)
{
    // The thread stays the same, whatever CPU it is on in the end.
    struct kthread *me = kthread_current();
    uint32_t mark = tracer_mark(me), unpreemptible = me->unpreemptible;
    // trap_abandon has filled `caught` if this is false.
    if (trap_try_raw(fn, arg, &me->trap_catch))
        return true;
    tracer_unwind(me, mark); // what was being timed in there has no return
    // What fn had forbidden when it was cut off, nobody allows again.
    me->unpreemptible = unpreemptible;
    if (fault)
        *fault = me->caught;
    return false;
}

_Noreturn void trap_abandon(const struct trap_frame *frame)
{
    struct kthread *me = kthread_current();
    if (!me->trap_catch)
        panic_trap(frame);
    // Copied, because the frame lies on the stack that is thrown away. One
    // place per thread is enough: until trap_try returns, it does nothing
    // else.
    me->caught = *frame;
    // From ring 0 the CPU pushes no stack pointer: it is where the frame
    // ends.
    if (!(frame->cs & 3)) {
        me->caught.esp = trap_esp(frame);
        me->caught.ss = GDT_DATA;
    }
    // What lies below the catch is about to vanish. A ONCE block in there
    // would count as running for ever and never be tried again.
    once_unwind((const void *)me->trap_catch);
    trap_unwind(me->trap_catch);
}

const char *trap_name(uint32_t vector)
{
    static const char *const names[] = {"divide error",
                                        "debug",
                                        "NMI",
                                        "breakpoint",
                                        "overflow",
                                        "bound",
                                        "invalid opcode",
                                        "no coprocessor",
                                        "double fault",
                                        "coprocessor overrun",
                                        "invalid TSS",
                                        "segment not present",
                                        "stack fault",
                                        "general protection fault",
                                        "page fault",
                                        "vector 15",
                                        "x87 error",
                                        "alignment check",
                                        "machine check",
                                        "SIMD error"};
    if (vector >= 256)
        return "software interrupt";
    if (vector < sizeof names / sizeof names[0])
        return names[vector];
    return "interrupt";
}

// The error code: bit 0 the page was present, 1 a write, 2 from ring 3, 3 a
// reserved bit, 4 an instruction fetch. [SDM3 4.7]
static const char *page_fault_reason(uint32_t error, uint32_t at)
{
    if (at < 4096)
        return "null pointer";
    if (!(error & 1))
        return "no page is mapped there";
    if (error & 16) // only with NX
        return "that page is not executable";
    return error & 2 ? "that page is read-only" : "rights";
}

// Without NX the error code does not tell a fetch from a read; a fault at
// eip itself does.
static const char *access_of(const struct trap_frame *frame, uint32_t at)
{
    if ((frame->error & 16) || at == frame->eip)
        return "executing";
    return frame->error & 2 ? "writing" : "reading";
}

void trap_explain(char *out, uint32_t size, const struct trap_frame *frame)
{
    uint32_t at = read_cr2();
    if (frame->vector == 14)
        ksnprintf(out, size, "page fault: %s %p at eip %p: %s",
                  access_of(frame, at), (void *)at, (void *)frame->eip,
                  page_fault_reason(frame->error, at));
    else if (frame->vector < IRQ_BASE)
        ksnprintf(out, size, "%s at eip %p, error code %x",
                  trap_name(frame->vector), (void *)frame->eip, frame->error);
    else // the name says little, and there is no error code
        ksnprintf(out, size, "%s 0x%02x at eip %p", trap_name(frame->vector),
                  frame->vector & 0xff, (void *)frame->eip);
}
