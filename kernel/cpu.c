// SPDX-License-Identifier: MIT
// What this processor can do. CPUID is asked first; where emulators are
// known to answer yes and then not do it (single-stepping, debug registers),
// the feature is tried. [SDM2 CPUID]
#include "kernel/cpu.h"
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/cpus_command.h"
#include "kernel/paging.h"
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include <stddef.h>

struct cpu_features cpu;

// Extended leaves. Their number range is checked on both sides: a CPU without
// them answers a leaf that it does not know with data of its highest basic
// one, which is no number of this form. [SDM2 CPUID]
static void read_brand(void)
{
    uint32_t r[4];
    cpuid(0x80000000, 0, r);
    uint32_t max = r[0];
    if (max >= 0x80000001 && max < 0x80010000) {
        cpuid(0x80000001, 0, r);
        cpu.edx_ext = r[3]; // bit 20 is NX
    }
    if (max >= 0x80000004 && max < 0x80010000)
        // Three leaves of 16 characters, in register order as r has it. They
        // land in the structure directly: 3 * 16 leaves the last NUL alone.
        for (uint32_t i = 0; i < 3; i++)
            cpuid(0x80000002 + i, 0, (uint32_t *)(void *)(cpu.brand + 16 * i));
}

enum {
    CR0_MP = 1 << 1,      // WAIT heeds TS
    CR0_EM = 1 << 2,      // no x87: its instructions are traps
    CR0_TS = 1 << 3,      // a task was switched: the next one is a trap
    CR0_NE = 1 << 5,      // errors are vector 16, not interrupt line 13
    CR4_OSFXSR = 1 << 9,  // SSE instructions are allowed
    CR4_OSXMM = 1 << 10,  // their errors are vector 19
    MXCSR_START = 0x1f80, // all exceptions masked, round to nearest
    FPU_FAULTS = 0x3f,    // in the status word; the same bits mask them
};

// Turns on what is there. Without a unit its instructions stay undefined, and
// so end a call with words. [SDM3 2.5, 9.2, 9.6]
static void enable_fpu(void)
{
    uint32_t cr0 = read_cr0() & ~(uint32_t)(CR0_EM | CR0_TS);

    cpu.fpu = cpu.edx1 & 1;
    cpu.sse = cpu.fpu && (cpu.edx1 >> 24 & 1) && (cpu.edx1 >> 25 & 1);
    cr0 |= CR0_NE | (cpu.fpu ? CR0_MP : CR0_EM);
    __asm__ volatile("mov %0, %%cr0" : : "r"(cr0) : "memory");
    if (cpu.sse)
        __asm__ volatile("mov %0, %%cr4"
                         :
                         : "r"(read_cr4() | CR4_OSFXSR | CR4_OSXMM)
                         : "memory");
    cpu_reset_fpu();
}

// FNINIT does not wait, so that a pending error is dropped and not raised.
void cpu_reset_fpu(void)
{
    static const uint32_t mxcsr = MXCSR_START;

    if (cpu.fpu)
        __asm__ volatile("fninit");
    if (cpu.sse)
        __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

// The lowest bit wins: an invalid operation hides what else it was.
const char *cpu_fpu_fault(void)
{
    static const char *const names[] = {
        "invalid operation", "denormal operand", "divide by zero",
        "overflow",          "underflow",        "inexact result"};
    uint16_t status = 0, control = 0;
    unsigned i = 0;

    if (cpu.fpu)
        __asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
    status &= (uint16_t)~control & FPU_FAULTS;
    while (i < sizeof names / sizeof names[0] && !(status >> i & 1))
        i++;
    return i < sizeof names / sizeof names[0] ? names[i] : "no exception";
}

void cpu_init(void)
{
    uint32_t r[4];
    cpuid(0, 0, r);
    cpu.max_leaf = r[0];
    // ebx, edx, ecx: the order of the letters.
    memcpy(cpu.vendor, &r[1], 4);
    memcpy(cpu.vendor + 4, &r[3], 4);
    memcpy(cpu.vendor + 8, &r[2], 4);
    cpuid(1, 0, r);
    cpu.signature = r[0]; // stepping 3:0, model 7:4, family 11:8
    cpu.edx1 = r[3];
    read_brand();
    // NX exists only in the PAE format; a two-level entry has no bit for it.
    cpu.pae = cpu.edx1 >> 6 & 1;
    cpu.nx = cpu.pae && (cpu.edx_ext >> 20 & 1);
    enable_fpu();
}

// Volatile: both are touched behind the back of the compiler, by a trap in the
// middle of straight code.
static volatile bool trapped;
static volatile uint8_t watched;

// Takes TF out of the flags that IRET will load. Left in, the CPU would trap
// after every instruction from here on, with no handler any more.
static void on_debug(struct trap_frame *frame)
{
    trapped = true;
    frame->eflags &= ~EFLAGS_TF;
}

// The trap comes after the instruction that follows POPF: the NOPs are there
// to be stepped over. Emulators exist that ignore TF. [SDM3 17.3.1.4]
static bool try_trap_flag(void)
{
    trapped = false;
    __asm__ volatile("pushf; orl %0, (%%esp); popf; nop; nop"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    return trapped;
}

// Watches one byte for writes. A data breakpoint traps after the access, so
// `trapped` is set before the next line. [SDM3 17.2.4]
//
//   DR7   31..20 | 19 18 | 17 16 | 15..11 | 10 | 9..2 |  1 |  0
//            0   |  00   |  01   |   0    |  1 |  0   |  1 |  0
//                  LEN0    RW0                         G0   L0
//
// LEN0 00 is one byte, RW0 01 is writes; bit 10 always reads as 1.
static bool try_debug_registers(void)
{
    trapped = false;
    __asm__ volatile("mov %0, %%dr0" : : "r"(&watched));
    __asm__ volatile("mov %0, %%dr7" : : "r"(0x00010402) : "memory");
    watched = 1;
    __asm__ volatile("mov %0, %%dr7" : : "r"(0x00000400) : "memory");
    return trapped;
}

// 0F 1F /0 is no CPUID feature of its own. An i686 without it raises an
// undefined opcode, which trap_try catches.
static void try_long_nop(void *arg)
{
    (void)arg;
    __asm__ volatile(".byte 0x0f, 0x1f, 0x44, 0x00, 0x00");
}

// Vector 1 is borrowed for the length of the probes. The long NOP comes after
// it: trap_try catches exceptions that have no handler.
void cpu_probe_traps(void)
{
    trap_set_handler(1, on_debug);
    cpu.trap_flag = try_trap_flag();
    cpu.debug_registers = try_debug_registers();
    trap_set_handler(1, NULL);
    cpu.long_nop = trap_try(try_long_nop, NULL, NULL);
}

// Bit numbers in edx of leaf 1, for printing only.
static const struct {
    uint8_t bit;
    const char *name;
} edx_names[] = {{0, "fpu"},   {3, "pse"},  {4, "tsc"},   {5, "msr"},
                 {6, "pae"},   {8, "cx8"},  {9, "apic"},  {11, "sep"},
                 {12, "mtrr"}, {13, "pge"}, {15, "cmov"}, {23, "mmx"},
                 {24, "fxsr"}, {25, "sse"}, {26, "sse2"}};

static int run_cpu(int argc, char **argv)
{
    if (argc > 1)
        return cpu_command(argc, argv);
    // The base family and model; the extended fields of newer CPUs are not
    // added.
    kprintf("%s, family %u model %u stepping %u\n", cpu.vendor,
            cpu.signature >> 8 & 15, cpu.signature >> 4 & 15,
            cpu.signature & 15);
    if (cpu.brand[0])
        kprintf("%s\n", cpu.brand);
    kprintf("features:");
    for (unsigned i = 0; i < sizeof edx_names / sizeof edx_names[0]; i++)
        if (cpu.edx1 >> edx_names[i].bit & 1)
            kprintf(" %s", edx_names[i].name);
    kprintf("%s\npaging: %s, execution of data %s\n", cpu.nx ? " nx" : "",
            paging_is_pae() ? "PAE" : "two-level",
            paging_has_nx() ? "forbidden by NX" : "not preventable (no NX)");
    kprintf("probed: trap flag %s, debug registers %s, long NOP %s\n",
            cpu.trap_flag ? "yes" : "no", cpu.debug_registers ? "yes" : "no",
            cpu.long_nop ? "yes" : "no");
    if (clock_tsc_khz())
        kprintf("time stamp counter: %u.%03u MHz\n", clock_tsc_khz() / 1000,
                clock_tsc_khz() % 1000);
    else
        kprintf("time stamp counter: not calibrated\n");
    return 0;
}
COMMAND(cpu, "[N online|offline]", "this processor, or start and stop another",
        run_cpu);
