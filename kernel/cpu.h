// SPDX-License-Identifier: MIT
// The processor: what it can do (probed), and its instructions by name.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
    char vendor[13];
    char brand[49];
    uint32_t max_leaf, signature;
    uint32_t edx1;      // CPUID leaf 1
    uint32_t edx_ext;    // CPUID leaf 80000001h, 0 if there is none
    bool pae, nx, long_nop;
    bool trap_flag;       // EFLAGS.TF really single-steps
    bool debug_registers; // DR0/DR7 really trap
};
extern struct cpu_features cpu;

// Reads CPUID. cpu_probe_traps also executes an instruction under TF and one
// under DR0, and needs the IDT.
void cpu_init(void);
void cpu_probe_traps(void);

static inline void outb(uint16_t port, uint8_t v)
{
    __asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline void outw(uint16_t port, uint16_t v)
{
    __asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline uint8_t inb(uint16_t port)
{
    uint8_t v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}
static inline uint16_t inw(uint16_t port)
{
    uint16_t v;
    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port) : "memory");
    return v;
}

static inline uint64_t rdtsc(void)
{
    uint64_t v;
    __asm__ volatile("rdtsc" : "=A"(v) : : "memory");
    return v;
}
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
static inline void invlpg(const void *va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}
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
static inline uint32_t read_eflags(void)
{
    uint32_t v;
    __asm__ volatile("pushf; pop %0" : "=r"(v) : : "memory");
    return v;
}
#define EFLAGS_IF 0x200u
#define EFLAGS_TF 0x100u

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}
// Turns interrupts off and returns whether they were on, for the restore.
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
// Sleeps until an interrupt arrives. Turning interrupts on and halting are
// one step: sti takes effect after the next instruction.
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt" : : : "memory");
}
