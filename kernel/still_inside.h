// SPDX-License-Identifier: MIT
// Between still.c, which stops all CPUs, and stacks.c, which reads stacks.
#pragma once
#include "kernel/still.h"

struct kthread;
struct trap_frame;

struct look {
    const struct still_range *ranges;
    uint32_t count;
    const uint8_t *traps; // the stub that calls trap_dispatch
    uint32_t traps_size;
    bool found; // somebody is in the way, and `why` tells who
    char *why;
    size_t size;
};

// A thread that waits for its turn, for kthread_each: `arg` is the look.
void look_at_waiting(struct kthread *thread, void *arg);

// A thread that an interrupt has stopped.
void look_at_stopped(struct look *look, const struct kthread *thread,
                     const struct trap_frame *trap);

// The thread that looks, from the frame at `ebp` on.
void look_at_frames(struct look *look, const struct kthread *thread,
                    uint32_t ebp);
