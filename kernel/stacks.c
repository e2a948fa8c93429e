// SPDX-License-Identifier: MIT
// Reading the stack of a thread that does not run.
//
// By its frame pointers. A function that was interrupted before it has made
// its frame, or after it has left it, has its return address where the stack
// pointer was instead, or one word above:
//
//   | return address |             | return address |
//   |                | <- esp      | ebp            | <- esp
//     before push %ebp              before mov %esp, %ebp
//
// A return address that the tracer has replaced, it keeps. [i386 ABI 3-9]
#include "kernel/gdt.h"
#include "kernel/kthread.h"
#include "kernel/layout.h"
#include "kernel/printf.h"
#include "kernel/still_inside.h"
#include "kernel/symbols.h"
#include "smc/patch/trace/back.h"

// A return address belongs to the call before it: one that is the first byte
// behind a range may be the end of a call that does not return. The first byte
// counts as inside: whoever stands there may have come from the gate, which
// has let it through. Without that, some five million calls showed two of them
// with one old and one new function.
static bool is_in(const struct look *look, uint32_t eip, bool is_return)
{
    for (uint32_t i = 0; i < look->count; i++)
        if (eip - is_return - (uint32_t)look->ranges[i].start <
            look->ranges[i].size)
            return true;
    return false;
}

static void judge(struct look *look, const struct kthread *thread,
                  uint32_t eip, bool is_return)
{
    char where[64];
    if (look->found || !is_in(look, eip, is_return))
        return;
    look->found = true;
    ksnprintf(look->why, look->size, "thread %s (#%u) is in %s", thread->name,
              thread->id, symbol_format(where, sizeof where, (void *)eip));
}

// The stack that holds `esp`; the shell's is one of two, as loaded code has
// its own, below the other.
static uint32_t top_of(const struct kthread *thread, uint32_t esp)
{
    uint32_t foreign = (uint32_t)(&foreign_stack + 1);
    if (thread->guard)
        return kthread_stack_top(thread);
    return esp < foreign && esp >= (uint32_t)&foreign_stack
               ? foreign
               : (uint32_t)boot_stack_top;
}

// Ring 3 and loaded code: nobody knows where their callers are.
static void give_up(struct look *look, const struct kthread *thread)
{
    look->found = true;
    ksnprintf(look->why, look->size,
              "the stack of thread %s (#%u) cannot be read", thread->name,
              thread->id);
}

// The stub in trap_entry.S that calls trap_dispatch has no frame: its return
// address is the sign of an interrupt. Behind it lies the call's argument, and
// then what that points to: the trap frame of what was interrupted.
static void judge_trap(struct look *look, const struct kthread *thread,
                       const struct trap_frame *trap)
{
    const uint32_t *esp = &trap->esp; // from ring 0: where the frame ends
    if (trap->cs & 3) {
        give_up(look, thread);
        return;
    }
    judge(look, thread, trap->eip, false);
    judge(look, thread, tracer_back(thread, esp), true);
    if ((uint32_t)(esp + 1) < top_of(thread, (uint32_t)esp))
        judge(look, thread, tracer_back(thread, esp + 1), true);
}

static bool is_trap_entry(const struct look *look, uint32_t back)
{
    return back - (uint32_t)look->traps < look->traps_size;
}

// Frames ascend, up to the 0 that every thread begins with. A chain that ends
// otherwise is code that keeps no frames, and says nothing about who called
// it.
void look_at_frames(struct look *look, const struct kthread *thread,
                    uint32_t ebp)
{
    uint32_t top = top_of(thread, ebp);
    while (ebp && !look->found) {
        const uint32_t *frame = (const uint32_t *)ebp;
        if (ebp % 4 || ebp + 8 > top || (frame[0] && frame[0] <= ebp)) {
            give_up(look, thread);
            return;
        }
        uint32_t back = tracer_back(thread, &frame[1]);
        judge(look, thread, back, true);
        if (is_trap_entry(look, back))
            judge_trap(look, thread, (const void *)(frame + 3));
        if (frame[0] > top) // from loaded code's stack to the boot stack
            top = top_of(thread, frame[0]);
        ebp = frame[0];
    }
}

void look_at_waiting(struct kthread *thread, void *arg)
{
    const struct kthread_frame *frame = (const void *)thread->esp;
    judge(arg, thread, frame->eip, true);
    look_at_frames(arg, thread, frame->ebp);
}

void look_at_stopped(struct look *look, const struct kthread *thread,
                     const struct trap_frame *trap)
{
    judge_trap(look, thread, trap);
    look_at_frames(look, thread, trap->ebp);
}
