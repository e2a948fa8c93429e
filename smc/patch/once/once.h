// SPDX-License-Identifier: MIT
// Once-only blocks whose check disappears.
//
//     ONCE(serial_port)
//     {
//         program_the_port();
//     }
//
// The first run executes the block; then the jump to it is overwritten with
// a NOP of the same length, and every later pass executes just that NOP.
// Linux's DO_ONCE does this with a static key.
//
// The block is done when control reaches its closing brace (or by continue).
// Leaving it by break, return, goto or a caught fault means that the
// initialiser failed: it stays armed and the next pass tries again. Whoever
// arrives while the block runs (recursion, an interrupt, another CPU) passes
// by without running it, and may find the work half done: no caller that needs
// the result may be one of those. Before the door opens the block runs, too;
// only the patch waits, and until then each pass asks a flag.
//
//          once_enter            closing brace            once_leave
//   ARMED ------------> RUNNING ---------------> COMPLETE ----------> DONE
//     ^                    |                                           |
//     |<-- once_leave -----+  break, return, goto                      |
//     |<-- once_unwind ----+  a caught fault                           |
//     +<-- once_rearm -------------------------------------------------+
//
//   site   state      a pass
//   jump   ARMED      runs the block
//   jump   RUNNING    passes by: recursion, an interrupt
//   jump   COMPLETE   passes by: an interrupt before once_leave
//   jump   DONE       passes by: door shut, patch refused or undone. If the
//                     patch was put off, this pass makes it
//   NOP    DONE       executes the NOP and knows of nothing
//   NOP    ARMED      must not be: the block would never run again
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum once_state { ONCE_ARMED, ONCE_RUNNING, ONCE_COMPLETE, ONCE_DONE };

struct once {
    const char *name;
    volatile uint8_t state; // enum once_state
    uint8_t refused;        // the door's reason if a patch was refused
    uint32_t tries;         // how often the block was entered
    const void *frame;      // where the stack was when the block began
    const void *thread;     // whose stack
};

// One jump in text. Inlining may make several for one block. The order of the
// fields is that of the .long in the macro; the linker gathers all of them,
// read-only, between the two symbols below.
struct once_site {
    struct once *once;
    uint8_t *site, *end; // a JMP rel8 or rel32
    uint8_t *target;
};

extern const struct once_site once_sites_start[], once_sites_end[];

/* Patch site ONCE(id)
 * before: EB rel8 or E9 rel32, JMP to the block; the assembler chooses
 * after:  66 90 or 0F 1F 44 00 00, one NOP of the same length
 * who:    once_leave, when the block has run to its end
 * safe:   one instruction becomes one instruction of the same length, by
 *         text_poke if other CPUs are online; and both ways are right at any
 *         time: the block asks the state again
 * without it: a flag is tested on every pass, for ever
 */
// What the compiler makes of `ONCE(id) { work(); } rest();`
//
//        jmp armed       the site; or a NOP
//   2:   rest            <-------------------+
//        ...             out of line:        |
//   armed:                                   |
//        once_enter(&once_id)                |
//        if not NULL: work, COMPLETE         |
//        once_leave(&guard)                  |
//        jmp  -------------------------------+
//
// asm goto tells the compiler that control may arrive at the label, though no
// C jumps there; such an asm is volatile of itself and is not dropped. The
// numeric labels may be repeated, so inlining gives each copy its own entry.
#define ONCE(id)                                                 \
    static struct once once_##id = {.name = #id};                \
    __asm__ goto("1: jmp %l[once_armed_" #id "]\n"               \
                 "2:\n\t"                                        \
                 ".pushsection .once_sites, \"a\"\n\t"           \
                 ".balign 4\n\t"                                 \
                 ".long %c0, 1b, 2b, %l[once_armed_" #id "]\n\t" \
                 ".popsection"                                   \
                 :                                               \
                 : "i"(&once_##id)                               \
                 :                                               \
                 : once_armed_##id);                             \
    ONCE_BLOCK(id)

// The block, reached only by that jump. `if (0)` keeps whoever comes from
// above, over the NOP, out of it; the label is inside. The loop runs once at
// most: its step makes the state COMPLETE, and then its condition fails.
// `break` skips the step, and so do return and goto: that is how a failure is
// told from an end. cleanup calls once_leave on each of these ways out.
#define ONCE_BLOCK(id)                                                   \
    if (0)                                                               \
    once_armed_##id                                                      \
        : for (struct once * once_in_##id __attribute__((cleanup(        \
                                 once_leave))) = once_enter(&once_##id); \
               once_in_##id && once_in_##id->state == ONCE_RUNNING;      \
               once_in_##id->state = ONCE_COMPLETE)

// Used by ONCE only: once_enter returns NULL if the block must not run now.
struct once *once_enter(struct once *once);
void once_leave(struct once **guard);

// Patches the sites of blocks that ran before the door opened. Called once,
// after door_init.
void once_open(void);

// Arms a block again and restores its jumps. Returns false if the door
// refused: it is not armed then, and some of its jumps may be back. The block
// must not be running. For code that is loaded anew, and for tests.
bool once_rearm(struct once *once);

// The stack below `limit` is being thrown away: blocks that run there have
// failed. Called by trap_abandon.
void once_unwind(const void *limit);

// True if every site of the block is a NOP now.
bool once_is_patched(const struct once *once);
