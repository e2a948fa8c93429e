// SPDX-License-Identifier: MIT
// The life of a once-only block: armed, running, done.
//
// The slow path (jump taken) stays correct for ever, whatever happens to the
// patch: a refusal costs speed only. [Linux lib/once.c; SDM2 NOP]
#include "smc/patch/once/once.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/string.h"
#include "smc/door/poke.h"
#include "smc/patch/alternative/lock.h"
#include <stddef.h>

enum { JMP_REL8 = 0xeb, JMP_REL32 = 0xe9, LONGEST_SITE = 5 };

// The jump that the assembler made for this site; returns its length. The
// distance counts from the end of the instruction, to either side:
//
//   site      end                          target
//   | eb | xx |  ...  xx bytes  ...       | block
//
// Made anew and not copied at boot: it is what the door is told to expect, so
// a site that was changed by anybody else is refused, not overwritten.
static size_t make_jump(const struct once_site *s, uint8_t *bytes)
{
    size_t len = (size_t)(s->end - s->site);
    int32_t distance = (int32_t)(s->target - s->end);
    bytes[0] = len == 2 ? JMP_REL8 : JMP_REL32;
    memcpy(bytes + 1, &distance, len - 1); // little endian: rel8 is byte 0
    return len;
}

// The bytes decide, not a flag of ours: a flag would be wrong after an `undo`
// from the shell. cpu.long_nop is false until cpu_probe_traps, which boot
// calls right after door_init: a block that completed between the two would
// get the LEA, and this would look for the long NOP ever after.
static bool is_nop(const struct once_site *s)
{
    size_t len = (size_t)(s->end - s->site);
    return memcmp(s->site, poke_nop(len), len) == 0;
}

static bool is_jump(const struct once_site *s)
{
    uint8_t jump[LONGEST_SITE];
    size_t len = make_jump(s, jump);
    return memcmp(s->site, jump, len) == 0;
}

// With other CPUs online the site may be executed at this moment: a poke.
// Alone a plain write will do, and can be made in a handler: text_patch.
//
// Both directions name what they expect, so each is refused over bytes that
// are neither the jump nor the NOP. Sites that are as wanted never get here:
// the door would call them a mismatch. What a stuck CPU keeps from its end is
// in effect all the same.
static enum text_reason patch(const struct once_site *s, bool to_nop)
{
    uint8_t jump[LONGEST_SITE];
    size_t len = make_jump(s, jump);
    const uint8_t *nop = poke_nop(len);
    enum text_reason reason = text_patch(s->site, to_nop ? jump : nop,
                                         to_nop ? nop : jump, len, "once")
                                  .reason;
    return reason == TEXT_UNFINISHED ? TEXT_OK : reason;
}

// Patches all sites of a block; a refusal is remembered, not fatal, and the
// last one counts. Each site is right by itself either way, so half a block
// patched is no state to be afraid of: those that jump ask once_enter.
static bool patch_all(struct once *once, bool to_nop)
{
    once->refused = TEXT_OK;
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once == once && !(to_nop ? is_nop(s) : is_jump(s))) {
            enum text_reason reason = patch(s, to_nop);
            if (reason != TEXT_OK)
                once->refused = (uint8_t)reason;
        }
    return once->refused == TEXT_OK;
}

// A poke needs interrupts on, and the block may have run in a handler. Then
// the next pass that comes by the jump and has them on makes up for it; others
// that come meanwhile pass by, as they do while the block runs.
static void try_again(struct once *once)
{
    bool put_off = once->refused == TEXT_INTERRUPTS ||
                   once->refused == TEXT_BUSY || once->refused == TEXT_STUCK;
    if (!put_off || !(read_eflags() & EFLAGS_IF) ||
        !atomic_replace(&once->state, ONCE_DONE, ONCE_COMPLETE))
        return;
    patch_all(once, true);
    once->state = ONCE_DONE;
}

// Test and set in one piece, for other CPUs as well: two that find it armed
// would run the block twice. Interrupts are off until the frame is noted: a
// fault in a handler would take the block for one that it may arm again.
//
// The frame is this function's own. It lies just below the one of the function
// that has the block, and that is all once_unwind wants to know.
struct once *once_enter(struct once *once)
{
    bool on = interrupts_off();
    bool enter = atomic_replace(&once->state, ONCE_ARMED, ONCE_RUNNING);
    if (enter) {
        once->frame = __builtin_frame_address(0);
        once->thread = kthread_current();
        once->tries++;
    }
    interrupts_restore(on);
    if (!enter && once->state == ONCE_DONE)
        try_again(once);
    return enter ? once : NULL;
}

// Called by the compiler on every way out of the block, also by those who were
// sent away by once_enter: for them the guard is NULL.
void once_leave(struct once **guard)
{
    struct once *once = *guard;
    if (!once)
        return;
    if (once->state != ONCE_COMPLETE) {
        once->state = ONCE_ARMED; // left early: it failed
        return;
    }
    // DONE before the patch, which is nothing but speed then: a refusal, a
    // shut door or an interrupt in between leaves a jump taken in vain.
    once->state = ONCE_DONE;
    if (door_is_open())
        patch_all(once, true);
}

//   higher  main ...
//           trap_try          <- limit; all below is thrown away
//           the block's function
//           once_enter        <- frame, noted when the block began
//   lower   the fault
//
// A block above the limit called trap_try itself; it goes on after the catch.
// Without this, a caught fault would leave its block RUNNING for ever: nobody
// runs it again and nobody patches it. Blocks of other threads run on: where
// their stacks lie says nothing.
void once_unwind(const void *limit)
{
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once->state == ONCE_RUNNING && s->once->frame < limit &&
            s->once->thread == kthread_current())
            s->once->state = ONCE_ARMED;
}

// By the bytes again: a block with several sites comes by several times, and
// the first time patches them all.
void once_open(void)
{
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once->state == ONCE_DONE && !is_nop(s))
            patch_all(s->once, true);
}

// The jumps first, the state last: armed behind a NOP is the one combination
// that must not be. Armed too early, it would be met by an interrupt.
bool once_rearm(struct once *once)
{
    if (!patch_all(once, false))
        return false;
    once->state = ONCE_ARMED;
    return true;
}

// A block without any site (all dropped by the compiler) is not patched.
bool once_is_patched(const struct once *once)
{
    bool any = false;
    for (const struct once_site *s = once_sites_start; s < once_sites_end; s++)
        if (s->once == once) {
            any = true;
            if (!is_nop(s))
                return false;
        }
    return any;
}
