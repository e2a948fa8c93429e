// SPDX-License-Identifier: MIT
// The two guards of a call: its time and its stack.
#include "smc/load/call_guard.h"
#include "boot/info.h"
#include "kernel/clock.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/load/call.h"

// In call.S.
extern const uint8_t call_cut[];

// A frame of a page fault is not larger; closer to the guard page than that,
// it cannot be pushed.
#define FAULT_ROOM 64u

static uint32_t started; // in ticks
static uint32_t seconds; // 0: not read yet

// Where the code was cut off, and why: from the cut to call_guard_cut.
static uint32_t cut_at;
static bool cut_by_time;

static uint32_t patience(void)
{
    char word[8];

    if (seconds)
        return seconds;
    if (!boot_word("patience", word, sizeof word) ||
        !parse_u32(word, &seconds) || seconds == 0)
        seconds = CALL_SECONDS;
    return seconds;
}

// From interrupt context. The handler returns as usual, so that the interrupt
// is ended and irq_depth is right; only then the machine is somewhere else.
static void tick(struct trap_frame *frame)
{
    if ((clock_ticks() - started) / CLOCK_HZ < patience() ||
        !image_of(frame->eip))
        return;
    cut_at = frame->eip;
    cut_by_time = true;
    frame->eip = (uint32_t)(uintptr_t)call_cut;
    frame->ds = frame->es = GDT_DATA;
}

// From the double-fault task.
static bool overflow(struct trap_frame *frame)
{
    uint32_t guard = (uint32_t)(uintptr_t)foreign_stack.guard;

    if (!call_owner() || frame->esp - guard >= PAGE_SIZE + FAULT_ROOM ||
        !image_of(frame->eip))
        return false;
    cut_at = frame->eip;
    cut_by_time = false;
    frame->eip = (uint32_t)(uintptr_t)call_cut;
    frame->esp = (uint32_t)(uintptr_t)(&foreign_stack + 1); // till call_cut
    // It may have been the clock that found no room.
    irq_end_lost();
    return true;
}

void call_guard_begin(const struct call *outer)
{
    if (outer)
        return;
    started = clock_ticks();
    gdt_on_overflow(overflow);
    clock_set_hook(tick);
}

void call_guard_end(const struct call *outer)
{
    if (!outer)
        clock_set_hook(NULL);
}

bool call_guard_on_stack(uint32_t address)
{
    return address - (uint32_t)(uintptr_t)foreign_stack.room <
           sizeof foreign_stack.room;
}

_Noreturn void call_guard_cut(void)
{
    if (cut_by_time)
        call_end(cut_at, "it ran for %u s and was ended", seconds);
    call_end(cut_at, "stack overflow: its %u KiB are used up",
             (uint32_t)sizeof foreign_stack.room / 1024);
}
