// SPDX-License-Identifier: MIT
// Everything at once: random sites, techniques and CPUs; a timer of 1 kHz,
// NMIs, threads that are preempted and migrate, CPUs that leave and come back.
// Every single execution of a site is judged.
//
//   two flippers    a random target gets a random other form
//   executors       run random targets; one more than there are CPUs
//   NMIs            to random CPUs; the handler runs a random target
//   the shell       traces a function, patches another, and back
//   hotplug         takes a random CPU away and brings it back
//
// Linux has pieces of this in kernel/torture.c and lib/test_static_keys.c,
// with answers judged at rest.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// The targets --------------------------------------------------------------

enum { TORTURE_FORMS = 6, TORTURE_WORDS = 160 };

// Code that answers with the form it has, and the technique that changes it.
// `allowed` says which answers are legal: see torture_judge.c.
struct torture_target {
    const char *technique;
    uint32_t sites; // that a flip changes
    uint32_t forms;
    const uint32_t *answers;
    uint32_t (*run)(uint32_t which); // any context but that; any `which`
    // From form to form; false if refused, and why. By one thread at a time.
    bool (*flip)(uint32_t from, uint32_t to, char why[TORTURE_WORDS]);
    bool by_shell;   // only the command line's thread may
    bool not_in_nmi; // it patches itself
    volatile uint32_t allowed;
    volatile bool taken; // by the flipper
    uint32_t form;
    uint32_t flips, refused, lost;
    char why[TORTURE_WORDS]; // the last refusal
};

// One for each technique. Sets them up in their first form; with `wrong` one
// more, which is written by plain stores. False without memory. `count` of
// them until torture_close.
struct torture_target *torture_open(bool wrong, uint32_t *count);
// Back to the first form, the arena freed. False if something was refused, or
// if kernel text has not this hash then.
bool torture_close(uint64_t hash);

// The fire -----------------------------------------------------------------

struct torture_wish {
    uint32_t milliseconds, seed;
    uint32_t flips, executions; // goes on until there were so many
    bool wrong;
};

struct torture_report {
    uint32_t targets, flips, refused, illegal, lost;
    uint64_t executions;
    uint32_t nmis, in_nmis, switches, hotplugs, threads;
    bool hash_equal;
    const char *why; // of a technique that was refused; "" if none was
};

enum { TORTURE_TARGETS = 8 };
// What each technique has met, for the table.
struct torture_row {
    const char *technique;
    uint32_t flips, refused, illegal, lost;
    uint64_t executions;
};

// In the shell's thread, interrupts on. False without memory.
bool torture(const struct torture_wish *wish, struct torture_report *report,
             struct torture_row rows[TORTURE_TARGETS]);
