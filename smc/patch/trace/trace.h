// SPDX-License-Identifier: MIT
// Function tracing: every function of the kernel begins with one NOP, which
// becomes a call of the tracer and a NOP again.
//
//   off   66 66 66 66 90    one instruction, the whole price
//   on    e8 rel32          call tracer_entry
//
// All sites of a change are written as one batch: three syncs of all CPUs,
// whether it is one function or all of them. Linux's ftrace does this.
#pragma once
#include "smc/door/poke.h"

#define ENTRY_LEN 5

// The NOP that stands at an entry while nothing else does.
extern const uint8_t entry_nop[ENTRY_LEN];

// Traces the functions that match, and no others. The filter is a list of
// patterns with blanks between: `*` is any text, `?` any character, `!` before
// a pattern takes away. "" is none. If nothing was traced before, all counts
// and events are cleared. Returns false if the door has refused: then nothing
// has changed, and *r says why. With TEXT_UNFINISHED it is done, by way of the
// breakpoint. The command line's thread only.
bool trace_set(const char *filter, struct text_result *r);

// Are returns caught too, so that calls have durations? On from the start.
void trace_set_timing(bool timing);

// What became of the last trace_set: how many functions have an entry, are
// traced, and were passed over, since somebody else has their entry.
struct trace_state {
    uint32_t functions, traced, foreign;
    const char *filter;
};
struct trace_state trace_state(void);

// The number of calls of a function since they were cleared, on all CPUs, and
// the ticks of the time stamp counter between call and return. NULL for all.
struct trace_sum {
    uint64_t calls, ticks;
};
struct trace_sum trace_sum(const void *function);

// What a traced entry calls.
const void *trace_target(void);

// Makes the list of entries, once. False without memory. Done by trace_set.
bool trace_open(void);

// Is this text the pattern's? For the filter and its check.
bool trace_glob(const char *pattern, const char *text);

// Prints the newest `count` events of all CPUs, oldest first.
void trace_show(uint32_t count);

// Prints the newest complete call of a function that the events still hold,
// with all that was called in it. False if there is none.
bool trace_graph(const void *function);
