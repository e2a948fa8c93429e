// SPDX-License-Identifier: MIT
// The processor: what it can do (probed), and its instructions by name.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
    char vendor[13];              // 12 characters and a NUL: "GenuineIntel"
    char brand[49];               // 48 and a NUL; "" if the CPU does not tell
    uint32_t max_leaf, signature; // signature: leaf 1 eax
    uint32_t edx1;                // CPUID leaf 1
    uint32_t edx_ext;             // CPUID leaf 80000001h, 0 if there is none
    bool pae, nx, long_nop;       // nx only with pae: see paging.h
    bool trap_flag;               // EFLAGS.TF really single-steps
    bool debug_registers;         // DR0/DR7 really trap
    bool fpu, sse; // x87 and SSE are there and turned on for loaded code
};
// All false and empty until cpu_init; the three probed ones until
// cpu_probe_traps. Written by nobody else.
extern struct cpu_features cpu;

// Reads CPUID. cpu_probe_traps also executes an instruction under TF and one
// under DR0, and needs the IDT. Both are called once, by kernel_main.
void cpu_init(void);
void cpu_probe_traps(void);

// The state that the i386 ABI promises to a process at its start: an empty
// register stack, all exceptions masked, round to nearest, 64 bits of
// precision. Pending exceptions are dropped. The kernel itself is compiled
// without either unit. [i386 ABI 3-28] [SDM1 8.1.5, 10.2.3]
void cpu_reset_fpu(void);

// What the last unmasked x87 exception was: "divide by zero". Never NULL. The
// status lasts until cpu_reset_fpu.
const char *cpu_fpu_fault(void);

// Port access. The memory clobber keeps the compiler from moving ordinary
// loads and stores across a device access. "Nd" lets a constant port below 256
// go into the instruction and everything else into dx.
static inline void outb(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

// The time stamp counter. Not serialising: neighbours may be executed before
// or after it. "=A" is the pair edx:eax on i386. [SDM2 RDTSC]
static inline uint64_t rdtsc(void)
{
    uint64_t v;
    __asm__ volatile("rdtsc" : "=A"(v) : : "memory");
    return v;
}
// r is eax, ebx, ecx, edx in this order, which is not the order of the vendor
// string. `sub` only matters for leaves that have subleaves. [SDM2 CPUID]
static inline void cpuid(uint32_t leaf, uint32_t sub, uint32_t r[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
                     : "a"(leaf), "c"(sub)
                     : "memory");
}
static inline uint32_t read_cr0(void)
{
    uint32_t v;
    __asm__ volatile("mov %%cr0, %0" : "=r"(v));
    return v;
}
// The address of the last page fault. Overwritten by the next one, so it is
// read before anything else that may fault.
static inline uint32_t read_cr2(void)
{
    uint32_t v;
    __asm__ volatile("mov %%cr2, %0" : "=r"(v));
    return v;
}
static inline uint32_t read_cr3(void)
{
    uint32_t v;
    __asm__ volatile("mov %%cr3, %0" : "=r"(v));
    return v;
}
// Loads page tables by physical address. Drops every translation that is not
// global (none here is), and with PAE renews the four root entries.
// [SDM3 4.4.1, 4.10.4.1]
static inline void write_cr3(uint32_t v)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}
static inline uint32_t read_cr4(void)
{
    uint32_t v;
    __asm__ volatile("mov %%cr4, %0" : "=r"(v));
    return v;
}
// Drops what the CPU remembers of one page. Must follow every change to an
// entry that was present; without it the old rights work on for a while, and
// the first symptom is a fault that does not come. [SDM3 4.10.4]
static inline void invlpg(const void *va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}
// A register that the CPU does not have is a general protection fault.
static inline uint64_t rdmsr(uint32_t msr)
{
    uint64_t v;
    __asm__ volatile("rdmsr" : "=A"(v) : "c"(msr));
    return v;
}
static inline void wrmsr(uint32_t msr, uint64_t v)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "A"(v) : "memory");
}
// IF and TF as they are now; the other flags are whatever the compiler's last
// instruction left.
static inline uint32_t read_eflags(void)
{
    uint32_t v;
    __asm__ volatile("pushf; pop %0" : "=r"(v) : : "memory");
    return v;
}
#define EFLAGS_IF 0x200u // interrupts are on
#define EFLAGS_TF 0x100u // a debug trap after every instruction

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}
// Turns interrupts off and returns whether they were on, for the restore.
// Always used in pairs, so that sections nest: only the outermost restore
// turns interrupts on again. This keeps out the handlers of this CPU only;
// against the others there is kernel/spinlock.h.
static inline bool interrupts_off(void)
{
    bool on = read_eflags() & EFLAGS_IF;
    __asm__ volatile("cli" : : : "memory");
    return on;
}
static inline void interrupts_restore(bool on)
{
    if (on)
        interrupts_on();
}
// For loops that wait for another CPU: lets its twin in the same core run.
static inline void cpu_relax(void)
{
    __asm__ volatile("pause" : : : "memory");
}
// Sleeps until an interrupt arrives. Turning interrupts on and halting are
// one step: sti takes effect after the next instruction. In two steps an
// interrupt could come in between, and hlt would wait for one more.
// Returns with interrupts on. [SDM2 STI]
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}
