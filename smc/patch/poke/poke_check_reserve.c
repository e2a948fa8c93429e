// SPDX-License-Identifier: MIT
// Suite `poke_refuse`, continued: owners that come and go in the middle of a
// poke. The trap flag stops after each of its instructions, and wherever
// another thread could come in, one does, at every second place or so: the
// table of owners moves by a line.
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/door/journal.h"
#include "smc/door/lock.h"
#include "smc/patch/poke/poke_check.h"

enum { PASSES = 20 };

static uint32_t moves, seed;

static void on_each_step(struct trap_frame *frame)
{
    uint8_t *below = layout_at(poke_five_site, -1);
    seed = seed * 1664525u + 1013904223u;
    if (!(frame->eflags & EFLAGS_IF) || seed >> 31)
        return;
    if (moves++ % 2)
        text_release(below, 1, "neighbour");
    else
        text_reserve(below, 1, "neighbour");
}

static struct text_result stepped_poke(const uint8_t *bytes)
{
    moves = 0;
    trap_set_handler(1, on_each_step);
    __asm__ volatile("pushf; orl %0, (%%esp); popf"
                     :
                     : "i"(EFLAGS_TF)
                     : "memory", "cc");
    struct text_result r = poke_over(poke_five_site, bytes, 5);
    __asm__ volatile("pushf; andl %0, (%%esp); popf"
                     :
                     : "i"(~EFLAGS_TF)
                     : "memory", "cc");
    trap_set_handler(1, NULL);
    text_release(layout_at(poke_five_site, -1), 1, "neighbour");
    return r;
}

// What a first poke and a full journal do would be stepped through, too, and
// takes a million instructions.
static bool prepare(const uint8_t *bytes)
{
    bool done = poke_over(poke_five_site, bytes, 5).reason == TEXT_OK;
    bool on = door_lock();
    bool room = journal_make_room(16);
    door_unlock(on);
    return done && room;
}

// A search without the lock ended one line beside, at the neighbour's, who
// then was the owner. The torture had found it: one poke of ten thousand was
// refused.
enum check_result poke_check_owners_move(void)
{
    uint8_t jmp[POKE_MAX], nop[POKE_MAX];
    char words[128];
    if (!cpu.trap_flag) {
        judged("the trap flag does not work here");
        return CHECK_SKIP;
    }
    memcpy(nop, poke_five_site, 5);
    poke_branch(jmp, 0xe9, poke_five_site, poke_five_end);
    struct text_result r = {0};
    uint32_t pass = 0, most = 0;
    for (seed = 1; pass < PASSES && r.reason == TEXT_OK; pass++) {
        bool done = prepare(jmp);
        r = stepped_poke(nop);
        most = done && moves > most ? moves : most;
    }
    judged("a neighbour came or went up to %u times in a poke; poke %u: %s",
           most, pass, text_explain(words, sizeof words, &r));
    if (r.reason != TEXT_OK)
        poke_over(poke_five_site, nop, 5);
    return verdict(most > 100 && r.reason == TEXT_OK);
}
