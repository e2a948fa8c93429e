// SPDX-License-Identifier: MIT
// Descriptor tables. Two task states: one for the stack that ring 3 traps
// to, and one for double faults. A kernel stack that has run into its guard
// page cannot take the page fault; only a task switch brings a new stack.
// [SDM3 3.4.5, 7.2]
//
// Why not the ordinary way: the fault pushes a frame, the push hits the guard
// page, that is a second fault, and handling it pushes again. A third fault
// resets the machine without a word. The double-fault gate breaks the chain:
//
//   #PF push fails -> #DF -> task gate -> GDT_TSS_DOUBLE_FAULT
//                            saves the registers in gdt_tss,
//                            loads esp, eip, cr3 from fault_tss
#include "kernel/gdt.h"
#include "kernel/cpu.h"
#include "kernel/pages.h"
#include "kernel/panic.h"
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

// Every guard page stays unmapped: linker.ld collects .bss.stacks for that.
static struct stack ring3_stack __attribute__((section(".bss.stacks")));
static struct stack fault_stack __attribute__((section(".bss.stacks")));

// Below the boot stack, as linker.ld asserts: calls into loaded code come from
// there, and whoever unwinds or traces takes the deeper for the lower.
struct foreign_stack foreign_stack __attribute__((section(".bss.stacks")));

// For paging_init, which leaves these pages unmapped.
const uint8_t *const gdt_guards[GDT_GUARDS] = {
    ring3_stack.guard, fault_stack.guard, foreign_stack.guard};

static gdt_overflow_hook *overflow_hook;

struct task_state gdt_tss;
static struct task_state fault_tss;

// In writable memory, and it must stay there: LTR and the task switch set busy
// bits in it. Entry 0 is never used by the CPU.
static uint64_t gdt[11];

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
// If somebody knows how to go on, the state to return to is changed and the
// IRET in trap_entry.S, with EFLAGS.NT set by the switch, switches back to it.
// What was interrupted is lost either way: its registers are only in here.
void gdt_double_fault(void)
{
    struct trap_frame frame = {
        .gs = gdt_tss.gs,
        .fs = gdt_tss.fs,
        .es = gdt_tss.es,
        .ds = gdt_tss.ds,
        .edi = gdt_tss.edi,
        .esi = gdt_tss.esi,
        .ebp = gdt_tss.ebp,
        .ebx = gdt_tss.ebx,
        .edx = gdt_tss.edx,
        .ecx = gdt_tss.ecx,
        .eax = gdt_tss.eax,
        .vector = 8,
        .eip = gdt_tss.eip,
        .cs = gdt_tss.cs,
        .eflags = gdt_tss.eflags,
        .esp = gdt_tss.esp,
        .ss = gdt_tss.ss,
    };
    if (!overflow_hook || !overflow_hook(&frame))
        panic_trap(&frame);
    gdt_tss.eip = frame.eip;
    gdt_tss.esp = frame.esp;
    gdt_tss.eflags = 2;
    gdt_tss.cs = GDT_CODE;
    gdt_tss.ss = gdt_tss.ds = gdt_tss.es = GDT_DATA;
    gdt_tss.fs = gdt_tss.gs = GDT_DATA;
}

void gdt_on_overflow(gdt_overflow_hook *hook)
{
    overflow_hook = hook;
}

// A limit of 0 pages still lets the first one in: limits are inclusive.
void gdt_set_base(uint16_t selector, uint32_t base)
{
    uint32_t limit = selector == GDT_THREAD_FS ? 0 : 0xfffff;

    gdt[selector / 8] = descriptor(base, limit, FLAT_DATA, GRANULAR_32);
}

static void fill_gdt(void)
{
    uint32_t tss = (uint32_t)&gdt_tss, df = (uint32_t)&fault_tss;
    gdt[GDT_CODE / 8] = descriptor(0, 0xfffff, FLAT_CODE, GRANULAR_32);
    gdt[GDT_DATA / 8] = descriptor(0, 0xfffff, FLAT_DATA, GRANULAR_32);
    gdt[GDT_USER_CODE / 8] = descriptor(0, 0xfffff, FLAT_CODE | RING_3,
                                        GRANULAR_32);
    gdt[GDT_USER_DATA / 8] = descriptor(0, 0xfffff, FLAT_DATA | RING_3,
                                        GRANULAR_32);
    gdt[GDT_TSS / 8] = descriptor(tss, 103, TSS_AVAILABLE, 0);
    gdt[GDT_TSS_DOUBLE_FAULT / 8] = descriptor(df, 103, TSS_AVAILABLE, 0);
    gdt[GDT_CODE16 / 8] = descriptor(0, 0xffff, FLAT_CODE, BYTES_16);
    gdt[GDT_DATA16 / 8] = descriptor(0, 0xffff, FLAT_DATA, BYTES_16);
    gdt_set_base(GDT_THREAD_FS, 0);
    gdt_set_base(GDT_THREAD_GS, 0);
}

static void fill_task_states(void)
{
    // What a trap from ring 3 switches to.
    gdt_tss.ss0 = GDT_DATA;
    gdt_tss.esp0 = (uint32_t)(&ring3_stack + 1);
    // A bitmap that begins beyond the limit means: ring 3 may use no port.
    gdt_tss.iomap = sizeof gdt_tss;
    fault_tss = (struct task_state){
        .eip = (uint32_t)trap_double_fault,
        .eflags = 2, // bit 1 is always set; IF stays clear
        .esp = (uint32_t)(&fault_stack + 1) - 16, // room for the error code
        .cs = GDT_CODE,
        .ds = GDT_DATA,
        .es = GDT_DATA,
        .fs = GDT_DATA,
        .gs = GDT_DATA,
        .ss = GDT_DATA,
        .iomap = sizeof fault_tss,
    };
    gdt_set_cr3(read_cr3()); // the boot tables, until paging_init
}

void gdt_set_cr3(uint32_t cr3)
{
    gdt_tss.cr3 = fault_tss.cr3 = cr3;
}

void gdt_init(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) pointer = {sizeof gdt - 1, (uint32_t)gdt};

    fill_gdt();
    fill_task_states();
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
                     : "m"(pointer), "i"(GDT_CODE), "r"(GDT_DATA), "r"(GDT_TSS)
                     : "memory");
}
