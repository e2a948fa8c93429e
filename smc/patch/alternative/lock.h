// SPDX-License-Identifier: MIT
// Lock prefixes that cost nothing while there is one CPU.
//
// LOCK makes a read-modify-write one step for other CPUs. With one CPU any
// single instruction is one step already, and the prefix only costs time:
// so it is overwritten with another that means nothing there, and comes back
// before a second CPU runs. Linux does so since 2006: .smp_locks.
//
//   one CPU       3e 0f c1 02      ds xadd %eax, (%edx)
//   several       f0 0f c1 02      lock xadd %eax, (%edx)
//                 ^ one byte: whoever meets it meets the old or the new one
//
// DS is what these operands use anyway, so 3E changes nothing. XCHG with
// memory locks by itself and needs no prefix. Interrupts and NMIs of the same
// CPU see single instructions whole, locked or not.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// In front of an instruction in an asm statement; its memory operand is not
// at (%ebp) or (%esp), which have another default segment (the same here).
#define LOCK_PREFIX                      \
    ".pushsection .smp_locks, \"a\"\n\t" \
    ".balign 4\n\t"                      \
    ".long 889f\n\t"                     \
    ".popsection\n"                      \
    "889:\n\tlock; "

/* Patch site LOCK_PREFIX
 * before: F0, LOCK
 * after:  3E, DS
 * who:    locks_set, called when the number of CPUs becomes 1 or 2
 * safe:   one byte; only one CPU runs at both times
 * without it: each locked instruction waits for the bus on one CPU, too
 */
extern uint8_t *const smp_locks_start[], *const smp_locks_end[];

// Puts the prefixes into text (true) or takes them out. To be called while
// one CPU is online. What is as wanted already is not written. Returns how
// many sites are not as wanted, because the door refused.
unsigned locks_set(bool locked);

// The prefixes that `count` CPUs need; with the boot word `noalt` they stay.
// Called before a second CPU comes, and when only one is left, at boot as
// well. Returns what locks_set does.
unsigned locks_for(unsigned count);

// How many sites hold a LOCK now.
unsigned locks_count(void);

// Adds and returns what was there before. Any context.
static inline uint32_t atomic_fetch_add(volatile uint32_t *at, uint32_t n)
{
    __asm__ volatile(LOCK_PREFIX "xaddl %0, %1"
                     : "+r"(n), "+m"(*at)
                     :
                     : "memory", "cc");
    return n;
}

// Stores `new` if `expected` is there. Returns whether it did.
static inline bool atomic_replace(volatile uint8_t *at, uint8_t expected,
                                  uint8_t new)
{
    bool done;
    __asm__ volatile(LOCK_PREFIX "cmpxchgb %3, %1\n\tsete %0"
                     : "=q"(done), "+m"(*at), "+a"(expected)
                     : "q"(new)
                     : "memory", "cc");
    return done;
}
