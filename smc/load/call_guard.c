// SPDX-License-Identifier: MIT
// The two guards of a call: its time and its stack.
#include "smc/load/call_guard.h"
#include "boot/info.h"
#include "kernel/clock.h"
#include "kernel/paging.h"
#include "kernel/string.h"
#include "kernel/trap.h"
#include "smc/load/call.h"

// In call.S.
extern const uint8_t call_cut[];
extern uint32_t call_stack;

// A frame of a page fault is not larger; closer to the guard page than that,
// it cannot be pushed.
#define FAULT_ROOM 64u

static uint32_t started; // in ticks
static uint32_t seconds; // 0: not read yet

// Where the code was cut off, and why: from the cut to call_guard_cut.
static uint32_t cut_at;
static bool cut_by_time;
static bool edge_open; // a function of the kernel needed it

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

static void open_edge(void)
{
    const uint8_t *edge = foreign_stack.edge;

    // Mapped like the rest of the kernel until paging_init took it out.
    paging_map((uintptr_t)edge, (uintptr_t)edge - KERNEL_BASE, 1, PAGE_WRITE);
    edge_open = true;
}

static void close_edge(void)
{
    paging_unmap((uintptr_t)foreign_stack.edge, 1);
    edge_open = false;
}

static const struct image *image_of_code(uint32_t address)
{
    const struct image *image = image_of(address);
    uint32_t offset = image ? address - (uint32_t)(uintptr_t)image->base : 0;

    for (uint32_t i = 0; image && i < image->parts; i++)
        if (image->part[i].kind == PART_CODE &&
            offset - image->part[i].offset < image->part[i].size)
            return image;
    return NULL;
}

// Does a call end here, in the code of an image? A direct one has five bytes.
// Others are ff /2, with an operand of 1, 2, 3, 5 or 6.
//
//   e8 xx xx xx xx | ff d0 | ff 50 xx | ff 54 24 xx | ff 15 xx xx xx xx | ...
static bool is_return(uint32_t address)
{
    static const uint8_t indirect[] = {2, 3, 4, 6, 7};
    const struct image *image = image_of_code(address);
    const uint8_t *at = (const uint8_t *)(uintptr_t)address;

    if (!image || at - image->base < 7)
        return false;
    for (uint32_t i = 0; i < sizeof indirect; i++)
        if (at[-indirect[i]] == 0xff && (at[1 - indirect[i]] & 0x38) == 0x10)
            return true;
    return at[-5] == 0xe8;
}

// Every word of the call's stack that is a way back into an image becomes one
// to call_cut. Which of them are in use need not be known: nobody will return
// to the others, which deeper calls have left, and nobody will run on the
// image's own frames.
static uint32_t bend_returns(uint32_t esp)
{
    // A call within a call has begun on the same stack.
    uint32_t end = call_guard_on_stack(call_stack)
                       ? call_stack
                       : (uint32_t)(uintptr_t)(&foreign_stack + 1);
    uint32_t bent = 0;

    for (uint32_t at = esp & ~3u; at < end; at += 4) {
        uint32_t *word = (uint32_t *)(uintptr_t)at;
        // What is below the room has not been written yet.
        if (at >= (uintptr_t)foreign_stack.room && is_return(*word)) {
            *word = (uint32_t)(uintptr_t)call_cut;
            bent++;
        }
    }
    return bent;
}

static bool is_at(uint32_t esp, const uint8_t *page)
{
    return esp - (uintptr_t)page < PAGE_SIZE + FAULT_ROOM;
}

// The function of the kernel goes on as if there had been room.
static bool make_room(const struct trap_frame *frame)
{
    if (edge_open || bend_returns(frame->esp) == 0)
        return false;
    open_edge();
    return true;
}

// From the double-fault task.
static bool overflow(struct trap_frame *frame)
{
    const uint8_t *page = edge_open ? foreign_stack.guard : foreign_stack.edge;

    if (!call_owner() || !is_at(frame->esp, page))
        return false;
    cut_at = frame->eip;
    cut_by_time = false;
    // It may have been the clock that found no room.
    irq_end_lost();
    if (!image_of(frame->eip))
        return make_room(frame);
    frame->eip = (uint32_t)(uintptr_t)call_cut;
    frame->esp = (uint32_t)(uintptr_t)(&foreign_stack + 1); // till call_cut
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
    // The call may have ended elsewhere than by call_cut.
    if (edge_open)
        __asm__ volatile("clts");
    // Whoever needed it is done, unless it is a call within a call that has
    // begun down there.
    if (edge_open &&
        (uintptr_t)__builtin_frame_address(0) >= (uintptr_t)foreign_stack.room)
        close_edge();
    if (!outer)
        clock_set_hook(NULL);
}

bool call_guard_on_stack(uint32_t address)
{
    return address - (uint32_t)(uintptr_t)foreign_stack.reserve <
           sizeof foreign_stack - PAGE_SIZE;
}

_Noreturn void call_guard_cut(void)
{
    if (cut_by_time)
        call_end(cut_at, "it ran for %u s and was ended", seconds);
    call_end(cut_at, "stack overflow: its %u KiB are used up",
             (uint32_t)sizeof foreign_stack.room / 1024);
}
