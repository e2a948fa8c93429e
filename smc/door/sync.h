// SPDX-License-Identifier: MIT
// Making processors see new code.
//
// The alias trap: P6 and later compare *linear* addresses to catch a store
// into prefetched code. The door stores through another mapping, which that
// does not cover, so a serialising instruction must follow every store, on
// every processor that may execute it. [SDM3 8.1.3, 8.3]
//
//   asker                              each other CPU
//   asked = asked + 1
//   interrupt VECTOR_SYNC  --------->  now = asked
//                                      serialise
//   answered[cpu] >= asked?  <-------  answered[cpu] = now
//
// A CPU that serialises after it has read `asked` has seen every store that
// was made before that count. Two may ask at once: each waits for its own
// count, and one answer to the later is an answer to both.
//
// Interrupts may be off on the other side: whoever waits for something with
// interrupts off calls sync_answer in the loop. So two CPUs that ask each
// other do not wait for ever. Linux's on_each_cpu has no such answer, and
// forbids to ask with interrupts off.
#pragma once
#include "kernel/smp.h"
#include <stdbool.h>
#include <stdint.h>

// Each on a cache line of its own: all CPUs read and write these at once.
struct sync_state {
    volatile uint32_t answered; // the newest count this CPU has seen
} __attribute__((aligned(64)));

extern volatile uint32_t sync_asked;
extern struct sync_state sync_states[CPU_MAX];

// Chooses the serialiser by CPUID. Called once, by door_init.
void sync_init(void);

// "SERIALIZE" or "IRET to the next instruction": for `audit`.
const char *sync_serialiser(void);

// Serialises this CPU: what it executes next is fetched afresh. The
// IRET also unmasks NMIs, so no NMI handler may come here: the next NMI would
// interrupt it. [SDM3 6.7.1]
void sync_core(void);

// Every online CPU, this one included, executes a serialising instruction.
// Returns the set of CPUs that have not answered in time; 0 is success. Their
// interrupt stays pending, so that they serialise as soon as they listen. Any
// context but NMI and the handlers of other CPUs' questions.
uint32_t sync_all(void);

// How many of these there have been.
uint32_t sync_count(void);

// How long sync_all waits, in ticks of the time stamp counter. Returns what it
// was before.
uint64_t sync_set_patience(uint64_t ticks);

// The answer itself; sync_answer asks first whether there is a question. Any
// context but NMI.
void sync_answer_now(void);

static inline void sync_answer(void)
{
    if (sync_states[cpu_index()].answered != sync_asked)
        sync_answer_now();
}
