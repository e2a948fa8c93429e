// SPDX-License-Identifier: MIT
// The wrong ways, each once somebody's bug, in the same matrix.
//
// A copy of the subject lies in an arena of its own, and every store goes
// through text_write, one byte after the other, in an order that no technique
// uses. Kernel text is not touched, and no page is ever writable and
// executable. What is wrong is only the order, or the handler.
//
//   steps   a digit     that byte of the new instruction
//           i           INT3 over the first byte
//           o           INTO over the first byte: a breakpoint whose gate
//                       leaves no gap on the stack
//           c           the handler forgets the site
#include "kernel/printf.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/arena.h"
#include "smc/door/poke.h"
#include "smc/patch/explore/explore.h"

// Where the return address has no bit that would mean TF, NT, VM or AC: one
// of the bugs loads it into the flags.
#define BASE 0x40000000u
enum { OP_INT3 = 0xcc, OP_INTO = 0xce, BREAKPOINT = 3, OVERFLOW = 4 };

// What the handler does with an INT3 in the site.
enum { NOTHING, GO_TO_NEW, SKIP };

const struct explore_wrong explore_wrongs[] = {
    {"none", "none: the protocol by hand, as a measure for the others",
     FORM_NOP, FORM_JMP, "i12340", GO_TO_NEW, false},
    {"store", "plain store: five bytes are not stored at once", FORM_CALL_10,
     FORM_CALL_100, "01234", NOTHING, false},
    {"store_nop", "plain store over a NOP", FORM_NOP, FORM_CALL_10, "01234",
     NOTHING, false},
    {"two_nops", "two NOPs (Linux 2008): a CPU preempted between them goes on",
     FORM_TWO_NOPS, FORM_CALL_10, "i12340", NOTHING, true},
    {"call_as_nop", "CALL to CALL, skipped like a NOP (Linux 2019)",
     FORM_CALL_10, FORM_CALL_100, "i12340", SKIP, false},
    {"no_gap", "emulated PUSH without a gap: it hits the trap's own frame",
     FORM_NOP, FORM_CALL_10, "o12340", NOTHING, false},
    {"no_sync", "no sync behind INT3: as a CPU that has the old first byte",
     FORM_CALL_10, FORM_JMP, "12340", NOTHING, false},
    {"cleared", "batch cleared too early (Linux 2019): nobody's INT3",
     FORM_NOP, FORM_JMP, "i1234c0", GO_TO_NEW, false},
};
const uint32_t explore_wrong_count = sizeof explore_wrongs /
                                     sizeof *explore_wrongs;

// The change that is under way.
static struct {
    uint8_t *site;
    const struct explore_wrong *way;
    uint32_t target; // where the new instruction leads
    bool cleared;
} now;

_Noreturn void trap_abandon(const struct trap_frame *frame);

// On any CPU, in any way. INT3s elsewhere in the arena are padding: whoever
// gets there has gone astray.
static void on_int3(struct trap_frame *frame)
{
    if (frame->eip - 1 != (uint32_t)now.site || now.cleared ||
        now.way->handler == NOTHING)
        trap_abandon(frame);
    frame->eip = now.way->handler == SKIP ? (uint32_t)now.site + 5
                                          : now.target;
}

// What an INT3 handler does that thinks it can push below the interrupted
// stack: there lie the flags that IRET is to pop. esp stays where it was, so
// the function that is "called" finds its caller's return address.
static void on_into(struct trap_frame *frame)
{
    if (frame->eip - 1 != (uint32_t)now.site)
        trap_abandon(frame);
    uint32_t *stack = (uint32_t *)trap_esp(frame);
    stack[-1] = (uint32_t)now.site + 5;
    frame->eip = now.target;
}

static bool store(uint8_t *at, uint8_t byte)
{
    uint8_t before = *at;
    enum text_reason reason =
        text_write(at, &before, &byte, 1, "wrong").reason;
    return reason == TEXT_OK || reason == TEXT_SAME;
}

// One step; `label` becomes its name.
static bool step(char c, const uint8_t new[5], char *label, size_t size)
{
    if (c == 'c') {
        now.cleared = true;
        ksnprintf(label, size, "batch cleared");
        return true;
    }
    if (c == 'i' || c == 'o') {
        ksnprintf(label, size, "first byte INT%c", c == 'i' ? '3' : 'O');
        return store(now.site, c == 'i' ? OP_INT3 : OP_INTO);
    }
    unsigned n = (unsigned)(c - '0');
    ksnprintf(label, size, n ? "byte %u new" : "first byte new", n);
    return store(now.site + n, new[n]);
}

static bool take_steps(struct explore_matrix *m, const uint8_t new[5])
{
    char label[24];
    bool done = true;
    trap_set_handler(BREAKPOINT, on_int3);
    trap_set_handler(OVERFLOW, on_into);
    explore_begin(m, now.way->bug);
    for (const char *c = now.way->steps; done && *c; c++) {
        done = step(*c, new, label, sizeof label);
        explore_row(m, label);
    }
    explore_finish(m);
    trap_set_handler(BREAKPOINT, NULL);
    trap_set_handler(OVERFLOW, NULL);
    return done;
}

// What the door says to the same change, asked with the old bytes back.
static void ask_door(const uint8_t old[5], const uint8_t new[5])
{
    char why[200];
    struct text_result r = text_poke(now.site, old, new, 5, "explore");
    kprintf("  the door: %s\n", r.reason == TEXT_OK
                                    ? "done, by the protocol"
                                    : text_explain(why, sizeof why, &r));
    if (r.reason == TEXT_OK)
        text_undo(r.entry);
}

static bool in_arena(struct arena *arena, const struct explore_wrong *wrong,
                     struct explore_matrix *m)
{
    const size_t head = (size_t)(explore_site - (uint8_t *)explore_subject);
    size_t size = (size_t)(explore_subject_end - (uint8_t *)explore_subject);
    uint8_t *copy = arena_reserve(arena, size, 16), old[5], new[5];
    if (!copy ||
        arena_write(arena, copy, (const void *)explore_subject, size, "wrong")
            .reason)
        return false;
    now.site = copy + head;
    now.way = wrong;
    now.cleared = false;
    explore_form_bytes(old, (enum explore_form)wrong->old_form, copy);
    explore_form_bytes(new, (enum explore_form)wrong->new_form, copy);
    int32_t distance;
    memcpy(&distance, new + 1, sizeof distance);
    now.target = (uint32_t)now.site + 5 + (uint32_t)distance;
    uint32_t middle = (uint32_t)now.site + 2;
    const struct explore_subject subject = {
        wrong->resumed ? explore_resume : (uint32_t(*)(uint32_t))copy, middle,
        now.site, 5};
    m->subject = &subject;
    m->old_answer = explore_answers[wrong->old_form];
    m->new_answer = explore_answers[wrong->new_form];
    for (unsigned i = 0; i < 5; i++)
        if (!store(now.site + i, old[i]))
            return false;
    bool done = take_steps(m, new);
    for (unsigned i = 0; i < 5; i++)
        done &= store(now.site + i, old[i]);
    if (!m->quiet)
        ask_door(old, new);
    m->subject = NULL;
    return done;
}

bool explore_do_wrong(const struct explore_wrong *wrong,
                      struct explore_matrix *m, bool quiet)
{
    struct arena *arena = arena_create_at("explore", BASE, 4096);
    m->quiet = quiet;
    bool done = arena && in_arena(arena, wrong, m);
    arena_destroy(arena);
    return done;
}
