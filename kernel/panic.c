// SPDX-License-Identifier: MIT
// Panic and the ways out of the machine.
//
// A panic must not trust what may be broken: it allocates nothing, takes no
// lock, and follows an address of the broken code only after a look at where
// it leads.
#include "kernel/panic.h"
#include "boot/info.h"
#include "kernel/backtrace.h"
#include "kernel/command.h"
#include "kernel/console.h"
#include "kernel/cpu.h"
#include "kernel/gdt.h"
#include "kernel/kthread.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/panic_others.h"
#include "kernel/serial.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/door/journal.h"
#include "smc/x86/decode.h"
#include "smc/x86/x86_show.h"

enum {
    CODE_PANIC = 0x12, // 37 as the status of QEMU
    JOURNAL_TAIL = 10,
    // panic is always called directly: E8 rel32. It does not return, so the
    // byte after the call may belong to the next function.
    CALL_LENGTH = 5,
    SHOWN_BYTES = 8,
    VECTOR_NMI = 2,
    VECTOR_BREAKPOINT = 3,
    VECTOR_OVERFLOW = 4,
    VECTOR_DOUBLE_FAULT = 8,
    NO_VECTOR = 31, // a call of panic(): reserved, so no trap has it
};

// The CPU that panics, + 1. Set for good: nobody comes back from a panic.
static uint32_t panicking;

// A guard page belongs to the stack above it.
static bool in_guard(uint32_t at)
{
    return (at & ~4095u) == (uint32_t)boot_stack_guard || gdt_is_guard(at) ||
           kthread_is_guard(at);
}

// cr2 alone does not tell an overflow: after a double fault it may be older.
// There esp does. It is in the guard page, or it stands on the page's upper
// edge and the next push would have been.
static void print_cause(const struct trap_frame *f)
{
    char text[160];
    uint32_t at = read_cr2();
    trap_explain(text, sizeof text, f);
    if (f->vector == VECTOR_DOUBLE_FAULT)
        kprintf("panic: %s: esp %08x%s\n", text, f->esp,
                in_guard(f->esp) || in_guard(f->esp - 4)
                    ? ": kernel stack overflow into the guard page"
                    : "");
    else
        kprintf("panic: %s%s\n", text,
                f->vector == 14 && in_guard(at) ? " (a stack's guard page)"
                                                : "");
}

// From ring 0 the CPU pushes no esp: the stack begins where the frame ends. A
// double fault's frame has the real one, from the task switch.
static uint32_t stack_of(const struct trap_frame *f)
{
    return f->vector == VECTOR_DOUBLE_FAULT ? f->esp : trap_esp(f);
}

// Only what the page tables call readable is read: a wild eip may point
// anywhere.
static void print_bytes(const uint8_t *code)
{
    char bytes[3 * SHOWN_BYTES];
    size_t readable = x86_readable(code, INSN_MAX);
    if (!readable) {
        kprintf("bytes not readable\n");
        return;
    }
    size_t shown = readable < SHOWN_BYTES ? readable : SHOWN_BYTES;
    kprintf("bytes %s\n", hex_bytes(bytes, sizeof bytes, code, shown));
}

// After a breakpoint, INTO, INT n or an interrupt, eip is behind what ran: the
// instruction there is not the one to blame. [SDM3 6.5]
static bool is_behind(uint32_t vector)
{
    return vector == VECTOR_NMI || vector == VECTOR_BREAKPOINT ||
           vector == VECTOR_OVERFLOW || vector >= IRQ_BASE;
}

// The bytes at eip in words. Decoder and printer are much code, and may be the
// broken part: so this is the last thing that a panic tries.
static void print_instruction(const struct trap_frame *f)
{
    char text[X86_SHOW_MAX];
    const void *code = (const void *)f->eip;
    size_t readable = x86_readable(code, INSN_MAX);
    if (!readable)
        return;
    x86_show(text, sizeof text, code, readable, f->eip);
    kprintf("  at eip %08x, %s is %s\n", f->eip,
            is_behind(f->vector) ? "next" : "which", text);
}

static void print_registers(const struct trap_frame *f, uint32_t esp)
{
    char where[64];
    kprintf("  eax %08x  ebx %08x  ecx %08x  edx %08x\n"
            "  esi %08x  edi %08x  ebp %08x  esp %08x\n"
            "  eip %08x  cs %04x  eflags %08x  error %x\n"
            "  cr0 %08x  cr2 %08x  cr3 %08x  cr4 %08x\n",
            f->eax, f->ebx, f->ecx, f->edx, f->esi, f->edi, f->ebp, esp,
            f->eip, f->cs & 0xffff, f->eflags, f->error, read_cr0(),
            read_cr2(), read_cr3(), read_cr4());
    const uint8_t *code = (const void *)f->eip;
    kprintf("  at %s, ", symbol_format(where, sizeof where, code));
    print_bytes(code);
}

// The backtrace begins at eip and goes on with the frame of its function.
static _Noreturn void finish(const struct trap_frame *f)
{
    backtrace_print(f->eip, f->ebp);
    panic_print_others();
    kprintf("the journal's last entries:\n");
    journal_tail(JOURNAL_TAIL);
    print_instruction(f);
    // Without a command line (a loader we do not know) nobody can have asked
    // to stay.
    if (boot_word("exit", NULL, 0) || !bootinfo.flags)
        machine_exit(CODE_PANIC);
    kprintf("halted; in QEMU on a terminal, ctrl-a x leaves\n");
    machine_halt();
}

// Without kprintf, which may be what is broken.
static void put_hex(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        console_putc("0123456789abcdef"[value >> shift & 15]);
}

// Interrupts off first: a tick in the middle of the report could run code that
// the report is about. A fault in here comes back to this function; a call of
// panic() in here has vector NO_VECTOR. Another CPU that panics meanwhile
// waits for the NMI that stops it.
static void enter_panic(const struct trap_frame *f)
{
    uint32_t nobody = 0, me = cpu_index() + 1;
    interrupts_off();
    if (!__atomic_compare_exchange_n(&panicking, &nobody, me, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        if (nobody != me)
            machine_halt();
        console_puts("\npanic while panicking: vector ");
        put_hex(f->vector);
        console_puts(" at eip ");
        put_hex(f->eip);
        console_putc('\n');
        machine_exit(CODE_PANIC);
    }
    console_break_lock();
    serial_init(); // a panic in the first lines of C needs a voice, too
    console_putc('\n');
    panic_stop_others();
}

// What panic_entry.S leaves on the stack.
struct panic_frame {
    uint32_t edi, esi, ebp, esp_at_pusha, ebx, edx, ecx, eax;
    uint32_t eflags;
    uint32_t eip; // the return address of panic
    const char *fmt;
    uint32_t args[];
};

_Noreturn void panic_here(const struct panic_frame *frame);

_Noreturn void panic_here(const struct panic_frame *frame)
{
    struct trap_frame f = {.edi = frame->edi,
                           .esi = frame->esi,
                           .ebp = frame->ebp,
                           .ebx = frame->ebx,
                           .edx = frame->edx,
                           .ecx = frame->ecx,
                           .eax = frame->eax,
                           .eflags = frame->eflags,
                           .eip = frame->eip - CALL_LENGTH,
                           .cs = GDT_CODE,
                           .vector = NO_VECTOR};
    enter_panic(&f);
    kprintf("panic: ");
    // On the i386 a va_list is the address of the next argument.
    kvprintf(frame->fmt, (va_list)frame->args);
    kprintf("\n");
    print_registers(&f, (uint32_t)&frame->fmt);
    finish(&f);
}

_Noreturn void panic_trap(const struct trap_frame *frame)
{
    enter_panic(frame);
    print_cause(frame);
    print_registers(frame, stack_of(frame));
    finish(frame);
}

static int run_panic(int argc, char **argv)
{
    panic("%s", argc > 1 ? argv[1] : "on request");
}
COMMAND(panic, "[TEXT]", "see what a panic looks like", run_panic);
