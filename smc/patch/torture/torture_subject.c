// SPDX-License-Identifier: MIT
// The subjects: each form of each site has an answer of its own.
#include "smc/patch/torture/torture_subject.h"
#include "kernel/string.h"

DEFINE_STATIC_KEY_FALSE(torture_key);
DEFINE_STATIC_CALL(torture, torture_one);

__attribute__((noinline)) uint32_t torture_unlikely(void)
{
    if (static_branch_unlikely(&torture_key))
        return 2;
    return 1;
}

__attribute__((noinline)) uint32_t torture_likely(void)
{
    if (static_branch_likely(&torture_key))
        return 2;
    return 1;
}

__attribute__((noinline)) uint32_t torture_one(void)
{
    return 10;
}

__attribute__((noinline)) uint32_t torture_two(void)
{
    return 20;
}

// The addition keeps the compiler from making it a jump.
__attribute__((noinline)) uint32_t torture_caller(void)
{
    return static_call(torture)() + 1;
}

static __attribute__((noinline)) uint32_t by_tail(void)
{
    return static_call(torture)();
}

__attribute__((noinline)) uint32_t torture_jumper(void)
{
    return by_tail() + 1;
}

__attribute__((noinline)) uint32_t torture_traced(void)
{
    __asm__ volatile("");
    return 30;
}

__attribute__((noinline)) uint32_t torture_patched(void)
{
    __asm__ volatile("");
    return 40;
}

__attribute__((noinline)) uint32_t torture_patch(void)
{
    __asm__ volatile("");
    return 41;
}

volatile uint32_t torture_once_runs;

__attribute__((noinline)) uint32_t torture_once(void)
{
    ONCE (lab_torture)
        __atomic_add_fetch(&torture_once_runs, 1, __ATOMIC_SEQ_CST);
    return 50;
}

struct once *torture_once_block(void)
{
    const struct once_site *s = once_sites_start;
    while (s < once_sites_end && strcmp(s->once->name, "lab_torture") != 0)
        s++;
    return s->once;
}
