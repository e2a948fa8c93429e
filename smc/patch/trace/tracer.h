// SPDX-License-Identifier: MIT
// Inside the tracer: what runs at every traced call and return.
//
// The files tracer*.c have no entries of their own, and call nothing that has
// one: the tracer would trace itself, for ever.
#pragma once
#include "kernel/smp.h"
#include <stdbool.h>
#include <stdint.h>

#define TRACER_CPUS CPU_MAX
#define TRACER_RING 4096 // events that one CPU remembers

enum tracer_kind { TRACER_CALL, TRACER_RETURN };

struct tracer_event {
    uint64_t tsc;
    uint32_t ticks;    // of a return: since the call
    uint32_t thread;   // whose
    uint16_t function; // index of tracer_entries
    uint8_t kind, depth;
};

// What a CPU writes, and no other: no lock, and no line of the cache that
// travels. Read while nothing is traced.
struct tracer_cpu {
    volatile bool busy; // the tracer runs here
    uint32_t missed;    // calls in an NMI or debug trap that came meanwhile
    uint32_t untimed;   // calls deeper than TRACER_DEPTH
    uint32_t lost;      // frames that no return came to
    uint32_t events;    // ever
    struct tracer_event *ring; // TRACER_RING of them
    uint32_t *calls;           // by function
    uint64_t *ticks;           // by function, from call to return
} __attribute__((aligned(64)));
extern struct tracer_cpu tracer_cpus[TRACER_CPUS];

// Every entry, in order of address. `first` finds the place: for each 256
// bytes of text, the index of the first entry at or behind their start.
extern uint8_t **tracer_entries;
extern uint32_t tracer_count;
extern uint16_t *tracer_first;

// Are returns caught as well? If not, calls are counted, and that is all.
extern volatile bool tracer_timing;

// No event is noted meanwhile, so that they can be read. Counts go on.
extern volatile bool tracer_frozen;

// The index of an entry. It must be one.
uint32_t tracer_index(const uint8_t *entry);

// In tracer_entry.S: what a traced function calls before anything else, and
// where it returns to if it is timed. Neither is called from C.
void tracer_entry(void);
void tracer_return(void);

// Called by these two, with interrupts off. Nothing may be changed but *slot.
void tracer_enter(uint32_t after_call, uint32_t *slot);
void tracer_leave(uint32_t *slot);
