// SPDX-License-Identifier: MIT
// What happens at a traced call and at its return.
//
// A call is counted, noted in the CPU's ring and, if it is timed, its return
// address is replaced: the function returns to tracer_return, and the address
// waits on a stack of the thread's own. Linux calls this a shadow stack too
// (ftrace_ret_stack).
//
//   the thread's stack                 its tracer_stack
//   | arguments      |
//   | tracer_return  | <---- slot      | slot | back | function | entered |
//   | ebp            |                 | ...  |      |          |         |
//   | ...            |
//
// A return looks for its slot from the top. Frames above it belong to calls
// that have ended without returning; they are dropped.
#include "kernel/cpu.h"
#include "kernel/layout.h"
#include "kernel/panic.h"
#include "smc/patch/trace/back.h"
#include "smc/patch/trace/tracer_here.h"

struct tracer_cpu tracer_cpus[TRACER_CPUS];
uint8_t **tracer_entries;
uint32_t tracer_count;
uint16_t *tracer_first;
volatile bool tracer_timing = true, tracer_frozen;

// Some ten instructions: 256 bytes of text hold few entries.
uint32_t tracer_index(const uint8_t *entry)
{
    uint32_t i = tracer_first[(uint32_t)(entry - text_start) / 256];
    while (tracer_entries[i] != entry)
        i++;
    return i;
}

static void note(struct tracer_cpu *here, enum tracer_kind kind,
                 const struct tracer_frame *frame, const struct kthread *me,
                 uint64_t now)
{
    if (tracer_frozen)
        return;
    struct tracer_event *e = &here->ring[here->events++ % TRACER_RING];
    *e = (struct tracer_event){
        .tsc = now,
        .ticks = kind == TRACER_RETURN ? (uint32_t)(now - frame->entered) : 0,
        .thread = me->id,
        .function = (uint16_t)frame->function,
        .kind = (uint8_t)kind,
        .depth = (uint8_t)me->timed.depth,
    };
}

// Only what returns into kernel text is timed. Loaded code may do with its
// stack what it likes, and the functions it calls may ask where they return.
//
// A frame with the same slot is either that of a function that has jumped to
// this one, and then its return is still to come, or a leftover.
static void push(struct tracer_cpu *here, struct tracer_stack *stack,
                 const struct tracer_frame *frame)
{
    uint32_t depth = stack->depth;
    const uint8_t *back = (const uint8_t *)frame->back;
    if (back < text_start || back >= text_end)
        return;
    while (depth && stack->frames[depth - 1].slot == frame->slot &&
           frame->back != (uint32_t)tracer_return) {
        depth--;
        here->lost++;
    }
    if (depth == TRACER_DEPTH) {
        here->untimed++;
        return;
    }
    stack->frames[depth] = *frame;
    stack->depth = depth + 1;
    *frame->slot = (uint32_t)tracer_return;
}

// `busy` is for NMIs and debug traps, which come in spite of CLI: what their
// handlers call in the middle of this is not counted, but counted as missed.
void tracer_enter(uint32_t after_call, uint32_t *slot)
{
    struct tracer_cpu *here = tracer_here();
    struct kthread *me = tracer_thread(here);
    if (!me)
        return;
    if (here->busy) {
        here->missed++;
        return;
    }
    here->busy = true;
    const uint8_t *entry = (const uint8_t *)after_call - 5;
    struct tracer_frame frame = {.slot = slot,
                                 .back = *slot,
                                 .function = tracer_index(entry),
                                 .entered = rdtsc()};
    here->calls[frame.function]++;
    note(here, TRACER_CALL, &frame, me, frame.entered);
    if (tracer_timing)
        push(here, &me->timed, &frame);
    here->busy = false;
}

// A function that returns a structure pops the pointer to it, which lies above
// the return address: it comes back one word higher than it was called.
// [i386 ABI 3-14]
static bool is_slot(const struct tracer_frame *frame, const uint32_t *slot)
{
    return frame->slot == slot || frame->slot + 1 == slot;
}

void tracer_leave(uint32_t *slot)
{
    struct tracer_cpu *here = tracer_here();
    struct kthread *me = tracer_thread(here);
    struct tracer_stack *stack = &me->timed;
    uint32_t depth = stack->depth;
    uint64_t now = rdtsc();
    here->busy = true;
    while (depth && !is_slot(&stack->frames[depth - 1], slot)) {
        depth--;
        here->lost++;
    }
    if (!depth)
        panic("tracer: a return at %p that no call belongs to", slot);
    const struct tracer_frame *frame = &stack->frames[depth - 1];
    *slot = frame->back;
    here->ticks[frame->function] += now - frame->entered;
    stack->depth = depth - 1;
    note(here, TRACER_RETURN, frame, me, now);
    here->busy = false;
}

uint32_t tracer_back(const struct kthread *thread, const uint32_t *slot)
{
    const struct tracer_stack *stack = &thread->timed;
    for (uint32_t i = stack->depth; i-- > 0;)
        if (*slot == (uint32_t)tracer_return && stack->frames[i].slot == slot)
            return stack->frames[i].back;
    return *slot;
}

uint32_t tracer_mark(const struct kthread *me)
{
    return me->timed.depth;
}

// What is thrown away was the thread's newest, so nothing else can push here
// but a handler, and that leaves the depth as it was.
void tracer_unwind(struct kthread *me, uint32_t mark)
{
    bool on = interrupts_off();
    struct tracer_cpu *here = tracer_here();
    if (here && me->timed.depth > mark)
        here->lost += me->timed.depth - mark;
    me->timed.depth = mark;
    interrupts_restore(on);
}
