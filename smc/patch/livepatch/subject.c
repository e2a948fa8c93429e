// SPDX-License-Identifier: MIT
// What the lab replaces: a bug, a pair that must change together, a function
// that somebody sits in, and one that is too short.
#include "smc/patch/livepatch/subject.h"
#include "kernel/kthread.h"
#include "smc/patch/livepatch/livepatch.h"
#include "smc/patch/trace/back.h"

// A function that may be replaced is neither inlined nor cloned.
#ifdef __clang__
#define SUBJECT __attribute__((noinline))
#else
#define SUBJECT __attribute__((noipa))
#endif

// 3 000 000 000 + 3 000 000 010 is 1 705 032 714 in 32 bits. The same bug sat
// in the binary search of Java's library for nine years.
SUBJECT uint32_t livepatch_mean(uint32_t a, uint32_t b)
{
    return (a + b) / 2;
}

SUBJECT notrace uint32_t livepatch_mean_other(uint32_t a, uint32_t b)
{
    return (a + b) / 2;
}

SUBJECT uint32_t livepatch_mean_fixed(uint32_t a, uint32_t b)
{
    return a + (b - a) / 2;
}

SUBJECT uint32_t livepatch_mean_up(uint32_t a, uint32_t b)
{
    return a + (b - a + 1) / 2;
}

static const struct livepatch_change mean[] = {
    {livepatch_mean, livepatch_mean_fixed},
};
LIVEPATCH(mean, "the mean of two large readings", mean);

static const struct livepatch_change mean_up[] = {
    {livepatch_mean, livepatch_mean_up},
};
LIVEPATCH(mean_up, "the same, rounded up: lies over the first", mean_up);

// Readings of a place where the bug shows, and of one where it does not.
SUBJECT void livepatch_meter(void *arg)
{
    struct livepatch_meter *meter = arg;
    while (!kthread_should_stop()) {
        uint32_t low = meter->samples % 2 ? 3000000000u : 1000;
        meter->last = livepatch_mean(low, low + 10);
        meter->wrong += meter->last != low + 5;
        meter->samples++;
        kthread_yield();
    }
}

SUBJECT uint32_t livepatch_inner(uint32_t n)
{
    return n + 1;
}

SUBJECT uint32_t livepatch_outer(uint32_t n)
{
    kthread_yield();
    uint32_t result = livepatch_inner(n);
    kthread_yield();
    return result;
}

static SUBJECT uint32_t inner_in_tenths(uint32_t tenths)
{
    return tenths + 10;
}

// Called under the old name: by then that leads to the new function.
static SUBJECT uint32_t outer_in_tenths(uint32_t n)
{
    kthread_yield();
    uint32_t result = livepatch_inner(10 * n) / 10;
    kthread_yield();
    return result;
}

static const struct livepatch_change units[] = {
    {livepatch_outer, outer_in_tenths},
    {livepatch_inner, inner_in_tenths},
};
LIVEPATCH(units, "two functions and the unit between them", units);

SUBJECT uint32_t livepatch_sit(volatile uint32_t *release)
{
    while (!*release)
        kthread_yield();
    return 1;
}

static SUBJECT uint32_t stand(volatile uint32_t *release)
{
    (void)release;
    return 2;
}

static const struct livepatch_change sit[] = {
    {livepatch_sit, stand},
};
LIVEPATCH(sit, "a function that somebody may sit in", sit);

// Assembled, so that they lie one behind the other without a gap.
__asm__(".text\n\t"
        ".globl livepatch_short, livepatch_neighbour\n\t"
        ".type livepatch_short, @function\n"
        "livepatch_short:\n\t"
        "ret\n\t"
        ".type livepatch_neighbour, @function\n"
        "livepatch_neighbour:\n\t"
        "mov $7, %eax\n\t"
        "ret");

static const struct livepatch_change too_short[] = {
    {livepatch_short, stand},
};
LIVEPATCH(too_short, "one byte: refused", too_short);
