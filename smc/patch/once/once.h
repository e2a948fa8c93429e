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
// initialiser failed: it stays armed and the next pass tries again. Whoever arrives while the block runs (recursion,
// an interrupt) passes by without running it. Before the door opens the block
// runs, too; only the patch waits, and until then each pass asks a flag.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum once_state { ONCE_ARMED, ONCE_RUNNING, ONCE_COMPLETE, ONCE_DONE };

struct once {
    const char *name;
    volatile uint8_t state; // enum once_state
    uint8_t refused;        // the door's reason if the patch was refused
    uint32_t tries;         // how often the block was entered
    const void *frame;      // the stack frame of the running block
};

// One jump in text. Inlining may make several for one block.
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
 * safe:   one instruction becomes one instruction of the same length, and
 *         both ways are right at any time: the block asks the state again
 * without it: a flag is tested on every pass, for ever
 */
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

// The block, reached only by that jump.
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
// refused. For code that is loaded anew, and for tests.
bool once_rearm(struct once *once);

// The stack below `limit` is being thrown away: blocks that run there have
// failed. Called by trap_abandon.
void once_unwind(const void *limit);

// True if every site of the block is a NOP now.
bool once_is_patched(const struct once *once);
