// SPDX-License-Identifier: MIT
// The explorer: a change of live code, stopped after every single store, and
// the code run in every way a CPU can come to it.
//
//                   straight  INT n  stepped  NMI  CPU 1
//   published       old       old    old      old  old
//   INT3 first      new       new    new      new  new
//   all CPUs know   new       new    new      new  new
//   ...
//
// Tests of kernels that patch themselves run the code before and after; a race
// between two stores is met by luck. Here every state that memory is in is
// visited, so that a third behaviour cannot hide.
#pragma once
#include "smc/door/text.h"
#include "smc/patch/explore/explore_layout.h"
#include <stdbool.h>
#include <stdint.h>

// The code that is run, and the site in it that is shown. `code(arg)` answers
// with what it has done.
struct explore_subject {
    uint32_t (*code)(uint32_t arg);
    uint32_t arg;
    uint8_t *site;
    uint8_t len;
};

// Ways to run it -----------------------------------------------------------

enum explore_way {
    EXPLORE_STRAIGHT,
    EXPLORE_INTERRUPT, // in the handler of an INT n
    EXPLORE_STEPPED,   // with the trap flag set
    EXPLORE_NMI,       // in the handler of an NMI that this CPU sends itself
    EXPLORE_OTHER,     // by a thread of another CPU
    EXPLORE_WAYS
};

// What came of one run.
struct explore_run {
    bool done;       // false: this machine does not have the way
    bool faulted;    // then only `vector` means something
    uint8_t vector;  // of the fault
    bool intact;     // the stack and the registers of C
    uint32_t answer; // what the code returned
};

// The name over the column: "INT n".
const char *explore_way_name(enum explore_way way);

// Runs the subject. Faults end the run, not the machine. In a thread.
struct explore_run explore_by(enum explore_way way,
                              const struct explore_subject *subject);

// The matrix ---------------------------------------------------------------

// The cells of one change, counted. Every cell that is neither old nor new is
// a third behaviour, and so is an old one below a new one of the same way.
struct explore_matrix {
    const struct explore_subject *subject;
    uint32_t old_answer, new_answer;
    bool quiet; // count, print nothing
    uint32_t rows, old, new, third;
    bool was_new[EXPLORE_WAYS];
    uint8_t shown[8]; // the site's bytes in the last row
};

// Clears the counts and prints the head.
void explore_begin(struct explore_matrix *m, const char *what);
// One row: runs the subject in all ways. `label` is what has just happened.
void explore_row(struct explore_matrix *m, const char *label);
// Prints the counts.
void explore_finish(struct explore_matrix *m);

// Changes ------------------------------------------------------------------

// Makes `change` with a row after each step of the door's protocol. Returns
// false if the door has refused.
bool explore_change(struct explore_matrix *m, const char *what,
                    struct text_result (*change)(void *arg), void *arg);

// The sets of changes by the right way: "static_key". Adds to *sum what their
// matrices have counted; false if a change was refused.
struct explore_set {
    const char *name;
    const char *help;
    bool (*run)(struct explore_matrix *sum, bool quiet);
};
extern const struct explore_set explore_sets[];
extern const uint32_t explore_set_count;

// The wrong ways. Each returns its counts; `ran` is false without memory.
struct explore_wrong {
    const char *name; // "store"
    const char *bug;  // what it is, and where it was met
    uint8_t old_form, new_form;
    const char *steps;
    uint8_t handler;
    bool resumed;
};
extern const struct explore_wrong explore_wrongs[];
extern const uint32_t explore_wrong_count;
bool explore_do_wrong(const struct explore_wrong *wrong,
                      struct explore_matrix *sum, bool quiet);

// explore_subject.S ----------------------------------------------------------

uint32_t explore_subject(uint32_t), explore_resume(uint32_t at);
uint32_t explore_enter(uint32_t (*code)(uint32_t), uint32_t arg, bool *intact);
extern uint8_t explore_site[], explore_after[], explore_end[];
extern uint8_t explore_add_10[], explore_add_100[], explore_torn[];
extern uint8_t explore_subject_end[];

// The forms that the site takes, and what the subject answers then.
enum explore_form {
    FORM_NOP,
    FORM_JMP,
    FORM_CALL_10,
    FORM_CALL_100,
    FORM_RET,
    FORM_MOV,
    FORM_ENTRY, // the NOP of a function's entry
    EXPLORE_FORMS,
    FORM_TWO_NOPS = EXPLORE_FORMS, // of two and three bytes: for a wrong way
};
extern const char *const explore_form_names[];
extern const uint32_t explore_answers[];
// Its 5 bytes for a copy of the subject that begins at `subject`.
void explore_form_bytes(uint8_t bytes[5], enum explore_form form,
                        uint8_t *subject);
