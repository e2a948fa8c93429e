// SPDX-License-Identifier: MIT
// Replacing whole functions of a kernel that runs.
//
//     static const struct livepatch_change fixes[] = {
//         {average, average_fixed},
//     };
//     LIVEPATCH(average, "the mean of two large readings", fixes);
//
// The entry's NOP becomes a jump to the replacement. Which bytes run is the
// smaller half of the question; the larger is *when*: a thread that sits in
// the old function, or will return into it, must not meet its new companions.
// So all functions of a patch are switched at once, at a moment when no thread
// has any of them on its stack. kpatch did it so; Linux's livepatch switches
// thread by thread.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// `old` must not be inlined anywhere: the copies would stay as they are. The
// replacement has the same arguments and result.
struct livepatch_change {
    const void *old, *replacement;
};

enum { LIVEPATCH_MOST = 16 }; // functions of one patch

struct livepatch {
    const char *name, *summary;
    const struct livepatch_change *changes;
    uint32_t count;
    // The rest is livepatch.c's own.
    uint32_t order;                // 0: off; else when it was turned on
    volatile uint8_t active;       // what the gates ask
    uint32_t waits;                // looks at all stacks that were too early
    struct arena *gates;           // one per function
    struct livepatch_under *under; // what stood at each entry before
};

#define LIVEPATCH(id, summary_, changes_)                             \
    static struct livepatch livepatch_of_##id = {                     \
        .name = #id,                                                  \
        .summary = summary_,                                          \
        .changes = changes_,                                          \
        .count = sizeof(changes_) / sizeof((changes_)[0])};           \
    static struct livepatch *const livepatch_ptr_##id __attribute__(( \
        used, section(".registry.livepatches." #id))) = &livepatch_of_##id

// Turns a patch on or off: all of its functions, or none. False, and in words
// why not, if it cannot be done, or if for `limit_us` some thread always has
// one of the functions on its stack. Interrupts are on. Not from several
// threads at once.
bool livepatch_on(struct livepatch *patch, uint32_t limit_us, char *why,
                  size_t size);
bool livepatch_off(struct livepatch *patch, uint32_t limit_us, char *why,
                   size_t size);

enum { LIVEPATCH_LIMIT_US = 1000000 };

// By name, or NULL; and all of them, from 0 on.
struct livepatch *livepatch_find(const char *name);
struct livepatch *livepatch_at(uint32_t index);
