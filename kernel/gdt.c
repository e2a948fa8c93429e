// SPDX-License-Identifier: MIT
// Descriptor tables. Two task states per CPU: one for the stack that ring 3
// traps to, and one for double faults. A kernel stack that has run into its
// guard page cannot take the page fault; only a task switch brings a new
// stack. [SDM3 3.4.5, 7.2]
//
// Why not the ordinary way: the fault pushes a frame, the push hits the guard
// page, that is a second fault, and handling it pushes again. A third fault
// resets the machine without a word. The double-fault gate breaks the chain:
//
//   #PF push fails -> #DF -> task gate -> GDT_TSS_DOUBLE_FAULT
//                            saves the registers in the CPU's own state,
//                            loads esp, eip, cr3 from its fault state
#include "kernel/gdt.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/paging.h"
#include "kernel/panic.h"
#include "kernel/smp.h"
#include <stddef.h>

// In trap_entry.S: calls gdt_double_fault again and again.
void trap_double_fault(void);
void gdt_double_fault(void);

// Access bytes: present, privilege, type. The accessed bit is set beforehand,
// so that the CPU has no reason to write to the table on a segment load.
enum {
    FLAT_CODE = 0x9b,     // execute and read, accessed
    FLAT_DATA = 0x93,     // read and write, accessed
    RING_3 = 0x60,        // privilege 3, to be OR-ed in
    TSS_AVAILABLE = 0x89, // the CPU makes it 0x8b, busy
    GRANULAR_32 = 0xc,    // limit in pages, 32-bit
    BYTES_16 = 0x0,       // limit in bytes, 16-bit
};

// A guard page below each: the ring 3 stack is used from its top for one trap
// frame and what the handler calls, the fault stack for one panic.
struct stack {
    uint8_t guard[PAGE_SIZE];
    uint8_t room[2 * PAGE_SIZE];
} __attribute__((aligned(4096)));

// Those of CPU 0. Every guard page stays unmapped: linker.ld collects
// .bss.stacks for that.
static struct stack ring3_stack __attribute__((section(".bss.stacks")));
static struct stack fault_stack __attribute__((section(".bss.stacks")));

// Below the boot stack, as linker.ld asserts: calls into loaded code come from
// there, and whoever unwinds or traces takes the deeper for the lower.
struct foreign_stack foreign_stack __attribute__((section(".bss.stacks")));

// For paging_init, which leaves these pages unmapped.
const uint8_t *const gdt_guards[GDT_GUARDS] = {
    ring3_stack.guard, fault_stack.guard, foreign_stack.guard,
    foreign_stack.edge};

static gdt_overflow_hook *overflow_hook;

// A 32-bit task state segment, 104 bytes as the CPU defines it. ss0:esp0 is
// the stack for traps from ring 3. After a double fault it also holds the
// state at the fault, because the CPU saves what it leaves. [SDM3 7.2.1]
struct task_state {
    uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs, ldt;
    uint16_t trap, iomap; // iomap: where the I/O bitmap begins
};

// What one CPU has. In writable memory, and it must stay there: LTR and the
// task switch set busy bits in the table. Its entry 0 is never used.
static struct tables {
    uint64_t gdt[GDT_TSS / 8 + CPU_MAX];
    struct task_state tss, fault;
    struct stack *stacks; // for ring 3 traps, for double faults
} tables[CPU_MAX];

// The fields of a descriptor are scattered, for the sake of the 80286:
//
//    63      56 55  52 51  48 47      40 39             16 15      0
//   | base 31.. | flags | lim | access   | base 23..0     | limit   |
//      ..24              19..16                             15..0
//
// flags: G (limit in pages), D (32-bit), L, AVL. [SDM3 3.4.5]
static uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t type,
                           uint32_t flags)
{
    uint32_t low = (base & 0xffff) << 16 | (limit & 0xffff);
    uint32_t high = (base & 0xff000000) | flags << 20 | (limit & 0xf0000) |
                    type << 8 | (base >> 16 & 0xff);
    return (uint64_t)high << 32 | low;
}

// Entered by the task switch, on fault_stack with interrupts off. The CPU has
// pushed the error code, always 0. esp is the real one here: the switch saves
// it even from ring 0.
//
// If somebody knows how to go on, the IRET in trap_entry.S, with EFLAGS.NT set
// by the switch, switches back to this state: to another place, or to the very
// instruction. The manual calls a double fault an abort and promises nothing
// about the latter. But here the first fault was a push that found no page, a
// fault that restarts like any other, and the second one has executed nothing.
void gdt_double_fault(void)
{
    struct task_state *at = &tables[cpu_index()].tss;
    struct trap_frame frame = {
        .gs = at->gs,
        .fs = at->fs,
        .es = at->es,
        .ds = at->ds,
        .edi = at->edi,
        .esi = at->esi,
        .ebp = at->ebp,
        .ebx = at->ebx,
        .edx = at->edx,
        .ecx = at->ecx,
        .eax = at->eax,
        .vector = 8,
        .eip = at->eip,
        .cs = at->cs,
        .eflags = at->eflags,
        .esp = at->esp,
        .ss = at->ss,
    };
    if (!overflow_hook || !overflow_hook(&frame))
        panic_trap(&frame);
    if (frame.eip == at->eip)
        return;
    at->eip = frame.eip;
    at->esp = frame.esp;
    at->eflags = 2;
    at->cs = GDT_CODE;
    at->ss = at->ds = at->es = GDT_DATA;
    at->fs = at->gs = GDT_DATA;
}

void gdt_on_overflow(gdt_overflow_hook *hook)
{
    overflow_hook = hook;
}

// A limit of 0 pages still lets the first one in: limits are inclusive.
static uint64_t thread_segment(uint16_t selector, uint32_t base)
{
    uint32_t limit = selector == GDT_THREAD_FS ? 0 : 0xfffff;

    return descriptor(base, limit, FLAT_DATA, GRANULAR_32);
}

void gdt_set_base(uint16_t selector, uint32_t base)
{
    tables[cpu_index()].gdt[selector / 8] = thread_segment(selector, base);
}

// The task states are written as available: LTR faults on a busy one, and a
// CPU that comes back after INIT finds those of its first life.
static void fill_gdt(unsigned number)
{
    struct tables *t = &tables[number];
    uint32_t tss = (uint32_t)&t->tss, df = (uint32_t)&t->fault;
    uint64_t *gdt = t->gdt;
    gdt[GDT_CODE / 8] = descriptor(0, 0xfffff, FLAT_CODE, GRANULAR_32);
    gdt[GDT_DATA / 8] = descriptor(0, 0xfffff, FLAT_DATA, GRANULAR_32);
    gdt[GDT_USER_CODE / 8] = descriptor(0, 0xfffff, FLAT_CODE | RING_3,
                                        GRANULAR_32);
    gdt[GDT_USER_DATA / 8] = descriptor(0, 0xfffff, FLAT_DATA | RING_3,
                                        GRANULAR_32);
    gdt[GDT_TSS_DOUBLE_FAULT / 8] = descriptor(df, 103, TSS_AVAILABLE, 0);
    gdt[GDT_CODE16 / 8] = descriptor(0, 0xffff, FLAT_CODE, BYTES_16);
    gdt[GDT_DATA16 / 8] = descriptor(0, 0xffff, FLAT_DATA, BYTES_16);
    gdt[GDT_THREAD_FS / 8] = thread_segment(GDT_THREAD_FS, 0);
    gdt[GDT_THREAD_GS / 8] = thread_segment(GDT_THREAD_GS, 0);
    gdt[GDT_TSS / 8 + number] = descriptor(tss, 103, TSS_AVAILABLE, 0);
}

static void fill_task_states(unsigned number, struct stack *ring3,
                             struct stack *fault)
{
    struct tables *t = &tables[number];

    // What a trap from ring 3 switches to.
    t->tss.ss0 = GDT_DATA;
    t->tss.esp0 = (uint32_t)(ring3 + 1);
    // A bitmap that begins beyond the limit means: ring 3 may use no port.
    t->tss.iomap = sizeof t->tss;
    t->fault = (struct task_state){
        .eip = (uint32_t)trap_double_fault,
        .eflags = 2, // bit 1 is always set; IF stays clear
        .esp = (uint32_t)(fault + 1) - 16, // room for the error code
        .cs = GDT_CODE,
        .ds = GDT_DATA,
        .es = GDT_DATA,
        .fs = GDT_DATA,
        .gs = GDT_DATA,
        .ss = GDT_DATA,
        .iomap = sizeof t->fault,
    };
    t->tss.cr3 = t->fault.cr3 = read_cr3();
}

void gdt_set_cr3(uint32_t cr3)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        tables[i].tss.cr3 = tables[i].fault.cr3 = cr3;
}

struct gdt_pointer gdt_pointer_of(unsigned number)
{
    return (struct gdt_pointer){sizeof tables[number].gdt - 1,
                                (uint32_t)tables[number].gdt};
}

// The task register names a task state of the CPU's own, unless this is before
// gdt_init, or the CPU is in its double-fault task, whose selector is the same
// everywhere. Then the table tells: it is the CPU's own, too.
unsigned cpu_index_by_table(void)
{
    struct gdt_pointer pointer;
    __asm__ volatile("sgdt %0" : "=m"(pointer));
    uint32_t at = pointer.base - (uint32_t)tables;

    return at < sizeof tables ? at / sizeof tables[0] : 0;
}

bool gdt_is_guard(uint32_t at)
{
    uint32_t page = PAGE_ALIGN_DOWN(at);
    bool is = false;

    for (int i = 0; i < GDT_GUARDS; i++)
        is |= page == (uint32_t)gdt_guards[i];
    for (unsigned i = 1; i < CPU_MAX && at; i++)
        is |= tables[i].stacks &&
              (page == (uint32_t)tables[i].stacks[0].guard ||
               page == (uint32_t)tables[i].stacks[1].guard);
    return is;
}

void gdt_enter(unsigned number)
{
    struct gdt_pointer pointer = gdt_pointer_of(number);

    // LGDT changes nothing by itself: a segment register keeps what it has
    // loaded until it is loaded again. cs can only be loaded by a jump. LTR
    // takes its descriptor from the new table, so it comes last.
    __asm__ volatile("lgdt %0\n\t"
                     "ljmp %1, $1f\n"
                     "1:\n\t"
                     "mov %2, %%ds\n\tmov %2, %%es\n\tmov %2, %%fs\n\t"
                     "mov %2, %%gs\n\tmov %2, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(pointer), "i"(GDT_CODE), "r"(GDT_DATA),
                       "r"(GDT_TSS + 8 * number)
                     : "memory");
}

void gdt_init(void)
{
    fill_gdt(0);
    fill_task_states(0, &ring3_stack, &fault_stack);
    gdt_enter(0);
}

// The stacks come from the page allocator and stay: on a machine with one CPU
// nobody pays for eight.
bool gdt_prepare(unsigned number)
{
    struct tables *t = &tables[number];

    if (!t->stacks) {
        struct stack *stacks = pages_alloc(2 * sizeof *stacks / PAGE_SIZE);
        if (!stacks)
            return false;
        for (int i = 0; i < 2; i++)
            paging_unmap((uintptr_t)stacks[i].guard, 1);
        t->stacks = stacks;
    }
    fill_gdt(number);
    fill_task_states(number, &t->stacks[0], &t->stacks[1]);
    return true;
}
